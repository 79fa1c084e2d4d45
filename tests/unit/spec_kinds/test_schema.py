"""JSON Schemas against documents."""

from typing import Any

import jsonschema
import pytest
import yaml

from opsdecl.spec.kinds import KINDS
from opsdecl.spec.schema import COMBINED, all_schemas

SCHEMAS = all_schemas()


def errors(name: str, document: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMAS[name])
    return [error.json_path for error in validator.iter_errors(document)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("kind", KINDS)
def test_examples_are_valid(kind: str) -> None:
    example = yaml.safe_load(KINDS[kind].example)
    assert errors(f"{kind.lower()}.schema.json", example) == []
    assert errors(COMBINED, example) == []


def chat(spec: str) -> dict[str, Any]:
    metadata = {"apiVersion": "opsdecl.dev/v1", "kind": "LLM", "metadata": {"name": "chat"}}
    return {**metadata, "spec": yaml.safe_load(spec)}


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("{reolicas: 1}", "$.spec"),
        ("{engine: {maxModelLen: 8k}}", "$.spec.engine.maxModelLen"),
        ("{engine: {gpuMemoryUtilization: 1.5}}", "$.spec.engine.gpuMemoryUtilization"),
        ("{rollout: {strategy: blue}}", "$.spec.rollout.strategy"),
        ("{drain: {longestGeneration: 60}}", "$.spec.drain"),
        ("{weights: {source: {type: hub, claim: x}}}", "$.spec.weights.source"),
    ],
)
def test_invalid_documents_are_refused_where_they_are_wrong(spec: str, path: str) -> None:
    whole = chat(spec)
    whole["spec"].update(model="llama-3.1-8b-instruct", runtime="vllm")
    assert errors("llm.schema.json", whole) == [path]


@pytest.mark.parametrize(
    "spec",
    [
        "{replicas: {count: 2}}",
        "{replicas: null}",
        "{engine: {maxModelLen: '${{ vars.length }}'}}",
        "{accelerator: {count: 2}}",
        "{scheduling: {tolerations: [{key: nvidia.com/gpu, $delete: true}]}}",
        "{rollout: {strategy: '${{ vars.strategy }}'}}",
    ],
)
def test_editors_accept_overlays(spec: str) -> None:
    assert errors(COMBINED, chat(spec)) == []


def test_editors_refuse_misspelt_fields_of_overlays() -> None:
    assert errors(COMBINED, chat("{reolicas: {count: 2}}")) != []
    assert errors(COMBINED, {**chat("{}"), "kind": "LMM"}) != []


def test_a_whole_document_needs_its_fields() -> None:
    assert errors("llm.schema.json", chat("{replicas: {count: 2}}")) == ["$.spec", "$.spec"]


def test_schemas_say_what_a_change_means() -> None:
    engine = SCHEMAS["llm.schema.json"]["$defs"]["Engine"]["properties"]
    assert engine["dtype"]["x-opsdecl-effect"]["class"] == "behaviour"
    scheduling = SCHEMAS["llm.schema.json"]["$defs"]["Scheduling"]["properties"]
    assert scheduling["tolerations"]["x-merge-key"] == "key"
