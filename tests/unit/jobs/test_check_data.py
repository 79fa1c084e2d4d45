"""Declared checks of a dataset, held against small files by the validation library itself."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.toolchain import require
from tests.unit.lower.builders import objects

pytestmark = pytest.mark.slow

CLAIMS = """
metadata: {name: claims, namespace: risk}
spec:
  source: {type: pvc, claim: claims}
  format: csv
  storage: {size: 1Gi}
  schema:
    id: {type: string}
    amount: {type: number}
    state: {type: string, nullable: true}
    items: {type: integer}
  checks:
    image: registry.example.com/checks:1
    files: "train/*.csv"
    rows: {min: 4, max: 5}
    columns:
      amount: {min: 0, max: 100}
      state: {nulls: 25%, values: [open, closed]}
      id: {pattern: "c[0-9]+"}
    duplicates: {columns: [id], most: 0%}
"""
GOOD = "id,amount,state,items\nc1,1.5,open,1\nc2,2,closed,2\nc3,100,,3\nc4,0,open,4\n"


def demanded(changes: str = "{}") -> dict[str, str]:
    """The files of the ConfigMap that is rendered for these checks."""
    made = next(m for m in objects("Dataset", CLAIMS, changes).values() if m.key.kind == "ConfigMap")
    files: dict[str, str] = made.data["data"]
    return files


def check(folder: Path, text: str, changes: str = "{}") -> tuple[int, dict[str, Any], str]:
    """Exit code, report, and what was said."""
    python = require("checks/bin/python") / "checks/bin/python"
    (folder / "data" / "train").mkdir(parents=True)
    (folder / "data" / "train" / "part-1.csv").write_text(text)
    for name, content in demanded(changes).items():
        (folder / name).write_text(content)
    words = [folder / "check_data.py", folder / "checks.json", folder / "data", folder / "out" / "report.json"]
    done = subprocess.run([python, *words], capture_output=True, text=True, timeout=120)
    report = folder / "out" / "report.json"
    return done.returncode, json.loads(report.read_text()) if report.exists() else {}, done.stderr


def test_good_data_passes(tmp_path: Path) -> None:
    code, report, said = check(tmp_path, GOOD)
    assert (code, report["failed"], report["rows"]) == (0, [], 4), said


BAD = {
    "too few rows": ("\n".join(GOOD.splitlines()[:3]) + "\n", None, "rows>=4"),
    "too many rows": (GOOD + "c5,1,open,1\nc6,1,open,1\n", None, "rows<=5"),
    "out of range": (GOOD.replace("c2,2,", "c2,-2,"), "amount", "greater_than_or_equal_to(0)"),
    "above the range": (GOOD.replace("c2,2,", "c2,200,"), "amount", "less_than_or_equal_to(100)"),
    "too many nulls": (GOOD.replace("c1,1.5,open", "c1,1.5,"), "state", "nulls<=0.25"),
    "a null where none may be": (GOOD.replace("c1,1.5,", "c1,,"), "amount", "not_nullable"),
    "another value": (GOOD.replace("closed", "lost"), "state", "isin(['open', 'closed'])"),
    "another spelling": (GOOD.replace("c4,", "x4,"), "id", "str_matches('(?:c[0-9]+)$')"),
    "the same twice": (GOOD.replace("c4,", "c1,"), None, "duplicates(id)<=0.0"),
    "no number": (GOOD.replace("c2,2,closed,2", "c2,2,closed,two"), "items", "coerce_dtype('int64')"),
    "a column that is missing": (GOOD.replace("items", "pieces"), None, "column_in_dataframe"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_data_fails_and_says_where(tmp_path: Path, name: str) -> None:
    text, column, failed = BAD[name]
    code, report, said = check(tmp_path, text)
    assert code == 1
    assert (column, failed) in [(row["column"], row["check"]) for row in report["failed"]], (report, said)
    assert (column or "all rows") in said


def test_no_file_is_no_pass(tmp_path: Path) -> None:
    code, _, said = check(tmp_path, GOOD, '{spec: {checks: {files: "test/*.csv"}}}')
    assert (code, "matches test/*.csv" in said) == (1, True)


def test_the_same_checks_give_the_same_name(tmp_path: Path) -> None:
    def name(changes: str) -> str:
        found = objects("Dataset", CLAIMS, changes)
        return next(m.key.name for m in found.values() if m.key.kind == "ConfigMap")

    assert name("{}") == name("{spec: {checks: {timeLimit: 5h}}}")
    assert name("{}") != name("{spec: {checks: {rows: {min: 3}}}}")
    assert yaml.safe_load(demanded()["checks.json"])["rows"] == {"min": 4, "max": 5}
