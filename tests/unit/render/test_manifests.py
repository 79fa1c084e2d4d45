"""Graph to manifests: complete objects, collisions, patches, versions."""

from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.addr import ObjectKey
from opsdecl.compile.types import Graph
from opsdecl.render.manifests import render
from opsdecl.render.places import placer
from opsdecl.render.schemas import check_schemas
from opsdecl.render.types import Manifest, ManifestSet
from tests.unit.lower.builders import CHAT, FRAUD, address, document, graph


def rendered(graph_: Graph) -> ManifestSet:
    result = render(graph_)
    assert result.diagnostics == ()
    assert result.value is not None
    return result.value


def patched(target: str, path: str, value: str) -> tuple[dict[str, Manifest], list[str], list[Any]]:
    changes = f"spec: {{patches: [{{target: {target}, path: '{path}', value: {value}, reason: Test.}}]}}"
    result = render(graph(document("LLM", CHAT, changes)))
    assert result.value is not None
    by_role = {manifest.address.role: manifest for manifest in result.value.manifests}
    return by_role, [d.code.id for d in result.diagnostics], [getattr(d.at, "path", None) for d in result.diagnostics]


def test_objects_are_complete_and_sorted_by_address() -> None:
    manifests = rendered(graph(document("Model", FRAUD), document("LLM", CHAT)))
    addresses = [str(manifest.address) for manifest in manifests.manifests]
    assert addresses == sorted(addresses)
    assert [str(view.address) for view in manifests.documents] == ["LLM.chat", "Model.fraud"]
    for manifest in manifests.manifests:
        data = manifest.data
        assert (data["apiVersion"], data["kind"]) == (manifest.key.api_version, manifest.key.kind)
        assert (data["metadata"]["name"], data["metadata"]["namespace"]) == (manifest.key.name, manifest.key.namespace)


def test_the_order_of_documents_does_not_matter() -> None:
    chat, fraud = document("LLM", CHAT), document("Model", FRAUD)
    assert rendered(graph(chat, fraud)).digest == rendered(graph(fraud, chat)).digest


def test_an_origin_leads_from_the_object_to_the_field_that_a_person_wrote() -> None:
    manifests = rendered(graph(document("LLM", CHAT)))
    deployment = next(m for m in manifests.manifests if m.address.role == "deployment")
    arguments = deployment.data["spec"]["template"]["spec"]["containers"][0]["args"]
    at = arguments.index("--max-model-len=16384")
    path = ("spec", "template", "spec", "containers", 0, "args", at)
    assert deployment.origin(path) == ("spec", "engine", "maxModelLen")
    assert deployment.origin((*path[:-1], arguments.index("--seed=0"))) == ("runtime", "args", "seed")


def test_two_resources_with_one_key_are_an_error_that_names_both() -> None:
    whole = graph(document("LLM", CHAT), document("Model", FRAUD))
    key = ObjectKey("v1", "Service", "assist", "chat")
    resources = tuple(
        replace(r, key=key) if r.address == address("Model.fraud/main/service") else r for r in whole.resources
    )
    result = render(replace(whole, resources=resources))
    assert [d.code.id for d in result.diagnostics] == ["OD401"]
    assert "Model.fraud and LLM.chat both make Service assist/chat" in result.diagnostics[0].message
    assert getattr(result.diagnostics[0].at, "file", "") == "fraud.yaml"
    assert [getattr(related.at, "file", "") for related in result.diagnostics[0].related] == ["chat.yaml"]


def test_a_patch_sets_its_field_and_owns_it() -> None:
    by_role, codes, _ = patched("deployment", "spec.template.spec.hostNetwork", "true")
    deployment = by_role["deployment"]
    assert codes == []
    assert deployment.data["spec"]["template"]["spec"]["hostNetwork"] is True
    assert deployment.origin(("spec", "template", "spec", "hostNetwork")) == ("spec", "patches", 0, "value")


def test_a_patch_can_go_into_a_list_and_append_to_it() -> None:
    by_role, codes, _ = patched("deployment", "spec.template.spec.containers[0].image", "other:1")
    assert codes == []
    assert by_role["deployment"].data["spec"]["template"]["spec"]["containers"][0]["image"] == "other:1"
    by_role, codes, _ = patched("deployment", "spec.template.spec.containers[1].name", "sidecar")
    assert codes == []
    assert [c["name"] for c in by_role["deployment"].data["spec"]["template"]["spec"]["containers"]] == [
        "server",
        "sidecar",
    ]


def test_a_patch_changes_no_other_object() -> None:
    plain = {m.address: m.digest for m in rendered(graph(document("LLM", CHAT))).manifests}
    by_role, _, _ = patched("service", "spec.internalTrafficPolicy", "Local")
    changed = [m.address.role for m in by_role.values() if m.digest != plain[m.address]]
    assert changed == ["service"]


def test_a_patched_value_of_the_wrong_type_is_found_at_the_patch() -> None:
    whole = graph(
        document("LLM", CHAT, "spec: {patches: [{target: service, path: spec.type, value: 3, reason: Test.}]}")
    )
    findings = check_schemas(rendered(whole).manifests, "1.37", placer(whole))
    assert [(d.code.id, getattr(d.at, "path", None)) for d in findings] == [("OD411", ("spec", "patches", 0, "value"))]


@pytest.mark.parametrize(
    ("target", "path", "value", "code", "field"),
    [
        ("deploymnet", "spec.paused", "true", "OD421", "target"),
        ("deployment", "spec.pausd", "true", "OD422", "path"),
        ("deployment", "spec.template.spec.containers[4].image", "x", "OD422", "path"),
        ("deployment", "spec.template.spec.containers[0].args[99]", "x", "OD422", "path"),
        ("deployment", "metadata.name", "x", "OD423", "path"),
        ("deployment", "metadata", "{}", "OD423", "path"),
        ("deployment", "spec.template", "{}", "OD423", "path"),
        ("deployment", "spec.template.metadata.labels", "{}", "OD423", "path"),
        ("deployment", 'spec.template.metadata.labels["opsdecl.dev/base"]', "x", "OD423", "path"),
        ("service", "spec.selector.app", "x", "OD423", "path"),
        ("network-policy", "spec.podSelector", "{}", "OD423", "path"),
        ("deployment", "spec.minReadySeconds", str(2**60), "OD402", "value"),
    ],
)
def test_a_patch_that_cannot_be_applied_is_reported_and_left_out(
    target: str, path: str, value: str, code: str, field: str
) -> None:
    plain = {m.address: m.digest for m in rendered(graph(document("LLM", CHAT))).manifests}
    by_role, codes, places = patched(target, path, value)
    assert (codes, places) == ([code], [("spec", "patches", 0, field)])
    assert {m.address: m.digest for m in by_role.values()} == plain


def test_nulls_inside_a_patched_value_are_dropped() -> None:
    by_role, codes, _ = patched("service", "spec.sessionAffinityConfig", "{clientIP: {timeoutSeconds: 10, x: null}}")
    assert codes == []
    assert by_role["service"].data["spec"]["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10}}


def test_an_unknown_version_of_kubernetes_is_reported_once() -> None:
    result = render(graph(document("LLM", CHAT), environment_changes="kubernetes: '1.99'"))
    assert [d.code.id for d in result.diagnostics] == ["OD413"]
    assert "1.37" in result.diagnostics[0].hint
