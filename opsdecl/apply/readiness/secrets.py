"""Secrets that External Secrets fetches."""

from collections.abc import Mapping
from typing import Any

from opsdecl.apply.readiness.conditions import condition, told
from opsdecl.apply.types import Readiness


def external_secret(live: Mapping[str, Any]) -> Readiness:
    """Its status names the generation that was fetched in `syncedResourceVersion`, as `<generation>-<hash>`."""
    ready = condition(live, "Ready")
    if not ready:
        return Readiness("InProgress", "nothing has fetched it yet (External Secrets must be running)")
    if ready.get("status") != "True":
        return Readiness("InProgress", told(ready) or "it could not be fetched")
    fetched = str(live.get("status", {}).get("syncedResourceVersion") or "").partition("-")[0]
    generation = int(live.get("metadata", {}).get("generation") or 0)
    if fetched.isdigit() and int(fetched) < generation:
        return Readiness("InProgress", "it has not been fetched since it was changed")
    return Readiness("Current")
