"""Objects against Kubernetes' published schemas: all that a general validator finds, at the person's line."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdecl.addr import Address, ObjectKey, SpecAddress
from opsdecl.diag import Place, SpecPath
from opsdecl.render.schema_store import known_versions, load_schemas, supported_versions
from opsdecl.render.schema_walk import ANNOTATIONS, KEYWORDS, find_field, violations
from opsdecl.render.schemas import examine_schemas, shape_of
from opsdecl.render.types import Manifest

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "chat", "namespace": "assist", "labels": {"a": "b"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"a": "b"}},
        "strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "25%"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "image": "x",
                        "args": ["--a"],
                        "ports": [{"containerPort": 8000}],
                        "resources": {"limits": {"cpu": "2", "nvidia.com/gpu": 1}},
                    }
                ],
                "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}}],
                "terminationGracePeriodSeconds": 60,
            },
        },
    },
}
CHAT = SpecAddress("LLM", "chat")


@pytest.fixture(scope="module")
def general(jsonschema: Any) -> Any:
    """A validator that knows all of JSON Schema."""
    from referencing import Registry, Resource

    schemas = load_schemas("1.37")
    assert schemas
    registry: Any = Registry()
    for name in ("_definitions.json", "deployment-apps-v1.json"):
        registry = Resource.from_contents(json.loads((schemas.folder / name).read_bytes())) @ registry
    return jsonschema.Draft202012Validator(dict(schemas.of("apps/v1", "Deployment") or {}), registry=registry)


def manifest(
    data: Mapping[str, Any], origins: Mapping[SpecPath, SpecPath] | None = None, name: str = "chat"
) -> Manifest:
    key = ObjectKey(data["apiVersion"], data["kind"], "assist", name)
    return Manifest(Address(CHAT, "main", "deployment"), key, "", data, origins or {})


def place_of(address: SpecAddress, path: SpecPath) -> Place:
    return Place("chat.yaml", 0, path)


def test_the_current_version_and_two_earlier_ones_are_known() -> None:
    assert supported_versions("1.37") == ("1.37", "1.36", "1.35")
    assert set(supported_versions("1.37")) <= set(known_versions())


@pytest.mark.parametrize("version", supported_versions("1.37"))
def test_a_good_object_passes_and_a_wrong_one_is_shown_at_its_origin(version: str) -> None:
    wrong = copy.deepcopy(DEPLOYMENT)
    wrong["spec"]["template"]["spec"]["hostNetwrok"] = True
    origins: dict[SpecPath, SpecPath] = {("spec", "template", "spec", "hostNetwrok"): ("spec", "patches", 0, "value")}
    report = examine_schemas([manifest(DEPLOYMENT), manifest(wrong, origins)], version, place_of)
    assert [d.code.id for d in report.diagnostics] == ["OD411"]
    finding = report.diagnostics[0]
    assert finding.at == Place("chat.yaml", 0, ("spec", "patches", 0, "value"))
    assert "`spec.template.spec.hostNetwrok` of Deployment assist/chat" in finding.message
    assert finding.hint == "did you mean `hostNetwork`?"


def test_each_shape_is_checked_once_and_every_wrong_object_is_named() -> None:
    good = [manifest({**DEPLOYMENT, "metadata": {"name": f"n{i}"}}, name=f"n{i}") for i in range(20)]
    bad = [manifest({**DEPLOYMENT, "spec": 1}, name=f"b{i}") for i in range(3)]
    report = examine_schemas([*good, *bad], "1.37", place_of)
    assert (report.objects, report.shapes) == (23, 4)
    assert [d.message.split("/")[1].split(" ")[0] for d in report.diagnostics] == ["b0", "b1", "b2"]


def test_a_kind_without_schema_is_noted_once() -> None:
    custom = {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "x"}}
    report = examine_schemas([manifest(custom), manifest(custom, name="y")], "1.37", place_of)
    assert [(d.code.id, d.severity.word) for d in report.diagnostics] == [("OD412", "note")]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("spec", "replicas"), "2", "must be a whole number, not `'2'`"),
        (("spec", "replicas"), 3_000_000_000, "must fit in 32 bits"),
        (("spec", "replicas"), 1.5, "must be a whole number"),
        (("spec", "paused"), 1, "must be true or false, not `1`"),
        (("spec", "template", "spec", "containers", 0, "name"), None, "must be text"),
        (("spec", "template", "spec", "containers", 0, "resources", "limits", "cpu"), [1], "text or a number"),
        (("spec", "template", "spec", "containers"), {"a": 1}, "must be a list, not a mapping"),
        (("spec", "selector"), {}, None),
        (("metadata", "labels", "c"), 1, "must be text"),
        (("kind",), "Deploy", "must be one of Deployment"),
    ],
)
def test_what_is_wrong_is_said_in_words(path: SpecPath, value: Any, words: str | None) -> None:
    data: Any = copy.deepcopy(DEPLOYMENT)
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    schemas = load_schemas("1.37")
    assert schemas
    schema = schemas.of("apps/v1", "Deployment")
    assert schema
    found = list(violations(schemas, schema, data))
    assert [violation.path for violation in found] == ([path] if words else [])
    assert all(str(words) in violation.message for violation in found)


@pytest.mark.parametrize("version", supported_versions("1.37"))
def test_published_schemas_use_no_keyword_that_the_walk_ignores(version: str) -> None:
    schemas = load_schemas(version)
    assert schemas
    assert schemas.judges_by_type
    used = set(_keywords(schemas.definitions))
    assert {word for word in used if not word.startswith("x-")} <= KEYWORDS | ANNOTATIONS


def _keywords(definitions: Mapping[str, Any]) -> Iterator[str]:
    for schema in definitions.values():
        yield from schema
        yield from _keywords(schema.get("properties", {}))
        for single in (schema.get("items"), schema.get("additionalProperties")):
            if isinstance(single, dict):
                yield from _keywords({"": single})
        for branch in schema.get("oneOf", ()):
            yield from _keywords({"": branch})


leaves = st.sampled_from([None, True, 1, 2**40, 1.5, "text", "", [], {}, ["a"], {"name": "x"}, [{"name": "x"}]])


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_the_walk_agrees_with_a_general_validator(general: Any, data: st.DataObject) -> None:
    """Random damage to a good object: both judge alike (integer widths apart, which JSON Schema leaves open)."""
    broken, _ = damaged(data)
    schemas = load_schemas("1.37")
    assert schemas
    schema = schemas.of("apps/v1", "Deployment")
    assert schema
    ours = [v for v in violations(schemas, schema, broken) if "must fit" not in v.message]
    assert bool(ours) != general.is_valid(broken)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_objects_of_one_shape_get_one_verdict(data: st.DataObject) -> None:
    """If damage leaves the shape as it was, the damaged object is still good."""
    broken, path = damaged(data)
    schemas = load_schemas("1.37")
    assert schemas
    schema = schemas.of("apps/v1", "Deployment")
    assert schema
    if shape_of(broken) == shape_of(DEPLOYMENT):
        assert not list(violations(schemas, schema, broken)), path


def damaged(data: st.DataObject) -> tuple[dict[str, Any], SpecPath]:
    broken = copy.deepcopy(DEPLOYMENT)
    path = data.draw(st.sampled_from([p for p in _paths(broken, ()) if p and p != ("apiVersion",) and p != ("kind",)]))
    inner: Any = broken
    for part in path[:-1]:
        inner = inner[part]
    if data.draw(st.booleans()) or isinstance(path[-1], int):
        inner[path[-1]] = data.draw(leaves)
    else:
        inner[data.draw(st.sampled_from(["hostNetwork", "unknown", "name"]))] = inner.pop(path[-1])
    return broken, path


def _paths(value: Any, path: SpecPath) -> Iterator[SpecPath]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


@pytest.mark.parametrize(
    ("path", "known"),
    [
        (("spec", "template", "spec", "hostNetwork"), True),
        (("spec", "template", "spec", "containers", 0, "args", 3), True),
        (("metadata", "annotations", "any.thing/at-all"), True),
        (("spec", "template", "spec", "hostNetwrok"), False),
        (("spec", "template", "spec", "containers", "main"), False),
        (("spec", "replicas", "x"), False),
        (("spec", "replicas", 0), False),
    ],
)
def test_paths_lead_to_fields_or_not(path: SpecPath, known: bool) -> None:
    schemas = load_schemas("1.37")
    assert schemas
    assert (find_field(schemas, schemas.of("apps/v1", "Deployment") or {}, path) is None) is known
