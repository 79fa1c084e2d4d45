"""The Pulumi projection describes the same objects as the manifests."""

import json
import subprocess
import sys

import pytest
from msgspec.structs import replace

from opsdecl.render.manifests import render
from opsdecl.render.types import ManifestSet
from opsdecl.targets.pulumi.registration import RegisteredResource, register
from tests.unit.lower.builders import CHAT, FRAUD, document, graph

pytestmark = pytest.mark.pulumi

EXAMPLES = {
    "llm": ("LLM", CHAT, "{}"),
    "llm-renamed": ("LLM", CHAT, "metadata: {movedFrom: [talk, speak]}"),
    "llm-template": ("LLM", CHAT, 'spec: {chatTemplate: {text: "{% for m in messages %}{{ m }}{% endfor %}\\n"}}'),
    "llm-s3": ("LLM", CHAT, "spec: {weights: {source: {type: s3, uri: s3://models/chat}, cache: {type: emptyDir}}}"),
    "llm-sglang": ("LLM", CHAT, "spec: {runtime: sglang, sampling: {temperature: 0.7, topP: 1.0}}"),
    "model": ("Model", FRAUD, "{}"),
    "model-patched": (
        "Model",
        FRAUD,
        "spec: {patches: [{target: service, path: spec.internalTrafficPolicy, value: Local, reason: zones}]}",
    ),
}


def manifests(*names: str) -> ManifestSet:
    documents = [document(*EXAMPLES[name]) for name in names]
    rendered = render(graph(*documents))
    assert rendered.value is not None
    assert rendered.diagnostics == ()
    return rendered.value


def by_name(resources: tuple[RegisteredResource, ...]) -> dict[str, RegisteredResource]:
    return {resource.name: resource for resource in resources}


@pytest.mark.parametrize("example", EXAMPLES)
def test_registered_inputs_equal_the_canonical_manifests(example: str) -> None:
    desired = manifests(example)
    registered = by_name(register(desired))
    assert set(registered) == {str(m.address) for m in desired.manifests} | {
        str(m.address.spec) for m in desired.manifests
    }
    for manifest in desired.manifests:
        resource = registered[str(manifest.address)]
        # As JSON: 1 and 1.0 and True are equal to Python, and not the same to Kubernetes.
        assert json.dumps(resource.inputs, sort_keys=True) == json.dumps(manifest.data, sort_keys=True)
        assert resource.type == manifest.token
        assert resource.protect is manifest.protect
        assert set(resource.dependencies) == {registered[str(address)].urn for address in manifest.depends_on}


def test_objects_are_children_of_their_document() -> None:
    registered = by_name(register(manifests("llm", "model")))
    chat = registered["LLM.chat"]
    assert (chat.type, chat.parent) == ("opsdecl:index:LLM", "")
    assert chat.urn == "urn:pulumi:prod::acme::opsdecl:index:LLM::LLM.chat"
    deployment = registered["LLM.chat/main/deployment"]
    assert deployment.parent == chat.urn
    assert deployment.urn == (
        "urn:pulumi:prod::acme::opsdecl:index:LLM$kubernetes:apps/v1:Deployment::LLM.chat/main/deployment"
    )


def test_a_rename_keeps_state_through_aliases() -> None:
    registered = by_name(register(manifests("llm-renamed")))
    assert registered["LLM.chat"].aliases == ("LLM.talk", "LLM.speak")
    assert registered["LLM.chat/main/cache"].aliases == ("LLM.talk/main/cache", "LLM.speak/main/cache")


def test_replicas_of_an_autoscaled_deployment_are_left_alone() -> None:
    registered = by_name(register(manifests("llm")))
    assert registered["LLM.chat/main/deployment"].ignore_changes == ("spec.replicas",)


def test_the_cache_is_protected() -> None:
    registered = by_name(register(manifests("llm")))
    assert [name for name, resource in registered.items() if resource.protect] == ["LLM.chat/main/cache"]


def test_registering_leaves_no_trace_in_the_process() -> None:
    import pulumi

    desired = manifests("llm", "model")
    before = (pulumi.get_project(), pulumi.get_stack())
    first = register(desired)
    assert (pulumi.get_project(), pulumi.get_stack()) == before
    assert register(desired) == first


def test_partitions_are_stacks_of_their_own() -> None:
    desired = manifests("model")
    partition = replace(desired, release=desired.release._replace(partition="risk"))
    assert {resource.urn.split("::")[0] for resource in register(partition)} == {"urn:pulumi:prod-risk"}


def test_a_resource_is_printable() -> None:
    printed = json.loads(json.dumps([resource.as_json() for resource in register(manifests("model"))]))
    assert {"urn", "type", "parent", "dependencies", "inputs", "ignoreChanges"} <= set(printed[0])


def test_pulumi_is_imported_only_when_something_is_registered() -> None:
    code = "import sys, opsdecl.targets.pulumi.registration; sys.exit('pulumi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
