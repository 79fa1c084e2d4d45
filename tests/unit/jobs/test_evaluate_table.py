"""The program that measures a table, as its Job runs it: a real model, real rows, scikit-learn's own numbers."""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from opsdecl._data import job_script
from tests.support.toolchain import require

pytestmark = pytest.mark.slow

LINEAR = {"features": ["late", "calls"], "coefficients": [2.0, 0.5], "intercept": -3.0, "link": "logit"}
ROWS = "id,late,calls,left\n1,0,1,0\n2,3,2,1\n3,1,0,0\n4,2,4,1\n5,0,5,1\n6,1,1,0\n"
TRAIN = """
import sys, pandas
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skops import io
rows = pandas.read_csv(sys.argv[1])
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[["late", "calls"]], rows["left"])
io.dump(model, sys.argv[2])
"""


class Bench:
    """A folder with a model and data, and the program beside them."""

    def __init__(self, folder: Path) -> None:
        self.python = require("checks/bin/python") / "checks/bin/python"
        self.folder = folder
        for name in ("model", "data/test"):
            (folder / name).mkdir(parents=True)
        (folder / "program.py").write_text(job_script("evaluate_table"))
        (folder / "data/test/rows.csv").write_text(ROWS)
        (folder / "model/model.json").write_text(json.dumps(LINEAR))

    def asked(self, **changes: Any) -> str:
        told = {
            "candidate": {"path": str(self.folder / "model")},
            "data": {"path": str(self.folder / "data"), "files": "test/*.csv", "format": "csv"},
            "metrics": ["roc_auc", "accuracy", "log_loss"],
            "parameters": {"target": "left"},
        }
        return json.dumps({**told, **changes})

    def run(self, **changes: Any) -> tuple[int, dict[str, Any], str]:
        """Exit code, result, what was said."""
        text, result = self.asked(**changes), self.folder / "result.json"
        done = subprocess.run(
            [self.python, self.folder / "program.py"],
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "EVALUATION": text, "EVALUATION_RESULT": str(result)},
        )
        return done.returncode, json.loads(result.read_text()) if result.exists() else {}, done.stderr


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_numbers_are_those_of_the_rows_and_digests_those_of_the_bytes(bench: Bench) -> None:
    code, result, said = bench.run()
    assert code == 0, said
    # Of nine pairs of one who left and one who stayed, eight are in order; customers 5 and 6 have the same score.
    assert result["metrics"]["roc_auc"] == pytest.approx(8.5 / 9)
    assert result["metrics"]["accuracy"] == pytest.approx(5 / 6)
    assert result["samples"] == 6
    assert result["data"] == f"sha256:{hashlib.sha256(ROWS.encode()).hexdigest()}"
    assert result["model"] == f"sha256:{hashlib.sha256(json.dumps(LINEAR).encode()).hexdigest()}"
    assert result["asked"] == f"sha256:{hashlib.sha256(bench.asked().encode()).hexdigest()}"
    assert result["trust"] == "real"
    assert len(json.dumps(result)) < 4096


def test_a_model_that_scikit_learn_fitted_is_read_without_pickle(bench: Bench) -> None:
    (bench.folder / "model/model.json").unlink()
    rows, model = bench.folder / "data/test/rows.csv", bench.folder / "model/model.skops"
    subprocess.run([bench.python, "-c", TRAIN, rows, model], check=True, timeout=300)
    code, result, said = bench.run()
    assert (code, result["metrics"]["accuracy"]) == (0, 1.0), said
    assert result["engine"].startswith("scikit-learn ")


def test_what_is_wrong_ends_the_run_and_leaves_no_result(bench: Bench) -> None:
    for changes, said in (
        ({"candidate": {"path": str(bench.folder / "model"), "digest": "sha256:" + "0" * 64}}, "is declared"),
        ({"metrics": ["elo"]}, "unknown metrics: elo"),
        ({"parameters": {"target": "gone"}}, "no column 'gone'"),
        ({"data": {"path": str(bench.folder / "data"), "files": "*.csv", "format": "csv"}}, "matches *.csv"),
        ({"parameters": {"target": "left", "positive": "yes"}}, "the positive one is 'yes'"),
    ):
        code, result, heard = bench.run(**changes)
        assert (code, result) == (1, {}), changes
        assert said in heard


def test_pickles_and_strange_types_are_not_opened(bench: Bench) -> None:
    (bench.folder / "model/model.json").rename(bench.folder / "model/model.pkl")
    assert "pickles are not opened" in bench.run()[2]
    (bench.folder / "model/model.pkl").unlink()
    strange = "import sys, os\nfrom skops import io\nio.dump({'f': os.system}, sys.argv[1])\n"
    subprocess.run([bench.python, "-c", strange, bench.folder / "model/m.skops"], check=True, timeout=300)
    code, result, said = bench.run()
    assert (code, result, "holds types that are not opened" in said) == (1, {}, True), said
