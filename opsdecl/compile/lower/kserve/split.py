"""An LLM with prefill pods on KServe: both roles in one LLMInferenceService, and KServe's own scheduler before them."""

from typing import Any

from msgspec.structs import replace

from opsdecl.compile.lower.kserve.limits import beyond_kserve, llm_beyond_kserve, other_port
from opsdecl.compile.lower.kserve.llm import ROLE, llm_service, workload_of
from opsdecl.compile.lower.kserve.pods import service_name
from opsdecl.compile.lower.native.disruption import disruption_budget
from opsdecl.compile.lower.native.llm import Prepared, held, prepare
from opsdecl.compile.lower.native.network import network_policy
from opsdecl.compile.lower.native.parts import Workload
from opsdecl.compile.lower.native.service import service
from opsdecl.compile.lower.prefill.limits import beyond_split
from opsdecl.compile.lower.prefill.subjects import as_written, decoding, moved, prefilling
from opsdecl.compile.lower.prefill.transfer import moved_to, transferring
from opsdecl.compile.lower.scaling import scaler
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource
from opsdecl.diag import Checked
from opsdecl.spec.kinds.llm import LLMSpec
from opsdecl.spec.kinds.serving import Access

PORT, BEHIND = 8000, 8001
"""Where KServe sends requests, to its sidecar before the engines that decode; and where these then listen."""
SIDECAR = "llm-d-routing-sidecar"
SCHEDULER = "llminferenceservice-router-scheduler"


def lower_split_service(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: those of `prepare` and of KServe for each role, of `beyond_split`, a port that KServe does not ask."""
    spec: LLMSpec = subject.document.model.spec
    decode, prefill, other = decoding(subject), prefilling(subject), spec.for_prefill
    first, second = prepare(decode, spec), prepare(prefill, other)
    if first.value is None or second.value is None:
        return Checked(None, (*first.diagnostics, *beyond_split(subject, spec)))
    refused = (
        *beyond_split(subject, spec),
        *other_port(subject, spec, PORT),
        *beyond_kserve(decode, spec),
        *llm_beyond_kserve(decode, spec, first.value.server),
        *beyond_kserve(prefill, other),
        *llm_beyond_kserve(prefill, other, second.value.server),
    )
    if refused:
        return Checked(None, (*first.diagnostics, *refused))
    engine = transferring(decode, spec, first.value)
    engine = engine._replace(server=moved_to(engine.server, BEHIND))
    behind = transferring(prefill, other, second.value)
    resources = (
        _both(decode, spec, engine, prefill, other, behind),
        *_around(decode, spec, engine),
        *held(decode, spec, engine),
        *as_written(prefill, _around_prefill(prefill, other, behind)),
    )
    return Checked(tuple(resource for resource in resources if resource is not None), first.diagnostics)


def _both(
    decode: Subject, spec: LLMSpec, engine: Prepared, prefill: Subject, other: LLMSpec, behind: Prepared
) -> Resource:
    own = workload_of(decode, spec, engine)
    others = moved(prefill, workload_of(prefill, other, behind))
    # The scheduler chooses the pods of a request, and only requests of KServe's own route come to it.
    router: dict[str, Any] = {"gateway": {}, "route": {}, "scheduler": {}}
    further = {"prefill": others, "router": traced(router, "spec", "prefill")}
    return llm_service(decode, spec, engine, {**own, "template": _with_sidecar(own["template"]), **further})


def _with_sidecar(pod: dict[str, Any]) -> dict[str, Any]:
    """KServe puts its sidecar there; it gets a name for its port, and the token by which it knows the prefill pods from
    other hosts that a request may name."""
    named = {"name": SIDECAR, "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}]}
    containers = [named, *(pod["initContainers"] or ())]
    return {**pod, "initContainers": containers, "automountServiceAccountToken": True}


def _around(subject: Subject, spec: LLMSpec, engine: Prepared) -> tuple[Resource | None, ...]:
    workload = Workload(ROLE, "apps/v1", "Deployment", f"{service_name(subject)}-kserve")
    return (
        service(subject, engine.ports),
        scaler(subject, spec.replicas, workload),
        disruption_budget(subject, spec.disruption, spec.replicas, workload),
        network_policy(subject, spec.access, engine.ports, joined=True, others=_scheduler(subject)),
    )


def _around_prefill(subject: Subject, spec: LLMSpec, engine: Prepared) -> tuple[Resource | None, ...]:
    """What names the object by its role means the one object of both roles."""
    workload = Workload(ROLE, "apps/v1", "Deployment", f"{service_name(subject)}-kserve-prefill")
    made = (
        scaler(subject, spec.replicas, workload),
        disruption_budget(subject, spec.disruption, spec.replicas, workload),
        network_policy(subject, Access(), engine.ports, joined=True, others=_scheduler(subject)),
    )
    before, after = subject.address(ROLE), subject.shared(ROLE)
    return tuple(
        replace(each, depends_on=tuple(after if need == before else need for need in each.depends_on))
        for each in made
        if each is not None
    )


def _scheduler(subject: Subject) -> tuple[dict[str, Any], ...]:
    """It asks both roles how busy they are."""
    labels = {"app.kubernetes.io/component": SCHEDULER, "app.kubernetes.io/name": service_name(subject)}
    return ({"podSelector": {"matchLabels": labels}},)
