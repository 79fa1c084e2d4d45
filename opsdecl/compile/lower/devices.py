"""GPUs by Dynamic Resource Allocation: pods claim devices, by what they must be, in place of an extended resource.

Done to what a lowering made, whoever makes the pods: each pod with GPUs gets a claim of the document's template.
https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/; attributes as NVIDIA's driver
publishes them: https://github.com/NVIDIA/k8s-dra-driver-gpu
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import Address
from opsdecl.catalog.types import GpuFacts
from opsdecl.compile.lower.labels import labelled
from opsdecl.compile.lower.names import object_name, text_hash
from opsdecl.compile.lower.native.accelerators import resource_name
from opsdecl.compile.lower.native.flags import compact_json
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.roles import PREFILL, path_in
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.engine import Accelerator

API_VERSION, KIND = "resource.k8s.io/v1", "ResourceClaimTemplate"
ROLE = "devices"
CLAIM = "gpus"
DRIVER = "gpu.nvidia.com"
WHOLE, SLICE = "gpu.nvidia.com", "mig.nvidia.com"
"""Device classes that the driver brings."""


class Claimed(Struct, frozen=True):
    """Devices of each pod of one variant of a document."""

    variant: str
    resource: str
    template: Resource


def with_claims(subject: Subject, resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """The resources, with claims and their templates where the platform gives GPUs that way."""
    claimed = {each.variant: each for each in _claimed(subject)}
    if not claimed:
        return tuple(resources)
    used: dict[Address, Resource] = {}
    made = [_claiming(resource, claimed, used) for resource in resources]
    return (*made, *used.values())


def device_request(subject: Subject, accelerator: Accelerator, path: SpecPath) -> dict[str, Any]:
    """What a device must be. What the API server would fill in is written out."""
    facts = subject.gpu(accelerator)
    return {
        "name": CLAIM,
        "exactly": {
            "deviceClassName": SLICE if facts is not None and facts.slice_of else WHOLE,
            "allocationMode": "ExactCount",
            "count": traced(accelerator.count, *path, "count"),
            "selectors": [{"cel": {"expression": traced(_expression(facts), *path, "gpu")}}] if facts else None,
        },
    }


def _expression(facts: GpuFacts) -> str:
    """A product's name has spaces where the label of its nodes has dashes."""
    own = f'device.attributes["{DRIVER}"]'
    product = f'{own}.productName.replace(" ", "-") == "{facts.product_label}"'
    return f'{product} && {own}.profile == "{facts.name.partition(":")[2]}"' if facts.slice_of else product


def _claimed(subject: Subject) -> Iterator[Claimed]:
    if subject.environment.platform.devices != "dra":
        return
    for variant, accelerator, path in _accelerators(subject):
        own = labelled(replace(subject, variant=variant))
        yield Claimed(variant, resource_name(subject, accelerator), _template(own, accelerator, path))


def _accelerators(subject: Subject) -> Iterator[tuple[str, Accelerator, SpecPath]]:
    """Of the document, of its prefill pods, or of the training that it searches."""
    if subject.searched is not None:
        spec, root = subject.searched.model.spec, "training"
    else:
        spec, root = subject.document.model.spec, "spec"
    own = getattr(spec, "accelerator", None)
    if own is not None:
        yield subject.variant, own, (root, "accelerator")
    if getattr(spec, PREFILL, None) is not None and spec.for_prefill.accelerator is not None:
        written = subject.document.value.get("spec") or {}
        yield PREFILL, spec.for_prefill.accelerator, path_in(PREFILL, written, ("spec", "accelerator"))


def _template(subject: Subject, accelerator: Accelerator, path: SpecPath) -> Resource:
    """Its name follows what it says, which nobody may change: another claim is another template."""
    request = device_request(subject, accelerator, path)
    facts = subject.gpu(accelerator)
    said = text_hash(compact_json([accelerator.gpu, accelerator.count, _expression(facts) if facts else ""]))
    name = object_name(subject.base, f"{ROLE}-{said}", subject.variant)
    return make_resource(
        subject, ROLE, API_VERSION, KIND, {"spec": {"spec": {"devices": {"requests": [request]}}}}, name=name
    )


def _claiming(resource: Resource, claimed: Mapping[str, Claimed], used: dict[Address, Resource]) -> Resource:
    needs: list[Address] = []

    def walked(value: Any, variant: str) -> Any:
        if isinstance(value, Traced):
            return Traced(walked(value.value, variant), value.path)
        if isinstance(value, list | tuple):
            return [walked(each, variant) for each in value]
        if not isinstance(value, dict):
            return value
        below = {name: walked(each, PREFILL if name == PREFILL else variant) for name, each in value.items()}
        own = claimed.get(variant)
        if own is None or not isinstance(value.get("containers"), list):
            return below
        containers = [_claims(each, own.resource) for each in below["containers"]]
        if containers == below["containers"]:
            return below
        used[own.template.address] = own.template
        needs.append(own.template.address)
        pod_claim = {"name": CLAIM, "resourceClaimTemplateName": own.template.key.name}
        return {**below, "containers": containers, "resourceClaims": [pod_claim]}

    inputs = walked(dict(resource.inputs), resource.address.variant)
    return replace(resource, inputs=inputs, depends_on=(*resource.depends_on, *dict.fromkeys(needs)))


def _claims(container: dict[str, Any], resource: str) -> dict[str, Any]:
    """The container with a claim in place of its limit."""
    amounts = container.get("resources") or {}
    limits = amounts.get("limits") or {}
    if resource not in limits:
        return container
    left = {name: amount for name, amount in limits.items() if name != resource}
    return {**container, "resources": {**amounts, "limits": left, "claims": [{"name": CLAIM}]}}
