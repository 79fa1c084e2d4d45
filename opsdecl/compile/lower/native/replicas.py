"""How many pods, who decides it, and how a new version takes over."""

from typing import Any, NamedTuple

from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Traced
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.scalars import Percentage
from opsdecl.spec.kinds.serving import Replicas, Rollout

REASON = "opsdecl.dev/rollout-reason"


class Strategy(NamedTuple):
    """A Deployment's `strategy`, and why it is that one; no reason where a person chose it."""

    value: dict[str, Any]
    reason: str = ""


def is_autoscaled(subject: Subject, replicas: Replicas) -> bool:
    return replicas.is_range and replicas.target is not None and subject.environment.platform.scaling != "none"


def replica_count(subject: Subject, replicas: Replicas) -> Traced | None:
    """None where an autoscaler owns the number: rendering it would reset it at every apply."""
    if is_autoscaled(subject, replicas):
        return None
    field = "min" if replicas.min is not None else "count"
    return Traced(replicas.lowest, ("spec", "replicas", field))


def strategy(subject: Subject, rollout: Rollout, accelerator: Accelerator | None) -> Strategy:
    """`auto` never needs a GPU that is not there: a surge pod that cannot be scheduled would stop the rollout."""
    if rollout.strategy == "recreate":
        return Strategy({"type": Traced("Recreate", ("spec", "rollout", "strategy"))})
    if rollout.strategy == "rolling":
        return Strategy(_rolling(*_chosen(rollout)))
    if accelerator is None:
        return Strategy(_rolling(1, 0), "no GPUs are needed, so a new pod starts before an old one stops")
    pool, name = subject.pool(accelerator), subject.pool_name(accelerator)
    if pool is not None and pool.reserve >= accelerator.count:
        reason = f"pool {name} keeps {pool.reserve} GPUs free, so a new pod starts before an old one stops"
        return Strategy(_rolling(1, 0), reason)
    where = f"pool {name} keeps too few GPUs free" if pool else "no single pool has these GPUs"
    return Strategy(_rolling(0, 1), f"{where}, so an old pod stops before a new one starts")


def count_or_percent(value: int | Percentage) -> int | str:
    return value.text if isinstance(value, Percentage) else value


def _chosen(rollout: Rollout) -> tuple[Any, Any]:
    surge, missing = rollout.max_surge, rollout.max_unavailable
    # Kubernetes refuses zero for both, so the one that is not given makes room where the other gives none.
    return (
        _bound(surge, "maxSurge") if surge is not None else int(not missing),
        _bound(missing, "maxUnavailable") if missing is not None else int(surge == 0),
    )


def _bound(value: int | Percentage, field: str) -> Traced:
    return Traced(count_or_percent(value), ("spec", "rollout", field))


def _rolling(max_surge: Any, max_unavailable: Any) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": max_surge, "maxUnavailable": max_unavailable}}
