"""What maintenance of nodes may take away at a time."""

from opsdecl.compile.lower.labels import selector
from opsdecl.compile.lower.native.replicas import count_or_percent
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.spec.kinds.serving import Disruption, Replicas

ROLE = "pdb"


def disruption_budget(subject: Subject, disruption: Disruption, replicas: Replicas) -> Resource | None:
    """None for a single replica under the default of one, since such a budget allows everything."""
    if replicas.highest < 2 and disruption.max_unavailable == 1:
        return None
    allowed = Traced(count_or_percent(disruption.max_unavailable), ("spec", "disruption", "maxUnavailable"))
    spec = {
        "maxUnavailable": allowed,
        "selector": {"matchLabels": selector(subject)},
        # A pod that is broken anyway must not keep a node from being drained.
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return make_resource(
        subject, ROLE, "policy/v1", "PodDisruptionBudget", {"spec": spec}, depends_on=(subject.address("deployment"),)
    )
