"""What a Monitor is rendered to, on a platform with the Prometheus Operator and on one without."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from opsdecl.compile.lower.monitoring import monitor
from opsdecl.flows.build import build
from opsdecl.flows.project import open_project
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import built

ENVIRONMENT = "environments/dev/environment.yaml"
CHAT = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-a, labels: {tier: gold}}
spec: {model: phi-4, runtime: vllm, accelerator: {gpu: h100-80gb}, slo: {ttft: {p95: 800ms}, availability: 99.9%}}
---
"""
FRAUD = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: mlserver}
spec: {engine: mlserver, version: 1.7.1, image: "seldonio/mlserver:1.7.1"}
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: fraud, owner: team-a}
spec: {format: xgboost, source: {uri: "s3://models/fraud"}, runtime: mlserver, slo: {availability: 99.9%}}
---
"""


def watching(spec: str, operator: bool = True, models: str = CHAT) -> dict[str, Manifest]:
    """Objects of a Monitor by role, all of them right by their schemas."""
    platform = "  platform: {monitoring: prometheus-operator}\n" if operator else ""
    text = f"""\
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {{name: chat, owner: team-a, labels: {{release: prometheus}}}}
spec: {spec}
"""
    files = {**MINIMAL_PROJECT, ENVIRONMENT: MINIMAL_PROJECT[ENVIRONMENT] + platform}
    found = built(MemoryTree({**files, "environments/dev/case.yaml": models + text}), "dev").manifests.manifests
    assert examine_schemas(list(found), "1.37", lambda address, path: None).diagnostics == ()
    return {m.address.role: m for m in found if m.address.spec.kind == "Monitor"}


def rules_in(found: Mapping[str, Manifest]) -> Iterator[Mapping[str, Any]]:
    data = found["rules"].data
    groups = data["spec"]["groups"] if "spec" in data else yaml.safe_load(data["data"]["rules.yaml"])["groups"]
    for group in groups:
        yield from group["rules"]


def alerts_in(found: Mapping[str, Manifest]) -> list[tuple[str, str]]:
    return [(r["alert"], r["labels"].get("window", "")) for r in rules_in(found) if "alert" in r]


def test_both_platforms_evaluate_the_same_rules() -> None:
    spec = "{watch: {llms: [chat]}}"
    operated, plain = watching(spec), watching(spec, operator=False)
    assert list(rules_in(operated)) == list(rules_in(plain))
    assert {m.key.kind for m in operated.values()} == {"PrometheusRule", "PodMonitor", "ConfigMap"}
    assert {m.key.kind for m in plain.values()} == {"ConfigMap"}


def test_a_monitor_is_found_by_the_operator_and_finds_the_pods() -> None:
    found = watching("{watch: {llms: [chat]}, scrape: {interval: 15s}}")
    monitor = found["scrape-llm-chat"]
    assert monitor.data["metadata"]["labels"]["release"] == "prometheus"
    assert monitor.data["spec"]["selector"] == {"matchLabels": {"opsdecl.dev/kind": "LLM", "opsdecl.dev/base": "chat"}}
    endpoint = monitor.data["spec"]["podMetricsEndpoints"][0]
    assert (endpoint["port"], endpoint["path"], endpoint["interval"]) == ("http", "/metrics", "15s")


@pytest.mark.parametrize("operator", [True, False])
def test_an_explainer_beside_a_model_is_not_scraped_for_it(operator: bool) -> None:
    """It has the model's labels, and whether it is up says nothing of the model."""
    spec = "{watch: {models: [fraud]}, scrape: {}}"
    explained = FRAUD.replace("runtime: mlserver", "runtime: mlserver, explain: {explainer: {image: 'e:1'}}")
    alone, beside = (watching(spec, models=text, operator=operator) for text in (FRAUD, explained))
    if operator:
        assert "matchExpressions" not in alone["scrape-model-fraud"].data["spec"]["selector"]
        (without,) = beside["scrape-model-fraud"].data["spec"]["selector"]["matchExpressions"]
        assert without == {"key": "opsdecl.dev/variant", "operator": "NotIn", "values": ["explain"]}
    else:
        dropped = "__meta_kubernetes_pod_label_opsdecl_dev_variant"
        texts = [str([m.data for m in found.values()]) for found in (alone, beside)]
        assert [dropped in text for text in texts] == [False, True]


def test_behind_a_service_each_pod_has_its_own_series_too() -> None:
    found = watching("{watch: {llms: [chat]}, scrape: {by: service}}")
    monitor = found["scrape-llm-chat"]
    assert monitor.key.kind == "ServiceMonitor"
    assert monitor.data["spec"]["selector"] == {"matchLabels": {"opsdecl.dev/kind": "LLM", "opsdecl.dev/base": "chat"}}
    (endpoint,) = monitor.data["spec"]["endpoints"]
    assert endpoint["port"] == "http"
    keep, *labels = endpoint["relabelings"]
    assert keep == {"action": "keep", "sourceLabels": ["__meta_kubernetes_service_name"], "regex": "chat"}
    assert [row["targetLabel"] for row in labels] == ["opsdecl_document", "opsdecl_environment"]


def test_a_percentile_that_cannot_burn_so_fast_has_fewer_alerts() -> None:
    """Of a p90 a tenth may be slower, so at most ten times as many can be; 14.4 times as many cannot."""
    models = CHAT.replace("p95: 800ms", "p90: 800ms")
    found = alerts_in(watching("{watch: {llms: [chat]}}", models=models))
    assert [window for name, window in found if name == "FirstTokenBudgetBurn"] == ["6h", "1d", "3d"]
    assert [window for name, window in found if name == "AvailabilityBudgetBurn"] == ["1h", "6h", "1d", "3d"]


def test_a_models_own_objectives_come_before_those_of_its_monitor() -> None:
    silent = CHAT.replace("name: chat", "name: code").replace(", slo: {ttft: {p95: 800ms}, availability: 99.9%}", "")
    fallback = "{ttft: {p99: 9s}, latency: {p99: 20s}}"
    found = watching(f"{{watch: {{llms: [chat, code]}}, objectives: {{slo: {fallback}}}}}", models=CHAT + silent)
    kept: dict[str, set[str]] = {}
    for rule in rules_in(found):
        if "objective" in rule.get("labels", {}):
            kept.setdefault(rule["labels"]["opsdecl_document"], set()).add(rule["labels"]["objective"])
    assert kept == {"LLM.chat": {"99.9%", "p95 800ms", "p99 20s"}, "LLM.code": {"p99 9s", "p99 20s"}}


def test_labels_choose_what_is_watched() -> None:
    other = CHAT.replace("name: chat", "name: code").replace("tier: gold", "tier: free")
    found = watching("{watch: {labels: {tier: gold}}}", models=CHAT + other)
    assert [role for role in found if role.startswith("scrape")] == ["scrape-llm-chat"]


def test_a_model_that_may_be_gone_raises_no_alarm_when_it_is() -> None:
    sleeping = CHAT.replace("slo:", "replicas: {count: 0}, slo:")
    assert "ModelDown" not in dict(alerts_in(watching("{watch: {llms: [chat]}}", models=sleeping)))
    assert "ModelDown" in dict(alerts_in(watching("{watch: {llms: [chat]}}")))


def test_every_alert_says_whose_it_is_and_what_to_do() -> None:
    found = watching("{watch: {llms: [chat]}, labels: {pager: night}, runbook: 'https://runbooks.example/chat'}")
    for rule in rules_in(found):
        if "alert" in rule:
            assert {"owner": "team-a", "pager": "night", "opsdecl_document": "LLM.chat"}.items() <= rule[
                "labels"
            ].items()
            assert rule["annotations"]["runbook_url"] == "https://runbooks.example/chat"


def test_a_metric_of_another_program_has_an_alert_for_its_absence() -> None:
    alert = "{name: Drift, about: data-drift, metric: drift, exporter: job, labels: {model: x}, above: 0.2}"
    rules = {
        r["alert"]: r for r in rules_in(watching(f"{{watch: {{llms: [chat]}}, alerts: [{alert}]}}")) if "alert" in r
    }
    assert rules["Drift"]["expr"] == 'drift{model="x"} > 0.2'
    assert rules["DriftUnknown"]["expr"] == 'absent(drift{model="x"})'


def test_a_dashboard_begins_with_what_people_look_at_first() -> None:
    found = watching("{watch: {llms: [chat]}, dashboard: {folder: Models}}")["dashboard"].data
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["metadata"]["annotations"] == {"grafana_folder": "Models"}
    picture = json.loads(found["data"]["chat.json"])
    assert [panel["title"] for panel in picture["panels"]][:6] == [
        "LLM.chat",
        "Replicas that answer",
        "Requests per second",
        "Failing now",
        "Error budget left",
        "Time to first token, p95 800ms",
    ]


def test_panels_lie_beside_and_below_each_other_and_never_on_top() -> None:
    picture = json.loads(watching("{watch: {llms: [chat]}}")["dashboard"].data["data"]["chat.json"])
    taken: set[tuple[int, int]] = set()
    for panel in picture["panels"]:
        box = panel["gridPos"]
        assert box["x"] + box["w"] <= 24
        cells = {(x, y) for x in range(box["x"], box["x"] + box["w"]) for y in range(box["y"], box["y"] + box["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_an_object_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a lower bound: the real one takes several hundred models."""
    monkeypatch.setattr(monitor, "LARGEST_BYTES", 2000)
    text = CHAT + "apiVersion: opsdecl.dev/v1\nkind: Monitor\nmetadata: {name: m}\nspec: {watch: {llms: [chat]}}\n"
    opened = open_project(MemoryTree({**MINIMAL_PROJECT, "environments/dev/case.yaml": text}))
    assert opened.value is not None
    found = [d for d in build(opened.value, "dev").diagnostics if d.code.id == "OD440"]
    assert len(found) == 2
    assert "divide them among several Monitors" in found[0].hint
