"""How many pods, who decides it, and how a new version takes over."""

from typing import Any, NamedTuple

from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.rollout import way_of
from opsdecl.compile.types import Traced
from opsdecl.fleet.types import Way
from opsdecl.spec.kinds.document import ServedSpec
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.scalars import Percentage
from opsdecl.spec.kinds.serving import Replicas

REASON = "opsdecl.dev/rollout-reason"


class Strategy(NamedTuple):
    """A Deployment's `strategy`, and why it is that one; no reason where a person chose it."""

    value: dict[str, Any]
    reason: str = ""


def rollout_reason(subject: Subject, way: Way, accelerator: Accelerator | None, *, unit: str = "pod") -> str:
    """Why opsdecl chose a way that nobody asked for. `unit`: what is exchanged as a whole."""
    if way.recreate:
        return "its volume is mounted by one node at a time, so the old pod lets go of it first"
    return _reason(subject, accelerator, unit, waits=way.surge == 0)


def is_autoscaled(subject: Subject, replicas: Replicas) -> bool:
    return replicas.is_range and replicas.target is not None and subject.environment.platform.scaling != "none"


def replica_count(subject: Subject, replicas: Replicas) -> Traced | None:
    """None where an autoscaler owns the number: rendering it would reset it at every apply."""
    if is_autoscaled(subject, replicas):
        return None
    field = "min" if replicas.min is not None else "count"
    return Traced(replicas.lowest, ("spec", "replicas", field))


def strategy(subject: Subject, spec: ServedSpec, accelerator: Accelerator | None) -> Strategy:
    """`auto` never needs a GPU that is not there: a surge pod that cannot be scheduled would stop the rollout."""
    way = way_of(subject.document.effective["spec"], subject.pools)
    if spec.rollout.strategy == "recreate":
        return Strategy({"type": Traced("Recreate", ("spec", "rollout", "strategy"))})
    if spec.rollout.strategy == "rolling":
        surge = _bound(way.surge, "maxSurge", is_said=spec.rollout.max_surge is not None)
        return Strategy(
            _rolling(surge, _bound(way.unavailable, "maxUnavailable", is_said=spec.rollout.max_unavailable is not None))
        )
    reason = rollout_reason(subject, way, accelerator)
    return Strategy({"type": "Recreate"} if way.recreate else _rolling(way.surge, way.unavailable), reason)


def _reason(subject: Subject, accelerator: Accelerator | None, unit: str, *, waits: bool) -> str:
    if accelerator is None:
        return "no GPUs are needed, so a new pod starts before an old one stops"
    pool, name = subject.pool(accelerator), subject.pool_name(accelerator)
    if pool is not None and not waits:
        return f"pool {name} keeps {pool.reserve} GPUs free, so a new {unit} starts before an old one stops"
    where = f"pool {name} keeps too few GPUs free" if pool else "no single pool has these GPUs"
    return f"{where}, so an old {unit} stops before a new one starts"


def count_or_percent(value: int | Percentage) -> int | str:
    return value.text if isinstance(value, Percentage) else value


def _bound(value: int | str, field: str, *, is_said: bool) -> Any:
    return Traced(value, ("spec", "rollout", field)) if is_said else value


def _rolling(max_surge: Any, max_unavailable: Any) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": max_surge, "maxUnavailable": max_unavailable}}
