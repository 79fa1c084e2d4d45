"""What the engine tells while it works -> what was done, what failed, and why. Takes the SDK's events as they come."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsdecl.apply.types import Changed, Event
from opsdecl.diff.types import Action

_DONE: Mapping[str, str] = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "create-replacement": "replace",
    "import": "adopt",
    "delete-replaced": "",
    "replace": "replace",
    "same": "",
    "refresh": "",
    "read": "",
}
STEPS = frozenset({"same", "create", "update", "replace", "delete", "read", "refresh", "import"})
_OBJECT = "::kubernetes:"
_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")


@dataclass(slots=True)
class Listener:
    """`actions` are what our plan calls the change of an address. Filled from the SDK's own thread."""

    emit: Callable[[Event], None]
    actions: Mapping[str, Action] = field(default_factory=dict)
    begun: bool = False
    """The engine was at work: whatever ended it, it may have written objects."""
    done: dict[str, str] = field(default_factory=dict)
    """Address -> what the engine did, in Pulumi's word."""
    steps: dict[str, str] = field(default_factory=dict)
    """Address -> what the engine is about to do, in Pulumi's word; of a replacement the whole of it."""
    failed: set[str] = field(default_factory=set)
    said: dict[str, list[str]] = field(default_factory=dict)
    """Address -> errors about it; those about no object under the empty name."""

    def hear(self, event: Any) -> None:
        if event.prelude_event is not None:
            self.begun = True
        elif event.resource_pre_event is not None:
            self._begun(event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._finished(event.res_outputs_event.metadata)
        elif event.res_op_failed_event is not None:
            self.failed.add(_address(event.res_op_failed_event.metadata.urn))
        elif event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            about = event.diagnostic_event
            address = _address(about.urn or "") if _OBJECT in f"::{(about.urn or '').split('$')[-1]}" else ""
            self.said.setdefault(address, []).append(plain(about.message))

    def _begun(self, metadata: Any) -> None:
        step = str(metadata.op.value)
        if _is_object(metadata):
            address = _address(metadata.urn)
            if step in STEPS and self.steps.get(address) != "replace":
                self.steps[address] = step
            elif step in ("create-replacement", "delete-replaced"):
                self.steps[address] = "replace"

    def _finished(self, metadata: Any) -> None:
        action, address = _DONE.get(str(metadata.op.value), ""), _address(metadata.urn)
        if action and _is_object(metadata) and address not in self.done:
            self.done[address] = action
            self.emit(Changed(address, self.actions.get(address, action)))  # type: ignore[arg-type]


def _is_object(metadata: Any) -> bool:
    return str(metadata.type).startswith("kubernetes:")


def _address(urn: str) -> str:
    return urn.rpartition("::")[2]


def plain(message: str) -> str:
    """Without Pulumi's marks for colours."""
    return _COLOUR.sub("", message).strip()
