"""Claims of volumes."""

from collections.abc import Mapping
from typing import Any

from opsdecl.apply.types import Readiness


def claim(live: Mapping[str, Any]) -> Readiness:
    """A claim may wait for its first pod: that is why nothing that mounts it is held up by it."""
    phase = live.get("status", {}).get("phase")
    if phase == "Bound":
        return Readiness("Current")
    if phase == "Lost":
        return Readiness("Failed", "its volume is gone, and what was on it")
    name = live.get("spec", {}).get("storageClassName")
    return Readiness("InProgress", f"no volume is bound yet (class {name or 'of the cluster'})")
