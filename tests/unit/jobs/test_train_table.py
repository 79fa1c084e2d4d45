"""The recipe for tables, run for real: what it trains is served as data, reported to searches, and measured alike."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest

from opsdecl._data import job_script
from opsdecl.spec.kinds.recipe import ESTIMATOR_PARAMETERS, Estimator, Table, TableMetric, parameters_of
from tests.support.toolchain import require
from tests.unit.jobs.test_tune import trial
from tests.unit.lower.test_recipe import TABLE, told

pytestmark = pytest.mark.slow

ROWS = "late,calls,plan,spend,left\n" + "".join(
    f"{n % 5},{n % 7 if n % 11 else ''},{'ab'[n % 2]},{n % 5 * 3 + n % 7},{int(n % 5 + n % 7 > 5)}\n"
    for n in range(210)
)
GRID = """{spec: {algorithm: {type: grid, seed: null}, earlyStopping: null, trials: 3, parallel: 1,
  objective: {metric: roc_auc, goal: null},
  parameters: {rate: null, depth: null, booster: null, C: {type: double, min: 0.0001, max: 1.0001, step: 0.5}}}}"""
EVERY_ESTIMATOR = """
import json, os, subprocess, sys
told = json.loads(os.environ["TRAINING"])
for name in json.loads(sys.argv[2]):
    classes = name.endswith("-classifier") or name == "logistic-regression"
    metrics = ["roc_auc", "accuracy"] if classes else ["rmse", "r2"]
    target, features = ("left", ["late", "calls"]) if classes else ("spend", ["late", "calls"])
    table = {**told["table"], "estimator": name, "metrics": metrics, "target": target, "features": features}
    few = {"n_estimators": 5} if "forest" in name or "xgboost" in name or name.startswith("gradient") else {}
    again = {**told, "table": table, "parameters": few, "output": f"/output/{name}/model"}
    os.environ["TRAINING"] = json.dumps(again)
    exec(compile(open(sys.argv[1]).read(), "program", "exec"), {"__name__": "__main__"})
"""


class Bench:
    """A pod's folders below one of their own, with data, and both programs."""

    def __init__(self, root: Path) -> None:
        self.python = require("tables/bin/python") / "tables/bin/python"
        self.root = root
        (root / "datasets/claims/split").mkdir(parents=True)
        (root / "datasets/claims/split/rows.csv").write_text(ROWS)
        for name in ("train_table", "evaluate_table"):
            (root / f"{name}.py").write_text(job_script(name))

    def run(self, *words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        variables = {**os.environ, "TRAINING_ROOT": str(self.root), "EVALUATION_ROOT": str(self.root), **env}
        return subprocess.run(
            [self.python, *words], capture_output=True, text=True, timeout=300, env=variables, check=False
        )

    def train(self, changes: str = "{}") -> tuple[subprocess.CompletedProcess[str], Path]:
        """What was said, and the folder of the run."""
        asked = told(changes)
        done = self.run(self.root / "train_table.py", TRAINING=json.dumps(asked))
        return done, self.root / asked["output"].removeprefix("/").removesuffix("/model")

    def evaluate(self, folder: Path, target: str, metrics: list[str]) -> dict[str, Any]:
        asked = {
            "candidate": {"path": f"/{folder.relative_to(self.root)}/model"},
            "data": {"path": "/datasets/claims", "files": "**/*.csv", "format": "csv"},
            "metrics": metrics,
            "parameters": {"target": target},
        }
        result = self.root / "result.json"
        program = self.root / "evaluate_table.py"
        done = self.run(program, EVALUATION=json.dumps(asked), EVALUATION_RESULT=str(result))
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(result.read_text())
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_is_trained_is_measured_by_an_evaluation(bench: Bench) -> None:
    """Texts, gaps, the same rows: the evaluation finds what the training reported."""
    done, folder = bench.train("{spec: {rows: {train: all, validation: all}}}")
    assert done.returncode == 0, done.stderr
    report = json.loads((folder / "report.json").read_text())
    assert report["features"] == ["late", "calls", "plan"]
    assert report["metrics"]["roc_auc"] > 0.9
    assert report["evaluations"][0] == {
        "dataset": "claims",
        "split": "all",
        "metric": "roc_auc",
        "value": report["metrics"]["roc_auc"],
    }
    measured = bench.evaluate(folder, "left", ["roc_auc", "log_loss"])
    assert measured["metrics"] == report["metrics"]
    assert measured["model"] == report["digest"]
    assert sorted(done.stdout.splitlines()) == [f"{n}={v:.9g}" for n, v in sorted(report["metrics"].items())]


def test_every_estimator_is_trained_and_read_again(bench: Bench) -> None:
    """Each is written as data that the evaluation opens; none of its types is refused."""
    (bench.root / "every.py").write_text(EVERY_ESTIMATOR)
    names = get_args(Estimator)
    words = (bench.root / "every.py", bench.root / "train_table.py", json.dumps(names))
    done = bench.run(*words, TRAINING=json.dumps(told("{}")))
    assert done.returncode == 0, done.stderr
    for name in ("random-forest-classifier", "hist-gradient-boosting-regressor", "xgboost-classifier", "ridge"):
        folder = bench.root / "output" / name
        report = json.loads((folder / "report.json").read_text())
        metrics = list(report["metrics"])
        assert bench.evaluate(folder, report["target"], metrics)["metrics"].keys() == set(metrics)
        assert (folder / "model" / report["model"]).exists()
    assert {folder.name for folder in (bench.root / "output").iterdir()} == set(names)


def test_the_libraries_take_the_parameters_that_are_declared(bench: Bench) -> None:
    """The closed lists of the specs against the libraries themselves."""
    known = {name: list(parameters_of("tabular", _table(name)) or ()) for name in get_args(Estimator)}
    assert known.keys() == ESTIMATOR_PARAMETERS.keys()
    check = (
        "import json, sys; text = open(sys.argv[1]).read(); space = {'__name__': 'm'}; exec(text, space)\n"
        "for name, found in json.loads(sys.argv[2]).items():\n"
        "    made = space['estimator_of'](name, {}, 0).get_params()\n"
        "    assert set(found) <= set(made), (name, set(found) - set(made))\n"
        "assert set(json.loads(sys.argv[2])) == set(space['ESTIMATORS'])\n"
        "import numpy; truth = numpy.array([0, 1, 1])\n"
        "class Model:\n"
        "    classes_ = [0, 1]\n"
        "    predict = lambda self, rows: truth\n"
        "    predict_proba = lambda self, rows: numpy.column_stack((1 - truth, truth)).astype(float)\n"
        "space['measure'](json.loads(sys.argv[3]), Model(), truth, truth, 1)\n"
    )
    words = ("-c", check, bench.root / "train_table.py", json.dumps(known), json.dumps(get_args(TableMetric)))
    done = bench.run(*words)
    assert done.returncode == 0, done.stderr


def _table(estimator: str) -> Any:
    return Table.model_validate({"estimator": estimator, "target": "left", "metrics": ["rmse"]})


WRONG = {
    "{spec: {table: {target: gone}}}": "the training data lacks the columns gone; it has late, calls, plan",
    "{spec: {table: {positive: 7}}}": "the model knows the classes [",
    "{spec: {framework: xgboost, table: {estimator: xgboost-classifier}, parameters: {}}}": (
        "XGBoost reads numbers, and these columns are none: plan"
    ),
}


@pytest.mark.parametrize("changes", WRONG)
def test_what_cannot_be_trained_says_why_and_leaves_no_model(bench: Bench, changes: str) -> None:
    done, folder = bench.train(changes)
    assert done.returncode == 1
    assert WRONG[changes] in done.stderr
    assert not (folder / "model").exists()


def test_a_search_over_it_by_optuna(tmp_path: Path) -> None:
    """Both containers of each trial as they are rendered: the program trains and reports, Optuna chooses and reads."""
    (tmp_path / "datasets/claims").mkdir(parents=True)
    (tmp_path / "datasets/claims/rows.csv").write_text(ROWS)
    ended = [trial(tmp_path, index, GRID, "", TABLE) for index in range(3)]
    assert [code for code, _ in ended] == [0, 0, 0]
    found = ended[-1][1]
    assert found["trials"] == {"complete": 3, "stopped": 0, "failed": 0}
    assert found["best"]["value"] > 0.9
    (output,) = (tmp_path / "output").iterdir()
    reports = [json.loads(path.read_text()) for path in sorted(output.glob("*/report.json"))]
    assert {report["parameters"]["C"] for report in reports} == {0.0001, 0.5001, 1.0001}
    best = next(r for r in reports if r["parameters"]["C"] == found["best"]["parameters"]["C"])
    assert best["metrics"]["roc_auc"] == pytest.approx(found["best"]["value"], abs=1e-8)
    assert len(list(output.glob("*/model/model.skops"))) == 3
