"""The LeaderWorkerSet: groups of pods that are started, restarted and updated as one."""

from typing import Any

from opsdecl.compile.lower.labels import PREFIX, selector
from opsdecl.compile.lower.names import group_name
from opsdecl.compile.lower.native.deployment import Server, needed, pod_annotations, pod_spec, spread
from opsdecl.compile.lower.native.parts import PodParts, Workload
from opsdecl.compile.lower.native.replicas import REASON, is_autoscaled, replica_count, rollout_reason
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.rollout import way_of
from opsdecl.compile.types import Resource, Traced
from opsdecl.fleet.types import Way
from opsdecl.spec.kinds.llm import LLMSpec

ROLE = "leader-worker-set"
GROUP = "leader-worker-set"
"""As `platform.multiNode` calls it."""
API_VERSION, KIND = "leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"

MEMBER = f"{PREFIX}/member"
GROUP_INDEX = "leaderworkerset.sigs.k8s.io/group-index"
REVISION = "leaderworkerset.sigs.k8s.io/template-revision-hash"
"""Labels that the operator puts on pods before they are scheduled."""
ZONE, NODE = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
ALL = "100%"


def grouped(subject: Subject) -> Workload:
    return Workload(ROLE, API_VERSION, KIND, group_name(subject.base))


def leader_labels(subject: Subject) -> dict[str, str]:
    """What ties the pods that answer to their document."""
    return {**selector(subject), MEMBER: "leader"}


Member = tuple[Server, PodParts]


def leader_worker_set(subject: Subject, spec: LLMSpec, leader: Member, worker: Member) -> Resource:
    nodes = spec.accelerator.spans if spec.accelerator else 1
    bounds, reason = _rollout(subject, spec)
    over_zones = spread(subject, spec, leader_labels(subject), REVISION)
    inputs = {
        "spec": {
            "replicas": replica_count(subject, spec.replicas),
            # A worker waits for its leader by itself, and a leader is ready only with its workers.
            "startupPolicy": "LeaderCreated",
            "rolloutStrategy": {"type": "RollingUpdate", "rollingUpdateConfiguration": bounds},
            "networkConfig": {"subdomainPolicy": "Shared"},
            "leaderWorkerTemplate": {
                "size": traced(nodes, "spec", "accelerator", "nodes"),
                # An engine cannot take a member back that it lost.
                "restartPolicy": "RecreateGroupOnPodRestart",
                "leaderTemplate": _template(subject, spec, *leader, "leader", over_zones),
                "workerTemplate": _template(subject, spec, *worker, "worker", None),
            },
        }
    }
    return make_resource(
        subject,
        ROLE,
        API_VERSION,
        KIND,
        inputs,
        name=grouped(subject).name,
        annotations={REASON: reason} if reason else None,
        depends_on=needed(subject, spec, leader[1]),
        ignore_changes=(("spec", "replicas"),) if is_autoscaled(subject, spec.replicas) else (),
    )


def _template(
    subject: Subject, spec: LLMSpec, server: Server, parts: PodParts, member: str, over: list[dict[str, Any]] | None
) -> dict[str, Any]:
    pod = pod_spec(subject, spec, spec.accelerator, server, parts, affinity=together(subject), spread=over)
    labels = {**subject.pod_labels, MEMBER: member}
    return {"metadata": {"labels": labels, "annotations": pod_annotations(server, parts)}, "spec": pod}


def together(subject: Subject) -> dict[str, Any]:
    """The members of a group each on a node of their own, and rather in one zone: what they exchange goes between them
    for every token."""
    own = {"labelSelector": {"matchLabels": selector(subject)}, "matchLabelKeys": [GROUP_INDEX]}
    near = {"weight": 100, "podAffinityTerm": {**own, "topologyKey": ZONE}}
    return {
        "podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [near]},
        "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{**own, "topologyKey": NODE}]},
    }


def _rollout(subject: Subject, spec: LLMSpec) -> tuple[dict[str, Any], str]:
    """Bounds in groups, and why opsdecl chose them. There is no other way than rolling: to stop all first is to let all
    be missing."""
    way = way_of(subject.document.effective["spec"], subject.pools)
    said = spec.rollout
    if said.strategy == "auto":
        return _bounds(way), rollout_reason(subject, way, spec.accelerator, unit="replica")
    origin = ("spec", "rollout", "strategy")
    return {name: Traced(value, origin) for name, value in _bounds(way).items()}, ""


def _bounds(way: Way) -> dict[str, Any]:
    if way.recreate:
        return {"maxSurge": 0, "maxUnavailable": ALL}
    return {"maxSurge": way.surge, "maxUnavailable": way.unavailable}
