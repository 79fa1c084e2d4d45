"""What other objects need in order to exist: definitions of kinds, namespaces."""

from collections.abc import Mapping
from typing import Any

from opsdecl.apply.readiness.conditions import condition, is_true, told
from opsdecl.apply.types import Readiness


def definition(live: Mapping[str, Any]) -> Readiness:
    names = condition(live, "NamesAccepted")
    if names.get("status") == "False":
        return Readiness("Failed", told(names))
    if is_true(live, "Established"):
        return Readiness("Current")
    return Readiness("InProgress", "the server does not serve the kind yet")


def namespace(live: Mapping[str, Any]) -> Readiness:
    phase = live.get("status", {}).get("phase")
    return Readiness("Terminating", "it is being deleted") if phase == "Terminating" else Readiness("Current")
