"""What watches workloads. It is there as soon as the server has it; what hinders it is said, and holds nothing up."""

from collections.abc import Mapping
from typing import Any

from opsdecl.apply.readiness.conditions import condition, told
from opsdecl.apply.types import Readiness


def autoscaler(live: Mapping[str, Any]) -> Readiness:
    """A metric may be missing until there is traffic, or for ever: the pods run all the same."""
    for kind in ("AbleToScale", "ScalingActive"):
        row = condition(live, kind)
        if row.get("status") == "False":
            return Readiness("Current", f"it does not scale: {told(row)}")
    return Readiness("Current")


def scaled_object(live: Mapping[str, Any]) -> Readiness:
    """KEDA says of itself that it is ready, and whether it had to fall back. Pods run in any case."""
    for kind, bad, words in (("Ready", "False", "it does not scale"), ("Fallback", "True", "its metric is missing")):
        row = condition(live, kind)
        if row.get("status") == bad:
            return Readiness("Current", f"{words}: {told(row)}")
    return Readiness("Current")


def disruption_budget(live: Mapping[str, Any]) -> Readiness:
    status = live.get("status", {})
    healthy, needed = int(status.get("currentHealthy") or 0), int(status.get("desiredHealthy") or 0)
    return Readiness("Current", f"{healthy} of {needed} pods are healthy" if healthy < needed else "")
