"""Alerts over what measures push, before the real promtool: raised on drift and on silence, and else not."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from opsdecl.spec.source import MemoryTree
from tests.support.measuring import measured_project
from tests.support.project import built
from tests.support.promtool import Scenario, check_rules, try_rules

DAY = 86400
INPUTS = (
    'opsdecl_document="Model.fraud",opsdecl_environment="dev",opsdecl_monitor="Monitor.fraud",measure="inputs",'
    'job="opsdecl-measure"'
)
SCORES = INPUTS.replace("inputs", "scores")
ANSWERS = (
    INPUTS.replace("Model.fraud", "LLM.chat").replace("Monitor.fraud", "Monitor.chat").replace("inputs", "answers")
)
AT = "opsdecl_measured_timestamp_seconds"


@cache
def groups(monitor: str) -> Sequence[Mapping[str, Any]]:
    found = built(MemoryTree(measured_project()), "dev").manifests.manifests
    rules = next(m for m in found if str(m.address.spec) == f"Monitor.{monitor}" and m.address.role == "rules")
    kept = [
        {**group, "rules": [r for r in group["rules"] if r.get("labels", {}).get("about")]}
        for group in rules.data["spec"]["groups"]
    ]
    return [group for group in kept if group["rules"]]


def drift(own: str, column: str, method: str, value: float, metric: str = "opsdecl_data_drift") -> dict[str, str]:
    return {f'{metric}{{{own},column="{column}",method="{method}"}}': f"{value}x240"}


FRESH = {f"{AT}{{{INPUTS}}}": "0+60x240", f"{AT}{{{SCORES}}}": "0+60x240"}
LOW = {
    **drift(INPUTS, "amount", "psi", 0.02),
    # Another method, another column of another measure: neither is what the alert looks at.
    **drift(INPUTS, "amount", "wasserstein", 3.0),
    **drift(SCORES, "score", "ks", 0.02, "opsdecl_prediction_drift"),
}
SCENARIOS = [
    Scenario("nothing drifts", {**FRESH, **LOW}, "3h", frozenset()),
    Scenario(
        "inputs drift", {**FRESH, **LOW, **drift(INPUTS, "amount", "psi", 0.4)}, "3h", frozenset({("InputsDrift", "")})
    ),
    Scenario(
        "scores drift",
        {**FRESH, **LOW, **drift(SCORES, "score", "ks", 0.3, "opsdecl_prediction_drift")},
        "3h",
        frozenset({("ScoresDrift", "")}),
    ),
    Scenario(
        "another environment drifts",
        {**FRESH, **LOW, **drift(INPUTS.replace('"dev"', '"prod"'), "amount", "psi", 0.9)},
        "3h",
        frozenset(),
    ),
    Scenario("nothing was ever pushed", {}, "3h", frozenset({("InputsDriftUnknown", ""), ("ScoresDriftUnknown", "")})),
    Scenario(
        "the job of the inputs failed for days",
        {**LOW, f"{AT}{{{INPUTS}}}": f"-{3 * DAY}x240", f"{AT}{{{SCORES}}}": f"-{2 * DAY}x240"},
        "3h",
        frozenset({("InputsDriftUnknown", "")}),
    ),
]


@pytest.mark.parametrize("monitor", ["fraud", "chat"])
def test_promtool_finds_nothing_wrong(monitor: str, tmp_path: Path) -> None:
    assert "SUCCESS" in check_rules(tmp_path, groups(monitor))


def test_drift_and_silence_raise_alerts_and_nothing_else_does(tmp_path: Path) -> None:
    assert "SUCCESS" in try_rules(tmp_path, groups("fraud"), SCENARIOS)


def test_answers_that_get_worse_raise_an_alert(tmp_path: Path) -> None:
    fresh = {f"{AT}{{{ANSWERS}}}": "0+60x240"}
    good, bad = ({f"opsdecl_answer_quality{{{ANSWERS}}}": f"{value}x240", **fresh} for value in (0.9, 0.6))
    scenarios = [
        Scenario("good", good, "1h", frozenset()),
        Scenario("bad", bad, "1h", frozenset({("AnswersGetWorse", "")})),
    ]
    assert "SUCCESS" in try_rules(tmp_path, groups("chat"), scenarios)
