"""Columns of a dataset against those of references, by the program of its checks on small files."""

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.drifting import drifting
from tests.support.toolchain import require

pytestmark = pytest.mark.slow

Row = dict[str, Any]


def rows(seed: int, count: int, mean: float = 100.0, rare: float = 0.1) -> list[Row]:
    chance = random.Random(seed)
    return [
        {
            "id": f"c{seed}-{n}",
            "amount": round(chance.gauss(mean, 10.0), 3),
            "items": n % 7,
            "region": "south" if chance.random() < rare else "north",
            "note": f"claim {n} of {seed}",
            "at": f"20{seed:02}-01-01T00:00:00",
        }
        for n in range(count)
    ]


class Pod:
    """A folder that stands for the root of the run's pod: the volume, the reference, what is demanded."""

    def __init__(self, root: Path) -> None:
        self.root, self.told = root, root / "termination-log"
        self.python = require("checks/bin/python") / "checks/bin/python"
        job, demands = (drifting()[f"Dataset.claims/{role}"].data for role in ("run-checks", "checks"))
        for name, text in demands["data"].items():
            (root / name).write_text(text)
        command = job["spec"]["template"]["spec"]["containers"][0]["command"]
        self.folder, self.report, *self.references = (root / path.lstrip("/") for path in command[-5:])
        self.asked = json.loads((root / "checks.json").read_text())

    def ask(self, *changes: dict[str, Any]) -> None:
        """The first check alone, in these ways."""
        self.asked["drift"] = [{**self.asked["drift"][0], **each} for each in changes]
        self.references = self.references[:1] * len(changes)

    def run(self) -> tuple[int, dict[str, Any], str]:
        """Exit code, report, and what was said."""
        (self.root / "checks.json").write_text(json.dumps(self.asked))
        words = [self.root / "check_data.py", self.root / "checks.json", self.folder, self.report, *self.references]
        env = {**os.environ, "CHECKS_RESULT": str(self.told)}
        done = subprocess.run([self.python, *words], capture_output=True, text=True, timeout=120, env=env)
        report = json.loads(self.report.read_text()) if self.report.exists() else {}
        return done.returncode, report, done.stderr + done.stdout

    def current(self, found: list[Row]) -> None:
        write_csv(self.folder / "train", found)

    def before(self, found: list[Row]) -> None:
        folder = self.references[0] / "train"
        folder.mkdir(parents=True)
        (folder / "part.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))

    def earlier(self, found: list[Row], markers: int = 2) -> None:
        folder = self.references[2]
        write_csv(folder / "train", found)
        (folder.parent / ".runs").mkdir(exist_ok=True)
        for number in range(markers):
            (folder.parent / ".runs" / f"{folder.name}.{number}").touch()


def write_csv(folder: Path, found: list[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [",".join(found[0]), *(",".join("" if v is None else str(v) for v in row.values()) for row in found)]
    (folder / "part.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def values(report: dict[str, Any]) -> dict[tuple[str, str], float]:
    return {(row["column"], row["method"]): row["value"] for row in report["drift"]}


def test_columns_that_drifted_fail_the_run_and_others_do_not(pod: Pod) -> None:
    pod.before(rows(1, 2000))
    pod.earlier(rows(2, 2000, rare=0.5))
    moved = rows(3, 1000, mean=110.0)
    pod.current([{**row, "items": None} if n % 2 else row for n, row in enumerate(moved)])
    code, report, said = pod.run()
    assert code == 1, said
    found = values(report)
    # Ids are unique, notes mostly are, and times move on: none is compared unless somebody names it.
    assert set(found) == {("amount", "psi"), ("items", "psi"), ("region", "psi"), ("amount", "ks"), ("region", "chi2")}
    # A normal distribution that moves by its deviation: the statistic is 0.383, the index about 1.
    assert found["amount", "ks"] == pytest.approx(0.383, abs=0.05)
    assert 0.7 < found["amount", "psi"] < 1.4
    assert found["items", "psi"] > 1, "half of the values are missing"
    assert found["region", "chi2"] > 0.3, "one of two values became rare"
    assert found["region", "psi"] < 0.05, "it was as rare in the other reference"
    assert f"amount: psi from Dataset.before is {found['amount', 'psi']:.4g}, above 0.2: the column has drifted" in said
    assert f"amount: ks from Dataset.before is {found['amount', 'ks']:.4g}, above 0.3: the column has drifted" in said
    assert f"region: psi from Dataset.before is {found['region', 'psi']:.4g}, at most 0.2" in said
    assert "region: chi2 from Dataset.claims as it was (sha256:5994" in said
    assert "1000 rows, 4 checks failed" in said
    assert sorted(pod.told.read_text().split("; ")) == sorted(line for line in said.splitlines() if "drifted" in line)


def test_data_that_did_not_drift_passes(pod: Pod) -> None:
    """Texts of digits among it, which are no numbers where the schema says so."""
    codes = {"north": "01067", "south": "80331"}
    before, earlier, now = ([{**r, "region": codes[r["region"]]} for r in rows(seed, 1500)] for seed in (1, 2, 3))
    pod.before(before)
    pod.earlier(earlier)
    pod.current(now)
    code, report, said = pod.run()
    assert code == 0, said
    assert report["failed"] == []
    assert len(values(report)) == 5
    assert max(values(report).values()) < 0.1
    assert "1500 rows, 0 checks failed" in said
    assert not pod.told.exists()


def test_what_cannot_be_measured_is_no_pass(pod: Pod) -> None:
    pod.before(rows(1, 2000))
    pod.current(rows(3, 1000))
    pod.ask({"columns": ["premium"]}, {"columns": ["region"], "method": "ks"}, {"least": 3000})
    code, report, said = pod.run()
    assert code == 1
    assert [row["value"] for row in report["drift"]] == [None, None, None]
    assert "premium: drift from Dataset.before cannot be measured by psi: the data has no such column, only id" in said
    assert "region: drift from Dataset.before cannot be measured by ks: `ks` tells nothing of values" in said
    assert "by psi: 1000 rows are too few to tell anything: 3000 are asked for" in said


def test_earlier_data_must_be_whole(pod: Pod) -> None:
    pod.before(rows(1, 200))
    pod.current(rows(3, 100))
    pod.earlier(rows(2, 200), markers=1)
    code, _, said = pod.run()
    assert code == 1
    run, now = pod.references[2].name, pod.folder.name
    assert f"the volume has no whole data of the run {run}; of this step it has {', '.join(sorted((run, now)))}" in said
