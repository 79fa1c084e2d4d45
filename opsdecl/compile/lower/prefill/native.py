"""A model whose prompts are worked out by pods of their own, on plain Kubernetes: two Deployments in one pool, whose
endpoint picker chooses a pod of each role for a request."""

from opsdecl.compile.lower.native.deployment import deployed, deployment
from opsdecl.compile.lower.native.disruption import disruption_budget
from opsdecl.compile.lower.native.limits import beyond_native
from opsdecl.compile.lower.native.llm import Prepared, held, prepare
from opsdecl.compile.lower.native.network import network_policy
from opsdecl.compile.lower.native.parts import join
from opsdecl.compile.lower.native.service import service
from opsdecl.compile.lower.prefill.limits import beyond_split, without_picker
from opsdecl.compile.lower.prefill.sidecar import sidecar_parts
from opsdecl.compile.lower.prefill.subjects import as_written, decoding, prefilling
from opsdecl.compile.lower.prefill.transfer import moved_to, transferring
from opsdecl.compile.lower.routing.pool import inference_pool
from opsdecl.compile.lower.scaling import scaler
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked
from opsdecl.spec.kinds.llm import LLMSpec
from opsdecl.spec.kinds.serving import Access

BEHIND = 8200
"""Port of an engine behind the sidecar, which has the engine's own."""


def lower_split(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: those of `prepare` and `beyond_native` for each role, of `beyond_split`, and no picker."""
    spec: LLMSpec = subject.document.model.spec
    decode, prefill, other = decoding(subject), prefilling(subject), spec.for_prefill
    first, second = prepare(decode, spec), prepare(prefill, other)
    refused = (
        *without_picker(subject),
        *beyond_split(subject, spec),
        *beyond_native(decode, spec),
        *beyond_native(prefill, other),
    )
    found = (*first.diagnostics, *refused)
    if first.value is None or second.value is None or refused:
        return Checked(None, found)
    behind = _behind_sidecar(decode, transferring(decode, spec, first.value))
    resources = (*_decode(decode, spec, behind), *_prefill(prefill, other, transferring(prefill, other, second.value)))
    return Checked(resources, found)


def _decode(subject: Subject, spec: LLMSpec, engine: Prepared) -> tuple[Resource, ...]:
    workload = deployed(subject)
    made = (
        deployment(subject, spec, spec.accelerator, engine.server, engine.parts),
        service(subject, engine.ports),
        scaler(subject, spec.replicas, workload),
        disruption_budget(subject, spec.disruption, spec.replicas, workload),
        network_policy(subject, spec.access, engine.ports, joined=True),
        inference_pool(subject, engine.ports),
        *held(subject, spec, engine),
    )
    return tuple(resource for resource in made if resource is not None)


def _prefill(subject: Subject, spec: LLMSpec, engine: Prepared) -> tuple[Resource, ...]:
    """Nobody but the pods that decode calls these, and no Service names them."""
    workload = deployed(subject)
    made = (
        deployment(subject, spec, spec.accelerator, engine.server, engine.parts),
        scaler(subject, spec.replicas, workload),
        disruption_budget(subject, spec.disruption, spec.replicas, workload),
        network_policy(subject, Access(), engine.ports, joined=True),
    )
    return as_written(subject, made)


def _behind_sidecar(subject: Subject, engine: Prepared) -> Prepared:
    port = engine.ports["http"]
    own = int(port.value if isinstance(port, Traced) else port)
    behind = BEHIND if own != BEHIND else BEHIND + 1
    parts = join((sidecar_parts(subject, own, behind), engine.parts))
    return engine._replace(server=moved_to(engine.server, behind), parts=parts)
