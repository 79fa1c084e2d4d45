"""An LLM whose replicas span several nodes: a LeaderWorkerSet of engine pods, and around it what any LLM has."""

from opsdecl.compile.lower.leader_worker_set.group import grouped, leader_labels, leader_worker_set
from opsdecl.compile.lower.leader_worker_set.limits import beyond_groups
from opsdecl.compile.lower.leader_worker_set.members import ENGINES, leader, worker
from opsdecl.compile.lower.native.disruption import disruption_budget
from opsdecl.compile.lower.native.limits import beyond_native
from opsdecl.compile.lower.native.llm import held, prepare
from opsdecl.compile.lower.native.network import network_policy
from opsdecl.compile.lower.native.service import service
from opsdecl.compile.lower.routing.pool import inference_pool
from opsdecl.compile.lower.scaling import scaler
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource
from opsdecl.diag import Checked
from opsdecl.spec.kinds.llm import LLMSpec


def lower_group(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: those of `prepare`, `beyond_native` and `beyond_groups`."""
    spec: LLMSpec = subject.document.model.spec
    prepared = prepare(subject, spec)
    refused = tuple(beyond_groups(subject, spec))
    if prepared.value is None or subject.runtime is None or subject.runtime.engine not in ENGINES:
        return Checked(None, (*prepared.diagnostics, *refused))
    engine, workload, nodes = prepared.value, grouped(subject), spec.accelerator.spans if spec.accelerator else 1
    first = leader(subject.runtime.engine, engine.server, nodes)
    others = worker(subject.runtime.engine, engine.server, nodes)
    resources = (
        leader_worker_set(subject, spec, (first, engine.parts), (others, engine.alone)),
        service(subject, engine.ports, leader_labels(subject)),
        scaler(subject, spec.replicas, workload),
        disruption_budget(subject, spec.disruption, spec.replicas, workload, nodes),
        network_policy(subject, spec.access, engine.ports, joined=True, scraped=engine.scraped),
        inference_pool(subject, engine.ports, leader_labels(subject)),
        *held(subject, spec, engine),
    )
    found = (*prepared.diagnostics, *beyond_native(subject, spec), *refused)
    return Checked(tuple(resource for resource in resources if resource is not None), found)
