"""Fields that do nothing in a place."""

from typing import Any

import pytest
import yaml

from opsdecl.spec.fields import field_info, no_effect_rules
from opsdecl.spec.kinds import KINDS
from opsdecl.spec.no_effect import NO_EFFECT

BASE = {"model": "llama-3.1-8b-instruct", "runtime": "vllm"}


def llm(spec: str) -> Any:
    document = {"apiVersion": "opsdecl.dev/v1", "kind": "LLM", "metadata": {"name": "chat"}}
    return KINDS["LLM"].model.model_validate({**document, "spec": {**BASE, **yaml.safe_load(spec)}})


def environment(spec: str = "{}") -> Any:
    document = {"apiVersion": "opsdecl.dev/v1", "kind": "Environment", "metadata": {"name": "prod"}}
    return KINDS["Environment"].model.model_validate({**document, "spec": yaml.safe_load(spec)})


def runtime(engine: str = "vllm") -> Any:
    document = {"apiVersion": "opsdecl.dev/v1", "kind": "Runtime", "metadata": {"name": "vllm"}}
    return KINDS["Runtime"].model.model_validate(
        {**document, "spec": {"engine": engine, "version": "1.0", "image": "x:1"}}
    )


def reasons(spec: str, env: str = "{}", engine: str = "vllm") -> dict[str, str]:
    model, place, server = llm(spec), environment(env), runtime(engine)
    answers = {".".join(map(str, rule.path[1:])): rule.applies(model, place, server) for rule in no_effect_rules("LLM")}
    return {path: reason for path, reason in answers.items() if reason}


@pytest.mark.parametrize(
    ("spec", "env", "engine", "expected"),
    [
        ("rollout: {trafficPercent: 5}", "{}", "vllm", {"rollout.trafficPercent": "rollout.strategy is `auto`"}),
        ("rollout: {strategy: canary, trafficPercent: 5}", "{}", "vllm", {}),
        (
            "rollout: {strategy: recreate, maxSurge: 1}",
            "{}",
            "vllm",
            {"rollout.maxSurge": "rollout.strategy is `recreate`"},
        ),
        ("rollout: {strategy: rolling, maxSurge: 1}", "{}", "vllm", {}),
        (
            "replicas: {min: 1, max: 2, target: {metric: cpu, value: 80}}",
            "platform: {scaling: none}",
            "vllm",
            dict.fromkeys(("replicas.target", "replicas.max"), "platform.scaling is `none` in prod"),
        ),
        ("replicas: {min: 1, max: 2}", "{}", "vllm", {"replicas.max": "replicas.target is not set, so nothing scales"}),
        (
            "weights: {cache: {type: pvc, claim: x, size: 1Gi}}",
            "{}",
            "vllm",
            {"weights.cache.size": "weights.cache.claim names an existing volume"},
        ),
        (
            "parsers: {tool: hermes}",
            "{}",
            "custom",
            {"parsers": "the engine `custom` of runtime `vllm` has no such setting"},
        ),
        ("parsers: {tool: hermes}", "{}", "sglang", {}),
        ("rdma: {resource: rdma/hca}", "{}", "vllm", {"rdma": "the model has no accelerator"}),
        (
            "access: {from: [{namespace: a}]}",
            "networkPolicy: {enabled: false}",
            "vllm",
            {"access": "networkPolicy.enabled is false in prod"},
        ),
        (
            "weights: {offline: true, source: {type: hub, token: {secret: a, key: b}}, cache: {type: pvc, claim: c}}",
            "{}",
            "vllm",
            {"weights.source.token": "weights.offline is true, so the hub is never asked"},
        ),
        ("weights: {source: {type: s3, uri: 's3://b/p', endpoint: 'http://minio:9000'}}", "{}", "vllm", {}),
    ],
)
def test_reasons(spec: str, env: str, engine: str, expected: dict[str, str]) -> None:
    assert reasons(spec, env, engine) == expected


def test_defaults_are_never_without_effect() -> None:
    assert reasons("{}", "platform: {scaling: none}", "custom") == {}


def test_every_rule_is_about_a_field_that_exists() -> None:
    assert [rule.path for rule in NO_EFFECT if field_info(rule.kind, rule.path) is None] == []
