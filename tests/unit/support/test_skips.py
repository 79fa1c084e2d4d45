"""What was not run is said at the end of a run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.toolchain import CONTROL_PLANE, REQUIRED_VARIABLE, require

SOURCE = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_engines(number):
    pytest.skip("no engine here")

@pytest.mark.skip(reason="not today")
def test_other(): ...

def test_runs(): ...
"""


def test_reasons_are_counted_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(SOURCE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.skips", "-p", "no:cacheprovider"]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [*command, tmp_path], cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, timeout=60
    )
    assert "3 tests NOT RUN: no engine here\n1 test NOT RUN: not today" in done.stdout


def test_missing_tools_skip_and_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSDECL_TOOLS", str(tmp_path))
    monkeypatch.delenv(REQUIRED_VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no etcd, .* in .*: run `make tools`"):
        require(*CONTROL_PLANE)


def test_missing_tools_fail_where_they_are_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSDECL_TOOLS", str(tmp_path))
    monkeypatch.setenv(REQUIRED_VARIABLE, "1")
    with pytest.raises(pytest.fail.Exception, match="OPSDECL_TOOLS_REQUIRED is set: no etcd"):
        require(*CONTROL_PLANE)
