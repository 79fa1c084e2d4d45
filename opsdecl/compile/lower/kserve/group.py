"""An LLM on KServe whose replicas span several nodes: KServe makes a LeaderWorkerSet of leader and workers."""

from typing import Any

from msgspec.structs import replace

from opsdecl.compile.lower.kserve.configuration import configuration_of
from opsdecl.compile.lower.kserve.limits import beyond_kserve, groups_beyond_kserve
from opsdecl.compile.lower.kserve.llm import CONTAINER, ROLE, llm_service, tensor_and_expert
from opsdecl.compile.lower.kserve.pods import as_container, own_labels, service_name
from opsdecl.compile.lower.labels import selector
from opsdecl.compile.lower.leader_worker_set.group import API_VERSION, KIND, REVISION, Member, together
from opsdecl.compile.lower.leader_worker_set.limits import beyond_groups
from opsdecl.compile.lower.leader_worker_set.members import ENGINES, leader, worker
from opsdecl.compile.lower.native.deployment import pod_annotations, pod_spec, spread
from opsdecl.compile.lower.native.disruption import disruption_budget
from opsdecl.compile.lower.native.llm import held, prepare
from opsdecl.compile.lower.native.network import network_policy
from opsdecl.compile.lower.native.parts import Workload
from opsdecl.compile.lower.native.replicas import replica_count
from opsdecl.compile.lower.native.service import service
from opsdecl.compile.lower.scaling import scaler
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource
from opsdecl.diag import Checked
from opsdecl.spec.kinds.llm import LLMSpec

SUFFIX = "-kserve-mn"
"""Of the LeaderWorkerSet that KServe makes."""
FIRST = {"leaderworkerset.sigs.k8s.io/worker-index": "0"}
"""Label that the operator gives the pod that answers. KServe gives all pods of the object the same labels of ours."""


def lower_service_of_groups(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: those of `prepare`, of groups, and what KServe cannot do."""
    spec: LLMSpec = subject.document.model.spec
    prepared = prepare(subject, spec)
    refused = (*beyond_groups(subject, spec), *beyond_kserve(subject, spec), *groups_beyond_kserve(subject, spec))
    if prepared.value is None or subject.runtime is None or subject.runtime.engine not in ENGINES:
        return Checked(None, (*prepared.diagnostics, *refused))
    engine, nodes = prepared.value, spec.accelerator.spans if spec.accelerator else 1
    first = (leader(subject.runtime.engine, engine.server, nodes), engine.parts)
    others = (worker(subject.runtime.engine, engine.server, nodes), engine.alone)
    workload = Workload(ROLE, API_VERSION, KIND, f"{service_name(subject)}{SUFFIX}")
    made = llm_service(subject, spec, engine, _groups(subject, spec, first, others))
    needs = configuration_of(subject.environment_name, subject.namespace)
    resources = (
        replace(made, depends_on=(*made.depends_on, needs)),
        service(subject, engine.ports, {**selector(subject), **FIRST}),
        scaler(subject, spec.replicas, workload),
        disruption_budget(subject, spec.disruption, spec.replicas, workload, nodes),
        network_policy(subject, spec.access, engine.ports, joined=True, scraped=engine.scraped),
        *held(subject, spec, engine),
    )
    found = (*prepared.diagnostics, *refused)
    return Checked(tuple(resource for resource in resources if resource is not None), found)


def _groups(subject: Subject, spec: LLMSpec, first: Member, others: Member) -> dict[str, Any]:
    """`pipeline` is how many pods KServe makes of a replica, whatever the engine does with them: its flags say that."""
    nodes = traced(spec.accelerator.spans if spec.accelerator else 1, "spec", "accelerator", "nodes")
    over_zones = spread(subject, spec, {**selector(subject), **FIRST}, REVISION)
    return {
        "replicas": replica_count(subject, spec.replicas),
        "parallelism": {**tensor_and_expert(spec), "pipeline": nodes},
        "labels": own_labels(subject),
        "annotations": pod_annotations(*first),
        "template": _pod(subject, spec, first, over_zones),
        "worker": _pod(subject, spec, others, None),
    }


def _pod(subject: Subject, spec: LLMSpec, member: Member, over: list[dict[str, Any]] | None) -> dict[str, Any]:
    affinity = together(subject)
    return as_container(pod_spec(subject, spec, spec.accelerator, *member, affinity=affinity, spread=over), CONTAINER)
