"""What maintenance of nodes may take away at a time."""

from opsdecl.compile.lower.labels import selector
from opsdecl.compile.lower.native.deployment import deployed
from opsdecl.compile.lower.native.parts import Workload
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.spec.kinds.scalars import Percentage
from opsdecl.spec.kinds.serving import Disruption, Replicas

ROLE = "pdb"


def disruption_budget(
    subject: Subject, disruption: Disruption, replicas: Replicas, workload: Workload | None = None, nodes: int = 1
) -> Resource | None:
    """None for a single replica under the default of one, since such a budget allows everything. `nodes`: pods of a
    replica, which all go when one of them does."""
    if replicas.highest < 2 and disruption.max_unavailable == 1:
        return None
    allowed = Traced(_pods(disruption.max_unavailable, nodes), ("spec", "disruption", "maxUnavailable"))
    spec = {
        "maxUnavailable": allowed,
        "selector": {"matchLabels": selector(subject)},
        # A pod that is broken anyway must not keep a node from being drained.
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    after = subject.address((workload or deployed(subject)).role)
    return make_resource(subject, ROLE, "policy/v1", "PodDisruptionBudget", {"spec": spec}, depends_on=(after,))


def _pods(replicas: int | Percentage, nodes: int) -> int | str:
    """An eviction is allowed while fewer pods than this are away: with the first pod of a replica all of them go, so
    the last replica that may go is begun by one pod. A share of replicas is the same share of pods."""
    if isinstance(replicas, Percentage):
        return replicas.text
    return (replicas - 1) * nodes + 1 if replicas else 0
