"""What is asked about a canary, before the real promtool: only its own pods count, and no request is no answer."""

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.support.project import built
from tests.support.promtool import check_rules, promtool
from tests.support.routed import JUDGED, STEPPED, routed_tree

HASH = "5b9c4d7f8"
OWN = 'opsdecl_document="LLM.chat",opsdecl_environment="prod"'
STABLE, CANARY = (f'{OWN},pod="chat-{version}-x2z4q"' for version in ("7d6f8c9b5", HASH))
EXPECTED = {
    "calm": {"errors": 0.0, "ttft-p95": 0.095, "waiting": 3.0, "preempts": 0.0},
    "canary fails": {"errors": 0.1, "ttft-p95": 0.095, "waiting": 50.0, "preempts": 0.0},
    "the version before fails": {"errors": 0.0, "ttft-p95": 0.095, "waiting": 3.0, "preempts": 0.0},
    "canary is slow": {"errors": 0.0, "ttft-p95": 1.905, "waiting": 3.0, "preempts": 2.0},
}
BAD: Mapping[str, frozenset[str]] = {
    "calm": frozenset(),
    "canary fails": frozenset(("errors", "waiting")),
    "the version before fails": frozenset(),
    "canary is slow": frozenset(("ttft-p95", "preempts")),
}


@cache
def metrics() -> Mapping[str, Mapping[str, Any]]:
    manifests = built(routed_tree(**JUDGED), "prod").manifests.manifests
    (template,) = (m for m in manifests if m.key.kind == "AnalysisTemplate")
    return {metric["name"]: metric for metric in template.data["spec"]["metrics"]}


def query(name: str) -> str:
    return str(metrics()[name]["provider"]["prometheus"]["query"]).replace("{{args.canary-hash}}", HASH)


def series(failing: str = "", slow: bool = False) -> dict[str, str]:
    """Ten requests a second for each version; a version that fails does so a tenth of the time."""
    found: dict[str, str] = {}
    for pods in (STABLE, CANARY):
        bad = 60 if pods == failing else 0
        found[f'http_requests_total{{{pods},handler="/v1/chat/completions",status="2xx"}}'] = f"0+{600 - bad}x60"
        if bad:
            found[f'http_requests_total{{{pods},handler="/v1/chat/completions",status="5xx"}}'] = f"0+{bad}x60"
        upper, lower = ("2.0", "0.1") if slow and pods == CANARY else ("0.1", "0")
        for le, share in {lower: 0, upper: 600, "+Inf": 600}.items():
            found[f'vllm:time_to_first_token_seconds_bucket{{{pods},le="{le}"}}'] = f"0+{share}x60"
        found[f"vllm:num_requests_waiting{{{pods}}}"] = f"{50 if pods == failing else 3}x60"
        found[f"vllm:num_preemptions_total{{{pods}}}"] = f"0+{120 if slow and pods == CANARY else 0}x60"
    return found


CASES = {
    "calm": series(),
    "canary fails": series(failing=CANARY),
    "the version before fails": series(failing=STABLE),
    "canary is slow": series(slow=True),
}


def testpromtool_reads_every_question(tmp_path: Path) -> None:
    rules = [{"record": f"q{index}", "expr": query(name)} for index, name in enumerate(metrics())]
    assert "SUCCESS: 4 rules found" in check_rules(tmp_path, [{"name": "canary", "rules": rules}])


def test_only_the_canarys_own_pods_count(tmp_path: Path) -> None:
    tests = []
    for case, input_series in CASES.items():
        asked = [
            {"expr": f"round({query(name)}, 0.001)", "eval_time": "30m", "exp_samples": [_sample(EXPECTED[case][name])]}
            for name in metrics()
        ]
        given = [{"series": name, "values": values} for name, values in input_series.items()]
        tests.append({"name": case, "interval": "1m", "input_series": given, "promql_expr_test": asked})
    # Nobody asks the canary anything yet: its errors and latencies are no numbers, and everything else is not there.
    quiet = [{"series": n, "values": v} for n, v in CASES["calm"].items() if "7d6f8c9b5" in n]
    none = [{"expr": query(name), "eval_time": "30m", "exp_samples": []} for name in metrics()]
    tests.append({"name": "no requests", "interval": "1m", "input_series": quiet, "promql_expr_test": none})
    plan = {"evaluation_interval": "1m", "tests": tests}
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    assert "SUCCESS" in promtool(tmp_path, "test", "rules", "tests.yaml")


def _sample(value: float) -> dict[str, Any]:
    return {"labels": "{}", "value": value}


def test_bounds_tell_too_much_from_nothing_known() -> None:
    """Read as the controller does: a look that finds nothing, or no number, is neither success nor failure."""
    for case, found in EXPECTED.items():
        for name, value in found.items():
            assert judged(name, [value]) == (name not in BAD[case], name in BAD[case]), (case, name)
    for name in metrics():
        assert judged(name, []) == (False, False)
        assert judged(name, [math.nan]) == (False, False)


def judged(name: str, result: list[float]) -> tuple[bool, bool]:
    metric = metrics()[name]
    both = (str(metric[field]).replace("&&", "and") for field in ("successCondition", "failureCondition"))
    good, bad = (bool(eval(text, {"__builtins__": {"len": len}}, {"result": result})) for text in both)
    return good, bad


def test_a_rollout_asks_from_the_first_share_on() -> None:
    manifests = built(routed_tree(**JUDGED), "prod").manifests.manifests
    (rollout,) = (m for m in manifests if m.key.kind == "Rollout")
    analysis = rollout.data["spec"]["strategy"]["canary"]["analysis"]
    assert analysis == {
        "templates": [{"templateName": "chat-canary"}],
        "args": [{"name": "canary-hash", "valueFrom": {"podTemplateHashValue": "Latest"}}],
        "startingStep": 1,
    }
    errors = metrics()["errors"]
    assert (errors["failureLimit"], errors["inconclusiveLimit"], errors["interval"]) == (1, 1, "1m")
    assert errors["provider"]["prometheus"]["address"] == "http://prometheus.monitoring:9090"


def test_a_step_looks_a_bounded_number_of_times_once_its_share_has_lasted() -> None:
    """What the pause leaves of the time that a look covers is waited for before the first one."""
    manifests = built(routed_tree(**STEPPED), "prod").manifests.manifests
    asked = {m.key.name: m.data["spec"]["metrics"] for m in manifests if m.key.kind == "AnalysisTemplate"}
    bounds = {
        name: [(one["name"], one.get("count"), one.get("initialDelay"), one["failureLimit"]) for one in metrics]
        for name, metrics in asked.items()
        if name != "chat-canary"
    }
    assert bounds == {"chat-canary-50": [("errors", 6, "3m", 0)], "chat-canary-75": [("ttft-p95", 5, "5m", 1)]}
    (rollout,) = (m for m in manifests if m.key.kind == "Rollout")
    steps = rollout.data["spec"]["strategy"]["canary"]["steps"]
    order = [*(name for step in steps[2:] for name in step)]
    assert order == ["setWeight", "pause", "analysis", "setWeight", "analysis", "pause"]
