"""`make demo`: it works on a machine that knows nobody, leaves nothing behind, and notices what is wrong."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import PARTS, ROOT, copy_folder
from tests.support.toolchain import CONTROL_PLANE, require, tools_folder
from tools import demo, learning, stage

SHOWN = (
    "valid: ",
    "46 created",
    "prod is up to date",
    "error[OD857] gate `fraud` of prod is closed for Model.fraud",
    "engine.maxModelLen  32768 → 24576",
    "needs approval: ml-leads",
    "prod: 3 updated",
    "spec.maxReplicas  4 → 12",
    "no drift",
    "dev: 43 deleted",
)
LEARNT = (
    "fitted to 3000 rows",
    "Model.fraud-next  log_loss 0.325558, roc_auc 0.87101  reached  real  new",
    "model-fraud-next  0.87101   wins",
    "prod: 1 updated",
)
SIMULATED = (
    "staging: 72 created",
    "Model.fraud-next  roc_auc 0.99, log_loss 0.05  reached  simulated  new",
    "error[OD859]: gate `fraud` of prod is closed for Model.fraud: what fraud-quality found is only simulated",
)
_CONTRACTS = tuple(f"Dataset.contracts/main/run-{step}" for step in ("source", "clean", "checks"))
IN_ORDER = (
    (
        *(f"Dataset.payments/main/run-{step}" for step in ("source", "features", "checks")),
        "Training.fraud/main/run",
    ),
    (*_CONTRACTS, "Training.contracts-labels/main/run", "Evaluation.contracts-quality/main/run"),
    (*_CONTRACTS, "Tuning.contracts-search/main/run"),
)
"""Runs that need the one before; between the rows there is no order."""


def play(folder: Path, **told: str) -> tuple[str, list[Path]]:
    """What the demo prints on a machine that knows nobody, and what it leaves behind."""
    scratch, home = folder / "scratch", folder / "home"
    scratch.mkdir()
    home.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(scratch), "PYTHONPATH": str(ROOT)}
    env |= {"GIT_DIR": "/nowhere", **told}
    line = [sys.executable, "-m", "tools.demo"]
    ran = subprocess.run(line, env=env, cwd=folder, capture_output=True, check=False)
    out = ran.stdout.decode()
    assert (ran.returncode, ran.stderr.decode()) == (0, ""), out
    assert "\x1b[" not in out
    return out, [*scratch.iterdir(), *home.iterdir()]


@pytest.mark.slow
def test_the_demo_shows_the_whole_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Where no tools are, it says what it left out."""
    out, left = play(tmp_path)
    learns = bool(learning.find_python(tmp_path))
    assert [said for said in (*SHOWN, *(LEARNT if learns else ())) if said not in out] == []
    assert ("LEFT OUT: the training" in out) is not learns
    assert "LEFT OUT: staging on a simulated cluster" in out
    assert left == []


@pytest.mark.slow
@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_with_tools_nothing_is_left_out_and_what_is_simulated_opens_no_gate(tmp_path: Path) -> None:
    require(*CONTROL_PLANE, "checks/bin/python")
    out, left = play(tmp_path, OPSDECL_TOOLS=str(tools_folder()))
    assert [said for said in (*SHOWN, *LEARNT, *SIMULATED) if said not in out] == []
    assert "LEFT OUT" not in out
    runs = re.findall(r"^([a-z-]+)-[0-9a-f]{10} .*Z +[146]$", out, re.M)
    assert len(runs) == 13
    for row in IN_ORDER:
        asked = [out.index(f"created   {run}") for run in row]
        assert asked == sorted(asked)
    assert left == []


def test_a_demo_that_goes_wrong_says_where_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in PARTS[:-1]:
        copy_folder(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / PARTS[-1], tmp_path)
    policies = tmp_path / "environments/base/policies.yaml"
    policies.write_text(policies.read_text("utf-8").replace("'team-'", "'group-'"), "utf-8")
    real = stage.environment
    monkeypatch.setattr(stage, "environment", lambda given: {**real(given), "PYTHONPATH": str(ROOT)})
    monkeypatch.setattr(demo, "ROOT", tmp_path)
    assert demo.main() == 1
    said = capsys.readouterr()
    assert "`opsdecl validate` ended with status 3; expected was status 0" in said.err
    assert "opsdecl plan" not in said.out


@pytest.mark.parametrize(("status", "says"), [(0, ""), (2, "Ana"), (1, "nobody")])
def test_each_line_is_checked(tmp_path: Path, status: int, says: str) -> None:
    here = stage.Stage(tmp_path, color=False)
    here.ours.mkdir()
    line = "sh -c 'echo Ana; exit 1'"
    with pytest.raises(stage.UnexpectedError):
        here.show(line, status=status, says=says)
    assert here.show(line, status=1, says="Ana") == "Ana\n"
