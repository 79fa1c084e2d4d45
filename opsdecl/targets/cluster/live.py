"""Live objects of a list: what a plan asks of each of them is read at once, the rest of one when somebody looks.

Most objects of a release are as it left them, which uid and resourceVersion tell. The rest of them, two thirds of it
managedFields, costs more to take apart than everything else that a plan does with it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field

from opsdecl.diff.records import LazyObject


class Header(Struct, frozen=True, rename="camel"):
    """Of an object's metadata, what tells whether it is the one that was seen before."""

    name: str
    uid: str = ""
    resource_version: str = ""
    generation: int | None = None
    deletion_timestamp: str | None = None


class _Item(Struct):
    metadata: Header


class _ListMeta(Struct, frozen=True):
    next: str | None = field(default=None, name="continue")


class Page(Struct):
    """A part of a list, with its entries as they came."""

    metadata: _ListMeta = _ListMeta()
    items: list[msgspec.Raw] | None = None

    @property
    def next(self) -> str:
        """What to continue from; empty where this was the last."""
        return self.metadata.next or ""


_ITEMS = msgspec.json.Decoder(_Item)


class LiveObject(LazyObject):
    """An entry of a list. Entries leave out what the list says for all of them: `kind` and `api_version`."""

    __slots__ = ("header", "kind")

    def __init__(self, raw: msgspec.Raw, api_version: str, kind: str) -> None:
        """Raises msgspec.DecodeError for what is no object."""
        super().__init__(lambda: {"apiVersion": api_version, "kind": kind, **msgspec.json.decode(raw)})
        self.header = _ITEMS.decode(raw).metadata
        self.kind = kind


def header_of(live: Mapping[str, Any]) -> Header:
    """Of an entry of a list, or of an object that was read alone."""
    if isinstance(live, LiveObject):
        return live.header
    metadata = live["metadata"]
    return Header(
        name=str(metadata.get("name", "")),
        uid=str(metadata.get("uid", "")),
        resource_version=str(metadata.get("resourceVersion", "")),
        generation=metadata.get("generation"),
        deletion_timestamp=metadata.get("deletionTimestamp"),
    )


def kind_of(live: Mapping[str, Any]) -> str:
    return live.kind if isinstance(live, LiveObject) else str(live["kind"])
