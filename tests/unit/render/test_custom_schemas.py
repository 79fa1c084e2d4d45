"""Kinds of operators against the definitions that their operators ship: offline, and as strict as the API server."""

import copy
from typing import Any

from opsdecl.addr import Address, ObjectKey, SpecAddress
from opsdecl.diag import Place, SpecPath
from opsdecl.render.schema_store import load_schemas
from opsdecl.render.schema_walk import ANNOTATIONS, KEYWORDS
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tests.support.toolchain import require
from tools.crd_schemas import KINDS, OUTPUT, generated

API, KIND = "leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"
POD = {"containers": [{"name": "server", "image": "x", "resources": {"limits": {"nvidia.com/gpu": 8}}}]}
GROUP: dict[str, Any] = {
    "apiVersion": API,
    "kind": KIND,
    "metadata": {"name": "chat-group", "namespace": "assist", "labels": {"a": "b"}},
    "spec": {
        "replicas": 2,
        "rolloutStrategy": {"type": "RollingUpdate", "rollingUpdateConfiguration": {"maxUnavailable": "25%"}},
        "leaderWorkerTemplate": {"size": 2, "workerTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": POD}},
    },
}


def findings(data: dict[str, Any], *others: dict[str, Any]) -> list[str]:
    manifests = [
        Manifest(Address(SpecAddress("LLM", f"chat{n}"), "main", "group"), ObjectKey(API, KIND, "a", "b"), "", each, {})
        for n, each in enumerate((data, *others))
    ]

    def place_of(address: SpecAddress, path: SpecPath) -> Place:
        return Place("chat.yaml", 0, path)

    return [found.message for found in examine_schemas(manifests, "1.37", place_of).diagnostics]


def changed(value: Any, *path: Any) -> dict[str, Any]:
    data = copy.deepcopy(GROUP)
    inner: Any = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return data


def test_what_is_right_has_no_finding_and_is_not_called_unchecked() -> None:
    assert findings(GROUP) == []


def test_what_the_definition_refuses_is_found_offline() -> None:
    template = ("spec", "leaderWorkerTemplate")
    wrong = {
        "a field that is dropped": changed(2, *template, "sizes"),
        "a missing field": changed({"size": 2}, *template),
        "a choice that is not there": changed("Sometimes", *template, "restartPolicy"),
        "another type": changed("two", *template, "size"),
        "deep in the pod": changed("yes", *template, "workerTemplate", "spec", "hostNetwork"),
        "metadata as Kubernetes has it": changed({"a": 1}, "metadata", "labels"),
    }
    for what, data in wrong.items():
        assert len(found := findings(data)) == 1, (what, found)


def test_a_choice_is_looked_at_in_every_object() -> None:
    """Two objects that differ in a text alone, of which one is wrong, are not taken for the same."""
    right = changed("None", "spec", "leaderWorkerTemplate", "restartPolicy")
    wrong = changed("Sometimes", "spec", "leaderWorkerTemplate", "restartPolicy")
    assert len(findings(right, wrong)) == 1


def test_the_schemas_use_no_keyword_that_the_walk_does_not_know() -> None:
    def keywords(schema: Any) -> set[str]:
        if not isinstance(schema, dict):
            return set()
        inner = [schema.get("items"), schema.get("additionalProperties"), *schema.get("properties", {}).values()]
        return schema.keys() | {word for child in inner for word in keywords(child)}

    schemas = load_schemas("1.37")
    assert schemas is not None
    schema = schemas.of(API, KIND)
    assert schema is not None
    assert {word for word in keywords(schema) if not word.startswith("x-")} <= KEYWORDS | ANNOTATIONS


def test_files_are_what_the_definitions_say() -> None:
    folder = require("k8s/kubectl") / "crds"
    made = dict(generated(folder))
    kinds = {kind.lower() for found in KINDS.values() for kind in found}
    assert {name.partition("-")[0] for name in made} == kinds
    assert {name: (OUTPUT / name).read_text() for name in made} == made
    assert sorted(file.name for file in OUTPUT.iterdir()) == sorted(made)
