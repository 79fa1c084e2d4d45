"""`doctor --install-pulumi`: what the SDK's installer is asked for, and what is said where it fails."""

import os
from importlib.metadata import version
from pathlib import Path

import pytest
from pulumi.automation import _cmd

from opsdecl.targets.pulumi.installation import find_pulumi
from tests.support.project import opsdecl_here

PLUGIN = version("pulumi-kubernetes")
INSTALLER = """#!/bin/sh
echo "$@" > {log}
while [ $# -gt 0 ]; do
  case $1 in --install-root) root=$2; shift ;; --version) version=$2; shift ;; esac
  shift
done
mkdir -p "$root/bin"
printf '#!/bin/sh\\n[ "$1" = version ] && echo v%s || echo "$@" >> {log}\\n' "$version" > "$root/bin/pulumi"
chmod +x "$root/bin/pulumi"
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Pulumi."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("OPSDECL_TOOLS", str(tmp_path / "nothing"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def served(monkeypatch: pytest.MonkeyPatch, script: str) -> list[str]:
    """Stands in for Pulumi's host; the addresses that were asked for."""
    asked: list[str] = []

    def download(url: str, path: str) -> None:
        asked.append(url)
        Path(path).write_text(script)

    monkeypatch.setattr(_cmd, "_download_to_file", download)
    return asked


def test_it_is_installed_where_it_is_looked_for(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    asked = served(monkeypatch, INSTALLER.format(log=log))
    done = opsdecl_here(tmp_path, "doctor", "--install-pulumi")
    assert f"Pulumi {version('pulumi')} in {home}/bin/pulumi" in done.out, done.all
    assert find_pulumi().program == home / "bin/pulumi"
    lines = log.read_text().splitlines()
    assert lines[0] == f"--no-edit-path --install-root {home} --version {version('pulumi')}"
    assert lines[1].endswith(f"plugin install resource kubernetes v{PLUGIN}")
    opsdecl_here(tmp_path, "doctor", "--install-pulumi")
    assert asked == ["https://get.pulumi.com/install.sh"]


def test_an_installer_that_fails_is_quoted(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served(monkeypatch, "#!/bin/sh\necho 'error: Cannot download Pulumi' >&2\nexit 1\n")
    done = opsdecl_here(tmp_path, "doctor", "--install-pulumi")
    assert done.code == 1
    assert "error[OD692]" in done.err
    assert "error: Cannot download Pulumi" in done.err
    assert not (home / "bin").exists()


def test_without_a_network_the_cause_and_a_way_out_are_said(home: Path, tmp_path: Path) -> None:
    done = opsdecl_here(tmp_path, "doctor", "--install-pulumi")
    assert done.code == 1
    assert "error[OD692]" in done.err
    assert "put a Pulumi that you installed by hand on the PATH" in done.err
    assert "Traceback" not in done.all


def test_a_folder_that_cannot_be_written(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write_text("a file")
    served(monkeypatch, INSTALLER.format(log=os.devnull))
    done = opsdecl_here(tmp_path, "doctor", "--install-pulumi")
    assert done.code == 1
    assert "error[OD692]" in done.err
