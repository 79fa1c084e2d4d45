"""A real evaluation from end to end: a model that scikit-learn fitted, its numbers as evidence, an open gate."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from opsdecl._data import job_script
from opsdecl.flows.render import as_files
from opsdecl.spec.source import MemoryTree
from tests.support.git import commit, repository
from tests.support.golden import expect_golden
from tests.support.measured import BASE, FIRST, STAGING, files
from tests.support.project import built, opsdecl_here, write_files
from tests.support.toolchain import require
from tests.unit.jobs.test_evaluate_table import TRAIN

TABULAR = STAGING.replace("  command: [evaluate]\n", "  recipe: tabular\n  parameters: {target: left}\n")
ROWS = "late,calls,left\n" + "".join(f"{n % 5},{n % 7},{int(n % 5 + n % 7 > 5)}\n" for n in range(70))


def test_its_objects() -> None:
    wanted = built(MemoryTree(dict(files(staging=TABULAR))), "staging").manifests.manifests
    own = [manifest for manifest in wanted if manifest.address.spec.kind == "Evaluation"]
    for name, data in as_files(own).items():
        expect_golden(data.decode(), f"evaluation/{name}")


@pytest.mark.slow
def test_a_model_is_measured_and_the_gate_opens(tmp_path: Path) -> None:
    python = require("checks/bin/python") / "checks/bin/python"
    root, project = tmp_path / "root", tmp_path / "project"
    (root / "mnt/models").mkdir(parents=True)
    (root / "datasets/customers/test").mkdir(parents=True)
    rows, model = root / "datasets/customers/test/rows.csv", root / "mnt/models/model.skops"
    rows.write_text(ROWS)
    subprocess.run([python, "-c", TRAIN, rows, model], check=True, timeout=300)
    digest = f"sha256:{hashlib.sha256(model.read_bytes()).hexdigest()}"
    repository(write_files(project, files(base=BASE.replace(FIRST, digest), staging=TABULAR)))
    refused = opsdecl_here(project, "apply", "--env", "prod", "--yes")
    assert (refused.code, "OD856" in refused.err) == (3, True)

    request = opsdecl_here(project, "evidence", "request", "quality", "--env", "staging").out.rstrip("\n")
    (tmp_path / "program.py").write_text(job_script("evaluate_table"))
    told = {"EVALUATION": request, "EVALUATION_ROOT": str(root), "EVALUATION_RESULT": str(tmp_path / "result.json")}
    subprocess.run([python, tmp_path / "program.py"], check=True, timeout=300, env={**os.environ, **told})
    words = ("evidence", "record", "quality", "--env", "staging", "--result", str(tmp_path / "result.json"))
    recorded = opsdecl_here(project, *words)
    assert recorded.code == 0, recorded.all
    commit(project, "what was found")
    opened = opsdecl_here(project, "apply", "--env", "prod", "--yes")
    assert opened.code == 0, opened.all
    assert "measured · quality: log_loss" in opened.out
    assert opsdecl_here(project, "plan", "--env", "prod", "--exit-code").code == 0
