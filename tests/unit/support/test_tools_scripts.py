"""The scripts of tools/ say what is wrong before they begin."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.toolchain import SCRIPTS


def run(tmp_path: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", SCRIPTS / command[0], *command[1:]],
        env={
            "HOME": str(tmp_path),
            "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
            "OPSDECL_TOOLS": str(tmp_path / "tools"),
            "OPSDECL_CLUSTERS": str(tmp_path / "clusters"),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


def program(tmp_path: Path, name: str, says: str) -> None:
    path = tmp_path / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


def test_an_old_go_is_refused(tmp_path: Path) -> None:
    program(tmp_path, "go", "go1.21.3")
    done = run(tmp_path, "build.sh", "etcd")
    assert done.returncode == 1
    assert "Go is 1.21.3, the modules need 1.26.0 or newer" in done.stderr


def test_too_little_disk_is_refused(tmp_path: Path) -> None:
    program(tmp_path, "go", "go1.99.0")
    done = run(tmp_path, "build.sh", "etcd", SPACE_NEEDED_MB="999999999")
    assert done.returncode == 1
    assert "MB of free disk, 999999999 MB are needed" in done.stderr


def test_a_build_that_fails_says_so_and_is_not_taken_for_done(tmp_path: Path) -> None:
    program(tmp_path, "go", "go1.99.0")  # builds nothing
    assert run(tmp_path, "build.sh", "etcd").returncode != 0
    assert run(tmp_path, "build.sh", "--check", "etcd").stdout == "etcd: missing\n"


@pytest.mark.parametrize(("version", "taken"), [("3.7.3", True), ("3.7.2", False), ("3.7.30", False)])
def test_a_program_on_path_is_taken_in_the_pinned_version(tmp_path: Path, version: str, taken: bool) -> None:
    program(tmp_path, "go", "go1.21.3")
    program(tmp_path, "etcd", f"etcd Version: {version}")
    done = run(tmp_path, "build.sh", "etcd")
    assert (done.returncode == 0) is taken, done.stderr
    assert (tmp_path / "tools/k8s/etcd").is_symlink() is taken
    assert run(tmp_path, "build.sh", "--check", "etcd").returncode == (0 if taken else 1)


def test_a_cluster_without_tools_names_what_is_missing(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster.sh", "up", "a")
    assert done.returncode == 1
    assert "no etcd in" in done.stderr
    assert "run 'make tools'" in done.stderr
    assert run(tmp_path, "cluster.sh", "list").stdout == ""


@pytest.mark.parametrize("arguments", [(), ("up",), ("up", "a", "b"), ("sideways", "a"), ("list", "a")])
def test_wrong_usage_shows_the_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = run(tmp_path, "cluster.sh", *arguments)
    assert done.returncode == 64
    assert "cluster.sh up NAME" in done.stderr


@pytest.mark.parametrize("name", ["../a", "A", "a/b", "-a", "a" * 33])
def test_a_name_is_a_label(tmp_path: Path, name: str) -> None:
    assert "must be a short DNS label" in run(tmp_path, "cluster.sh", "down", name).stderr


def test_an_unknown_crd_is_named(tmp_path: Path) -> None:
    assert "no nonsense in crds.tsv" in run(tmp_path, "crds.sh", "fetch", "nonsense").stderr


def test_nothing_is_removed_by_a_name_that_may_be_empty() -> None:
    """An unset name in `rm -rf "$folder/$name"` takes the whole folder: each must be `${name:?}`."""
    removals = [line for path in SCRIPTS.glob("*.sh") for line in path.read_text().splitlines() if "rm -r" in line]
    assert removals
    assert [line for line in removals if re.search(r"\$(?!\{\w+:\?\})", line)] == []


def test_unknown_crds_leave_the_others_alone(tmp_path: Path) -> None:
    others = tmp_path / "tools" / "crds" / "keda" / "kept.yaml"
    others.parent.mkdir(parents=True)
    others.write_text("")
    for name in ("", ".", "..", "nonsense"):
        assert run(tmp_path, "crds.sh", "fetch", name).returncode != 0, name
    assert others.exists()
