"""`make demo`: it works on a machine that knows nobody, leaves nothing behind, and notices what is wrong."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import ROOT
from tools import demo

DEMO = ROOT / "tools/demo.py"


@pytest.mark.slow
def test_the_demo_shows_the_whole_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    scratch, home = tmp_path / "scratch", tmp_path / "home"
    scratch.mkdir()
    home.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(scratch), "GIT_DIR": "/nowhere"}
    ran = subprocess.run([sys.executable, str(DEMO)], env=env, cwd=tmp_path, capture_output=True, check=False)
    out = ran.stdout.decode()
    assert (ran.returncode, ran.stderr.decode()) == (0, ""), out
    for said in (
        "valid: ",
        "40 created",
        "prod is up to date",
        "engine.maxModelLen  32768 → 24576",
        "needs approval: ml-leads",
        "prod: 3 updated",
        "spec.maxReplicas  4 → 12",
        "no drift",
        "dev: 30 deleted",
    ):
        assert said in out
    assert "\x1b[" not in out
    assert [*scratch.iterdir(), *home.iterdir()] == []


def test_a_demo_that_goes_wrong_says_where_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(ROOT / "environments", tmp_path / "environments")
    shutil.copy(ROOT / "opsdecl.lock", tmp_path)
    policies = tmp_path / "environments/base/policies.yaml"
    policies.write_text(policies.read_text("utf-8").replace("'team-'", "'group-'"), "utf-8")
    real = demo.environment
    monkeypatch.setattr(demo, "environment", lambda given: {**real(given), "PYTHONPATH": str(ROOT)})
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    assert demo.main() == 1
    said = capsys.readouterr()
    assert "`opsdecl validate` ended with status 3; expected was status 0" in said.err
    assert "opsdecl plan" not in said.out


@pytest.mark.parametrize(("status", "says"), [(0, ""), (2, "Ana"), (1, "nobody")])
def test_each_line_is_checked(tmp_path: Path, status: int, says: str) -> None:
    stage = demo.Stage(tmp_path, color=False)
    stage.ours.mkdir()
    line = "sh -c 'echo Ana; exit 1'"
    with pytest.raises(demo.UnexpectedError):
        stage.show(line, status=status, says=says)
    assert stage.show(line, status=1, says="Ana") == "Ana\n"
