"""Rules in CEL of operators' definitions: those that their API server would refuse objects by, offline."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import json

from opsdecl.addr import Address, ObjectKey, SpecAddress
from opsdecl.cel import functions
from opsdecl.cel.engine import compile_expression
from opsdecl.cel.syntax import ExpressionError
from opsdecl.diag import Diagnostic, Place, SpecPath
from opsdecl.render.schema_rules import escaped, holds, seen_by_rules
from opsdecl.render.schema_store import RULES, load_schemas
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tests.support.broken_rules import CHANGES, GOLDEN, Change, broken, golden_object
from tools.crd_schemas import OUTPUT, shortened

WITHOUT_ANSWER: frozenset[str] = frozenset()
"""Rules of the definitions here that need what the library lacks: they are left to the API server."""


def found(data: dict[str, Any]) -> tuple[Diagnostic, ...]:
    key = ObjectKey(data["apiVersion"], data["kind"], "a", data["metadata"]["name"])
    manifest = Manifest(Address(SpecAddress("LLM", "chat"), "main", "x"), key, "", data, {(): ("spec",)})

    def place_of(address: SpecAddress, path: SpecPath) -> Place:
        return Place("chat.yaml", 0, path)

    return examine_schemas([manifest], "1.37", place_of).diagnostics


def golden_objects() -> Iterator[tuple[Path, dict[str, Any]]]:
    for file in sorted(GOLDEN.rglob("*.yaml")):
        for data in yaml.load_all(file.read_text(), yaml.CSafeLoader):
            if isinstance(data, dict) and isinstance(data.get("metadata"), dict) and "kind" in data:
                yield file, data


def rules_in(schema: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Each rule with the schema that it stands in."""
    yield from ((schema, rule["rule"]) for rule in schema.get(RULES, ()))
    for child in children(schema):
        yield from rules_in(child)


def children(schema: Any) -> list[Any]:
    inner = [schema.get("items"), schema.get("additionalProperties"), *schema.get("properties", {}).values()]
    return [child for child in inner if isinstance(child, dict)]


def bundled() -> dict[str, Any]:
    return {file.name: json.decode(file.read_bytes())["schema"] for file in sorted(OUTPUT.iterdir())}


def lacks(rule: str) -> bool:
    try:
        calls = compile_expression(rule).usage.calls
    except ExpressionError:
        return True
    return any(call.function[0].isalpha() and call.function not in functions.KNOWN | {"in"} for call in calls)


def test_which_rules_are_left_to_the_api_server() -> None:
    rules = {rule for schema in bundled().values() for _, rule in rules_in(schema)}
    assert {rule for rule in rules if lacks(rule)} == WITHOUT_ANSWER
    assert len(rules) > 100
    assert lacks("self.name.find('a') == ''")
    assert lacks("oldSelf.?a.orValue(1) == 1")


def test_every_golden_object_keeps_the_rules_of_its_kind() -> None:
    """And each rule gives an answer: one that gave none would be passed over in silence."""
    schemas = load_schemas("1.37")
    assert schemas is not None
    answers: Counter[bool | None] = Counter()
    kinds = set()
    for file, data in golden_objects():
        if schemas.has_rules(data["apiVersion"], data["kind"]):
            kinds.add(data["kind"])
            assert [each.message for each in found(data)] == [], file
            schema = schemas.of(data["apiVersion"], data["kind"])
            answers.update(answers_in(schema, seen_by_rules(schema or {}, data)))
    assert kinds >= {
        "HTTPRoute",
        "InferencePool",
        "JobSet",
        "LLMInferenceService",
        "RayJob",
        "ScaledObject",
        "TrainJob",
    }
    assert set(answers) == {True}
    assert answers[True] > 100


def answers_in(schema: Any, seen: Any) -> Iterator[bool | None]:
    yield from (holds(rule["rule"], seen) for rule in schema.get(RULES, ()))
    if isinstance(seen, dict):
        for name, child in schema.get("properties", {}).items():
            if escaped(name) in seen:
                yield from answers_in(child, seen[escaped(name)])
    if isinstance(seen, list):
        for item in seen:
            yield from answers_in(schema.get("items", {}), item)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_breaks_a_rule_is_refused_offline(change: Change) -> None:
    assert found(golden_object(change.file, change.kind)) == ()
    (finding,) = found(broken(change))
    assert finding.code.id == "OD411"
    name = f"{change.kind} a/{broken(change)['metadata']['name']}"
    where = change.at or "the object"
    assert finding.message == f"`{where}` of {name} breaks a rule of its kind: {change.message}"
    assert finding.at is not None
    assert finding.hint.startswith("the rule is `")


def test_names_as_expressions_spell_them() -> None:
    names = ("namespace", "in", "a-b", "a.b/c", "x__y", "_x", "size")
    spelt = ["__namespace__", "__in__", "a__dash__b", "a__dot__b__slash__c", "x__underscores__y", "_x", "size"]
    assert [escaped(name) for name in names] == spelt


def test_what_gives_no_answer_is_passed_over() -> None:
    assert holds("self.a == 1", {}) is None
    assert holds("self.find('a') == ''", "b") is None
    assert holds("self +", 1) is None
    assert holds("self", "text") is None
    assert holds("self > 1", 1) is False


def test_rules_see_defaults_inside_of_mappings_that_are_there() -> None:
    ratio = {"type": "number", "default": 1}
    inner = {"type": "object", "properties": {"my-ratio": ratio}}
    schema = {"type": "object", "properties": {"there": inner, "absent": inner, "made": {**inner, "default": {}}}}
    seen = seen_by_rules(schema, {"there": {}})
    assert seen == {"there": {"my__dash__ratio": 1.0}, "made": {"my__dash__ratio": 1.0}}
    assert isinstance(seen["made"]["my__dash__ratio"], float)
    keys = {"type": "object", "additionalProperties": inner}
    assert seen_by_rules(keys, {"in": {}}) == {"in": {"my__dash__ratio": 1.0}}


def test_transition_rules_are_not_kept_and_unknown_words_are_not_ignored() -> None:
    kept = shortened({"type": "string", RULES: [{"rule": "self == oldSelf", "message": "immutable"}]})
    assert kept == {"type": "string"}
    with pytest.raises(ValueError, match="fieldPath"):
        shortened({"type": "string", RULES: [{"rule": "self == 'a'", "message": "a", "fieldPath": ".b"}]})
