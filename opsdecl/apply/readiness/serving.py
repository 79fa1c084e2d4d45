"""Services of KServe, which sums up in one condition what it makes of them."""

from collections.abc import Mapping
from typing import Any

from opsdecl.apply.readiness.conditions import condition, told
from opsdecl.apply.types import Readiness


def kserve(live: Mapping[str, Any]) -> Readiness:
    """Where it is not ready, the first condition that says why."""
    ready = condition(live, "Ready")
    if ready.get("status") == "True":
        return Readiness("Current")
    rows = live.get("status", {}).get("conditions") or ()
    reasons = [told(row) for row in (ready, *rows) if row.get("status") == "False" and told(row)]
    if reasons:
        return Readiness("InProgress", reasons[0])
    return Readiness("InProgress", told(ready) or "KServe has not said yet how it is")
