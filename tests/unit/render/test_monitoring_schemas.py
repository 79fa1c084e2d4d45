"""Objects of the Prometheus Operator against the definitions that it ships, bounds and patterns included."""

import json
from typing import Any

import pytest

from opsdecl.addr import Address, ObjectKey, SpecAddress
from opsdecl.diag import Place, SpecPath
from opsdecl.render.schema_walk import ANNOTATIONS, KEYWORDS
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tools.crd_schemas import OUTPUT

FILES = sorted(OUTPUT.glob("*monitoring.coreos.com*.json"))


def rule_with(**fields: Any) -> dict[str, Any]:
    rule = {"alert": "Slow", "expr": "up == 0", "for": "2m", **fields}
    return {"groups": [{"name": "chat", "rules": [rule]}]}


def messages(kind: str, spec: Any) -> list[str]:
    """What is found in one object, which is looked at twice."""
    key = ObjectKey("monitoring.coreos.com/v1", kind, "assist", "chat")
    data = {"apiVersion": key.api_version, "kind": kind, "metadata": {"name": "chat"}, "spec": spec}
    manifest = Manifest(Address(SpecAddress("Monitor", "chat"), "main", "rules"), key, "", data, {})

    def place_of(address: SpecAddress, path: SpecPath) -> Place:
        return Place("chat.yaml", 0, path)

    report = examine_schemas([manifest, manifest], "1.37", place_of)
    assert not report.unchecked
    assert {finding.code.id for finding in report.diagnostics} <= {"OD411"}
    return [finding.message for finding in report.diagnostics]


@pytest.mark.parametrize("expression", ["up == 0", 1])
def test_a_good_rule_passes(expression: str | int) -> None:
    assert messages("PrometheusRule", rule_with(expr=expression)) == []


@pytest.mark.parametrize(
    ("kind", "spec", "words"),
    [
        ("PrometheusRule", rule_with(severity="page"), "`spec.groups[0].rules[0].severity`"),
        ("PrometheusRule", rule_with(expr=[1]), "must be a whole number or text"),
        ("PrometheusRule", rule_with(**{"for": "two minutes"}), "must match"),
        ("PrometheusRule", {"groups": [{"name": "", "rules": []}]}, "must have at least 1 characters"),
        ("PrometheusRule", {"groups": [{"name": "a"}, {"name": "a"}]}, "is a second entry with the name `a`"),
        ("PodMonitor", {"podMetricsEndpoints": []}, "needs `selector`"),
        ("PodMonitor", {"selector": {}, "podMetricsEndpoints": [{"portNumber": 65536}]}, "must be at most 65535"),
        ("PodMonitor", {"selector": {}, "podMetricsEndpoints": [{"scheme": "ftp"}]}, "must be one of http, https"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(kind: str, spec: Any, words: str) -> None:
    assert words in "".join(messages(kind, spec)[:1])


def test_the_schemas_use_no_keyword_that_the_walk_does_not_know() -> None:
    assert FILES
    for file in FILES:
        used = _keywords(json.loads(file.read_text())["schema"])
        assert {word for word in used if not word.startswith("x-")} <= KEYWORDS | ANNOTATIONS, file.name


def _keywords(schema: dict[str, Any]) -> set[str]:
    inner = [*schema.get("properties", {}).values(), *schema.get("oneOf", ())]
    inner += [schema[single] for single in ("items", "additionalProperties") if isinstance(schema.get(single), dict)]
    return set(schema).union(*map(_keywords, inner))
