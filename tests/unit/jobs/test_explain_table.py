"""What moves a model's answers, from end to end: SHAP's own numbers, as evidence, on the card, before a gate."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from opsdecl._data import job_script
from opsdecl.addr import digest_of_bytes
from opsdecl.spec.source import MemoryTree
from tests.support.git import commit, repository
from tests.support.measured import BASE, FIRST, PROD, STAGING, files
from tests.support.project import built, opsdecl_here, write_files
from tests.support.toolchain import require

REASONS = STAGING.replace(
    "  command: [evaluate]\n", "  recipe: attribution\n  parameters: {target: left, background: 105}\n"
).replace(
    "metrics: [{name: roc_auc}, {name: log_loss, direction: minimize}]\n  thresholds: [{metric: roc_auc, min: 0.8}]",
    "metrics: [{name: late}, {name: plan}, {name: late@plan=gold}, {name: (others)}]\n"
    "  thresholds: [{metric: plan, max: 0.05}]",
)
LOGIT = {"features": ["late", "calls"], "coefficients": [0.5, 0.0], "intercept": 0.0, "link": "logit"}
PLANS = ["basic", "gold", "gold"]
ROWS = "late,calls,plan,left\n" + "".join(
    f"{n % 5},{n % 7},{PLANS[n % 3]},{0.5 * (n % 5) + 0.3 * (PLANS[n % 3] == 'basic')}\n" for n in range(105)
)
"""Each value of a column with each of the others, once; what is to be told follows two of them, and is linear."""
TRAIN = """
import sys, pandas
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from skops import io
rows = pandas.read_csv(sys.argv[1])
told = make_column_transformer((OneHotEncoder(drop=["gold"]), ["plan"]), remainder="passthrough")
fitted = make_pipeline(told, LinearRegression()).fit(rows[["late", "calls", "plan"]], rows["left"])
io.dump(fitted, sys.argv[2])
"""


class Bench:
    """A pod's root with rows, and the programs beside them."""

    def __init__(self, folder: Path, tool: str) -> None:
        self.python = require(f"{tool}/bin/python") / tool / "bin/python"
        self.folder, self.root = folder, folder / "root"
        self.rows, self.models = self.root / "datasets/customers/test/rows.csv", self.root / "mnt/models"
        for made in (self.rows.parent, self.models):
            made.mkdir(parents=True)
        self.rows.write_text(ROWS)
        for name in ("explain_table", "evaluate_table"):
            (folder / f"{name}.py").write_text(job_script(name))

    def asked(self, metrics: list[str], **parameters: Any) -> str:
        told = {
            "candidate": {"path": "/mnt/models"},
            "data": {"path": "/datasets/customers", "files": "test/*.csv", "format": "csv"},
            "metrics": metrics,
            "parameters": parameters,
        }
        return json.dumps(told)

    def run(self, text: str) -> tuple[int, dict[str, Any], str]:
        """Exit code, result, what was said."""
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        told = {"EVALUATION": text, "EVALUATION_ROOT": str(self.root), "EVALUATION_RESULT": str(result)}
        done = subprocess.run(
            [self.python, self.folder / "explain_table.py"],
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, **told},
        )
        return done.returncode, json.loads(result.read_text()) if result.exists() else {}, done.stderr


@pytest.mark.slow
def test_by_permutation_without_shap_and_what_is_wrong(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "checks")
    (bench.models / "model.json").write_text(json.dumps(LOGIT))
    how = {"method": "permutation", "target": "left", "positive": 1, "scale": "share"}
    code, result, said = bench.run(bench.asked(["late", "calls"], **how))
    assert code == 0, said
    assert result["metrics"]["calls"] == 0, "a column that the model does not look at"
    assert "permutations of each column" in result["engine"], "it is called what it is"
    for metrics, parameters, heard in (
        (["late", "elo"], {}, "the model has no columns elo"),
        (["late@plan=silver"], {"method": "permutation", "target": "left"}, "no row that is explained has 'silver'"),
    ):
        code, result, said = bench.run(bench.asked(list(metrics), **parameters))
        assert (code, result, heard in said) == (1, {}, True), said


def test_the_run_has_both_programs_and_names_them_by_one_digest() -> None:
    made = built(MemoryTree(dict(files(staging=REASONS))), "staging").manifests.manifests
    (program,) = [m for m in made if m.address.spec.kind == "Evaluation" and m.key.kind == "ConfigMap"]
    assert sorted(program.data["data"]) == ["evaluate_table.py", "explain_table.py"]
    (job,) = [m for m in made if m.address.spec.kind == "Evaluation" and m.key.kind == "Job"]
    (container,) = job.data["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["python3", "/etc/opsdecl/evaluation/explain_table.py"]
    told = json.loads(next(e["value"] for e in container["env"] if e["name"] == "EVALUATION"))
    both = program.data["data"]["explain_table.py"] + program.data["data"]["evaluate_table.py"]
    assert told["code"] == digest_of_bytes(both.encode())


@pytest.mark.slow
def test_an_explanation_is_evidence_stands_on_the_card_and_closes_a_gate(tmp_path: Path) -> None:
    bench, project = Bench(tmp_path, "shap"), tmp_path / "project"
    model = bench.models / "model.skops"
    subprocess.run([bench.python, "-c", TRAIN, bench.rows, model], check=True, timeout=300)
    digest = f"sha256:{hashlib.sha256(model.read_bytes()).hexdigest()}"
    prod = PROD.replace("measured:", "unbiased:")
    base = BASE.replace(FIRST, digest).replace("  port: 8080\n", "  port: 8080\n  explain: {attribution: quality}\n")
    repository(write_files(project, files(base=base, staging=REASONS, prod=prod)))
    waiting = opsdecl_here(project, "card", "Model.churn", "--env", "prod")
    assert "**quality** is to explain this model, and there is no evidence of it" in waiting.out
    request = opsdecl_here(project, "evidence", "request", "quality", "--env", "staging").out.rstrip("\n")
    code, result, said = bench.run(request)
    assert code == 0, said
    # A coefficient, times how far a column is from its mean on average.
    by_hand = {"late": 0.5 * (2 + 1 + 0 + 1 + 2) / 5, "plan": 0.3 * 4 / 9, "late@plan=gold": 0.6, "(others)": 0}
    assert result["metrics"] == pytest.approx(by_hand, abs=1e-6)
    assert result["engine"].startswith("shap 0.")
    assert (result["samples"], result["model"]) == (105, digest)
    recorded = opsdecl_here(
        project, "evidence", "record", "quality", "--env", "staging", "--result", str(tmp_path / "result.json")
    )
    assert recorded.code == 0, recorded.all
    commit(project, "what moves its answers")
    shown = opsdecl_here(project, "card", "Model.churn", "--env", "prod")
    (path,) = project.glob("evidence/*.json")
    assert f"evidence `{path.stem[:10]}`" in shown.out
    rows = [line.split("|")[1].strip() for line in shown.out.splitlines() if line.startswith("| plan |")]
    assert rows == ["plan"]
    assert "is to explain this model" not in shown.out
    refused = opsdecl_here(project, "apply", "--env", "prod", "--yes")
    assert (refused.code, "and 0.05 is the most" in refused.err) == (3, True), refused.all
