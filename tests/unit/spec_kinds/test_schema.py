"""JSON Schemas against documents."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from opsdecl.spec.kinds import KINDS
from opsdecl.spec.schema import COMBINED, all_schemas

Errors = Callable[[str, Any], list[str]]


@pytest.fixture(scope="module")
def schemas() -> Mapping[str, Any]:
    return all_schemas()


@pytest.fixture(scope="module")
def errors(jsonschema: Any, schemas: Mapping[str, Any]) -> Errors:
    """Where a document does not fit the schema of that name."""

    def found(name: str, document: Any) -> list[str]:
        validator = jsonschema.Draft202012Validator(schemas[name])
        return [error.json_path for error in validator.iter_errors(document)]

    return found


@pytest.mark.parametrize("name", [*(f"{kind.lower()}.schema.json" for kind in KINDS), COMBINED])
def test_each_is_a_schema(name: str, jsonschema: Any, schemas: Mapping[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(schemas[name])


def test_there_are_no_other_schemas(schemas: Mapping[str, Any]) -> None:
    assert set(schemas) == {*(f"{kind.lower()}.schema.json" for kind in KINDS), COMBINED}


@pytest.mark.parametrize("kind", KINDS)
def test_examples_are_valid(kind: str, errors: Errors) -> None:
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
def test_invalid_documents_are_refused_where_they_are_wrong(spec: str, path: str, errors: Errors) -> None:
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
def test_editors_accept_overlays(spec: str, errors: Errors) -> None:
    assert errors(COMBINED, chat(spec)) == []


def test_editors_refuse_misspelt_fields_of_overlays(errors: Errors) -> None:
    assert errors(COMBINED, chat("{reolicas: {count: 2}}")) != []
    assert errors(COMBINED, {**chat("{}"), "kind": "LMM"}) != []


def test_a_whole_document_needs_its_fields(errors: Errors) -> None:
    assert errors("llm.schema.json", chat("{replicas: {count: 2}}")) == ["$.spec", "$.spec"]


def test_schemas_say_what_a_change_means(schemas: Mapping[str, Any]) -> None:
    engine = schemas["llm.schema.json"]["$defs"]["Engine"]["properties"]
    assert engine["dtype"]["x-opsdecl-effect"]["class"] == "behaviour"
    scheduling = schemas["llm.schema.json"]["$defs"]["Scheduling"]["properties"]
    assert scheduling["tolerations"]["x-merge-key"] == "key"
