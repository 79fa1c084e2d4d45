"""`status.conditions`: how kinds of operators, and the rest of Kubernetes, say how they are."""

from collections.abc import Mapping
from typing import Any

from opsdecl.apply.types import Readiness

_POSITIVE = ("Ready", "Available", "Established", "Accepted", "Synced", "Active")
"""The first of these that an object has decides."""
_DONE = ("Complete", "Completed", "Succeeded")
_BROKEN = ("Stalled", "Failed")


def condition(live: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The condition of that type, or an empty one."""
    found = live.get("status", {}).get("conditions") or ()
    return next((row for row in found if isinstance(row, Mapping) and row.get("type") == kind), {})


def is_true(live: Mapping[str, Any], kind: str) -> bool:
    return condition(live, kind).get("status") == "True"


def told(row: Mapping[str, Any]) -> str:
    """`reason: message`, as far as the condition has them."""
    return ": ".join(str(row[name]) for name in ("reason", "message") if row.get(name))


def by_conditions(live: Mapping[str, Any]) -> Readiness:
    """An object without conditions has nothing to become, like a ConfigMap."""
    for kind in _BROKEN:
        if is_true(live, kind):
            return Readiness("Failed", told(condition(live, kind)))
    if any(is_true(live, kind) for kind in _DONE):
        return Readiness("Current")
    if is_true(live, "Reconciling"):
        return Readiness("InProgress", told(condition(live, "Reconciling")))
    row = next((found for kind in _POSITIVE if (found := condition(live, kind))), None)
    if row is None or row.get("status") == "True":
        return Readiness("Current")
    return Readiness("InProgress", told(row) or f"{row['type']} is {row.get('status')}")
