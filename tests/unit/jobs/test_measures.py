"""The programs of measures as their jobs run them: real rows, scipy's numbers, a real Pushgateway."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.measuring import Bench, judging, page, pushgateway, series

pytestmark = pytest.mark.slow

OWN = 'measure="inputs",opsdecl_document="Model.fraud",opsdecl_environment="dev",opsdecl_monitor="Monitor.fraud"'


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pushgateway(tmp_path_factory.mktemp("gateway")) as url:
        yield url


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def rows(seed: int, count: int, mean: float = 0.0, rare: float = 0.1) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [
        {"amount": chance.gauss(mean, 1.0), "country": "fr" if chance.random() < rare else "de", "at": 1000.0 + n}
        for n in range(count)
    ]


def write(bench: Bench, name: str, found: list[dict[str, Any]]) -> dict[str, str]:
    folder = bench.folder / name
    folder.mkdir(exist_ok=True)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in found))
    return {"path": f"/{name}", "files": "**/*", "format": "jsonl"}


def told(gateway: str, **changes: Any) -> dict[str, Any]:
    return {
        "document": "Model.fraud",
        "environment": "dev",
        "monitor": "Monitor.fraud",
        "measure": "inputs",
        "metric": "opsdecl_data_drift",
        "pushgateway": gateway,
        "least": 30,
        "columns": ["amount", "country"],
        "method": "psi",
        **changes,
    }


def drift(gateway: str, column: str, method: str) -> float:
    found = series(gateway, "opsdecl_data_drift")
    (value,) = (v for k, v in found.items() if f'column="{column}"' in k and f'method="{method}"' in k)
    return value


def test_data_that_drifted_and_data_that_did_not(bench: Bench, gateway: str) -> None:
    reference = write(bench, "reference", rows(1, 4000))
    same = write(bench, "same", rows(2, 2000))
    code, said = bench.run("measure_drift", told(gateway, reference=reference, current=same))
    assert code == 0, said
    quiet = {name: drift(gateway, *name) for name in (("amount", "psi"), ("amount", "ks"), ("country", "chi2"))}
    assert max(quiet.values()) < 0.05, said
    moved = write(bench, "moved", rows(3, 2000, mean=1.0, rare=0.4))
    code, said = bench.run("measure_drift", told(gateway, reference=reference, current=moved))
    assert code == 0, said
    # A normal distribution that moves by its deviation: the statistic is 0.383, the distance 1, the index about 1.
    assert drift(gateway, "amount", "ks") == pytest.approx(0.383, abs=0.04)
    assert drift(gateway, "amount", "wasserstein") == pytest.approx(1.0, abs=0.08)
    assert 0.7 < drift(gateway, "amount", "psi") < 1.3
    assert drift(gateway, "country", "psi") > 0.25
    assert drift(gateway, "country", "chi2") == pytest.approx(0.35, abs=0.06)
    likely = series(gateway, "opsdecl_drift_p_value")
    assert all(value < 1e-6 for value in likely.values()), likely
    (at,) = series(gateway, "opsdecl_measured_timestamp_seconds")
    assert at == f'{{instance="",job="opsdecl-measure",{OWN}}}'
    (count,) = series(gateway, "opsdecl_measured_rows").values()
    assert count == 2000


def test_values_that_come_to_be_missing_are_drift(bench: Bench, gateway: str) -> None:
    reference = write(bench, "reference", rows(1, 2000))
    holes = [{**row, "amount": None} if n % 2 else row for n, row in enumerate(rows(2, 2000))]
    current = write(bench, "holes", holes)
    code, said = bench.run("measure_drift", told(gateway, reference=reference, current=current, columns=["amount"]))
    assert code == 0, said
    assert drift(gateway, "amount", "psi") > 1
    assert drift(gateway, "amount", "ks") < 0.06


def test_only_rows_of_late_count(bench: Bench, gateway: str) -> None:
    now = time.time()
    old = [{**row, "at": now - 90_000} for row in rows(3, 500, mean=5.0)]
    new = [{**row, "at": now - 60} for row in rows(2, 1000)]
    reference, current = write(bench, "reference", rows(1, 2000)), write(bench, "log", [*old, *new])
    asked = told(gateway, reference=reference, current={**current, "time": "at", "last": 86400}, columns=["amount"])
    code, said = bench.run("measure_drift", asked)
    assert code == 0, said
    assert drift(gateway, "amount", "psi") < 0.05
    assert "opsdecl_measured_rows 1000.0" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": ["amuont"]}, "the reference data lacks amuont; it has amount, country, at"),
        ({"pushgateway": "http://127.0.0.1:9"}, "http://127.0.0.1:9 does not answer"),
    ],
)
def test_what_cannot_be_measured_fails_and_pushes_nothing(
    changes: dict[str, Any], said: str, bench: Bench, gateway: str
) -> None:
    reference, current = write(bench, "reference", rows(1, 1000)), write(bench, "current", rows(2, 100))
    asked = told(gateway, reference=reference, current=current, measure="never", **changes)
    code, out = bench.run("measure_drift", asked)
    assert code == 1
    assert said in out
    assert 'measure="never"' not in page(gateway)


ANSWERS = [
    {"question": f"What is {n} + {n}?", "answer": str(2 * n) if n % 4 else "as an AI …", "right": str(2 * n)}
    for n in range(40)
]


def test_rules_give_the_share_of_answers_that_hold_them_all(bench: Bench, gateway: str) -> None:
    current = write(bench, "answers", ANSWERS)
    rules = [{"name": "right", "equals": "right"}, {"name": "no-refusal", "lacks": "(?i)as an ai"}]
    asked = told(gateway, current=current, measure="rules", metric="opsdecl_answer_quality")
    fields = {"question": "question", "answer": "answer"}
    code, said = bench.run("measure_answers", {**asked, "fields": fields, "sample": 100, "rules": rules})
    assert code == 0, said
    found = {k: v for k, v in series(gateway, "opsdecl_answer_quality").items() if 'measure="rules"' in k}
    assert list(found.values()) == [0.75]
    assert 'opsdecl_answer_rule{rule="no-refusal"} 0.75' in said


def test_a_judge_scores_a_sample(bench: Bench, gateway: str) -> None:
    current = write(bench, "answers", ANSWERS)
    asked = told(gateway, current=current, measure="judged", metric="opsdecl_answer_quality", sample=20)
    fields = {"question": "question", "answer": "answer"}

    def score(body: dict[str, Any]) -> str:
        text = body["messages"][1]["content"]
        return '{"score": 1}' if "as an AI" in text else '<think>{"score": 2}</think> {"score": 5}'

    with judging(score) as judge:
        how = {"address": judge.url, "served": "judge", "instruction": "Sums are right.", "worst": 1, "best": 5}
        code, said = bench.run("measure_answers", {**asked, "fields": fields, "judge": how})
        again, _ = bench.run("measure_answers", {**asked, "fields": fields, "judge": how})
    assert (code, again) == (0, 0), said
    refused = sum("as an AI" in body["messages"][1]["content"] for body in judge.asked[:20])
    assert f"opsdecl_answer_quality {(20 - refused) / 20!r}" in said
    assert 0 < refused < 20
    assert judge.asked[:20] == judge.asked[20:], "the same rows are judged again"
    assert judge.asked[0]["model"] == "judge"
    assert judge.asked[0]["messages"][0]["content"].startswith("Sums are right.")


def test_a_judge_that_does_not_judge_is_no_measurement(bench: Bench, gateway: str) -> None:
    current = write(bench, "answers", ANSWERS)
    asked = told(gateway, current=current, measure="silent", metric="opsdecl_answer_quality", sample=20)
    with judging(lambda body: "I would rather not.") as judge:
        how = {"address": judge.url, "served": "judge", "instruction": "Sums.", "worst": 1, "best": 5}
        fields = {"question": "question", "answer": "answer"}
        code, said = bench.run("measure_answers", {**asked, "fields": fields, "judge": how})
    assert code == 1
    assert "the judge scored 0 of 20 answers, which tells nothing" in said
    assert 'measure="silent"' not in page(gateway)
