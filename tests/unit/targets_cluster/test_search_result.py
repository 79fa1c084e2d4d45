"""What `status` says of a search whose pods are still there to tell."""

import asyncio
import json
from typing import Any, cast

import pytest

from opsdecl.apply.readiness.search_result import SearchResult, search_result_schema
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.waiting import judge

SELECTOR = {"matchLabels": {"job-name": "search-1"}}
SEARCH: dict[str, Any] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "search-1", "namespace": "risk", "labels": {"opsdecl.dev/kind": "Tuning"}},
    "spec": {"completions": 3, "selector": SELECTOR},
    "status": {"succeeded": 3, "conditions": [{"type": "Complete", "status": "True"}]},
}


def message(complete: int, depth: int | None) -> str:
    found: dict[str, Any] = {
        "apiVersion": "opsdecl.dev/v1",
        "kind": "TuningResult",
        "tuning": "search",
        "run": "1",
        "metric": "auc",
        "direction": "maximize",
        "trials": {"complete": complete, "stopped": 0, "failed": 1},
    }
    best = {"trial": 0, "value": 0.5 + complete / 10, "parameters": {"depth": depth, "booster": "dart"}}
    return json.dumps({**found, **({"best": best} if depth is not None else {})})


class Pods:
    """Answers with pods that ended with these messages."""

    def __init__(self, *messages: str) -> None:
        self.messages = messages

    async def get(self, path: str, query: dict[str, Any]) -> dict[str, Any]:
        ended = [{"state": {"terminated": {"exitCode": 0, "message": text}}} for text in self.messages]
        return {"items": [{"status": {"containerStatuses": [row]}} for row in ended]}


def told(*messages: str) -> str:
    return asyncio.run(judge(cast(Client, Pods(*messages)), SEARCH)).readiness.message


def test_the_pod_that_knows_of_most_trials_is_believed() -> None:
    assert told(message(1, 4), message(2, 6), message(1, 2)) == "best auc 0.7 of 3 trials with booster dart, depth 6"


@pytest.mark.parametrize("other", ["", "OOMKilled", '{"kind": "Other"}', "[]"])
def test_what_is_no_result_is_passed_over(other: str) -> None:
    assert told(other) == ""
    assert told(other, message(2, 6)) == "best auc 0.7 of 3 trials with booster dart, depth 6"


def test_a_search_without_a_complete_trial_says_so() -> None:
    assert told(message(0, None)) == "no trial is complete"


def test_the_published_schema_names_what_is_always_there() -> None:
    schema = search_result_schema()
    required = {"apiVersion", "kind", "tuning", "run", "metric", "direction", "trials"}
    assert set(schema["required"]) == required
    assert SearchResult.model_validate(json.loads(message(2, 6))).trials.total == 3
