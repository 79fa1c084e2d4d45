"""Objects that go from one partition's hands to another's: label and field manager change, nothing that runs does."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import ObjectKey
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.comparing import is_leaving, seen_of
from opsdecl.targets.cluster.failures import ClusterError, StatusError
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.keepers import applyset_of
from opsdecl.targets.cluster.kinds import Kinds
from opsdecl.targets.cluster.lease import Lock
from opsdecl.targets.cluster.listing import path_of
from opsdecl.targets.cluster.ownership import APPLY, holders, is_ours, own
from opsdecl.targets.cluster.reading import Reading, Scope
from opsdecl.targets.cluster.store import PART_OF, Store

_TRIES = 8


class Side(Struct, frozen=True):
    """A partition under its lock."""

    store: Store
    scope: Scope
    lock: Lock
    reading: Reading


async def hand_over(client: Client, taker: Side, giver: Side, keys: Collection[ObjectKey]) -> None:
    """The taker's records hold the objects before the giver's let go of them: killed at any moment, the next apply
    goes on. Raises ClusterError where an object cannot be changed."""
    wanted = set(keys)
    moving = [entry for entry in giver.reading.entries.values() if entry.key in wanted]
    kept = [entry for entry in taker.reading.entries.values() if entry.key not in wanted]
    ours = await _save(taker, taker.reading, [*kept, *moving])
    moved = await each(moving, lambda entry: _relabel(client, taker, giver, entry))
    await _save(taker, ours, [*kept, *moved])
    await _save(giver, giver.reading, [e for e in giver.reading.entries.values() if e.key not in wanted])


async def _save(side: Side, reading: Reading, entries: Sequence[Entry]) -> Reading:
    side.lock.check()
    ordered = tuple(sorted(entries, key=lambda entry: (entry.address, entry.key)))
    held = await side.store.save(reading.held, replace(reading.held.inventory, entries=ordered))
    return replace(reading, held=held)


async def _relabel(client: Client, taker: Side, giver: Side, entry: Entry) -> Entry:
    kinds: Kinds = giver.reading.kinds
    if (entry.key.api_version, entry.key.kind) not in kinds:
        return entry
    path = path_of(kinds, entry.key)
    for _ in range(_TRIES):
        live = await client.find(path)
        if is_leaving(live):
            return entry
        assert live is not None
        if own(holders(live), taker.scope.manager) is not None and applyset_of(live) == taker.store.applyset:
            return replace(entry, seen=seen_of(live, taker.scope.manager))
        try:
            # The server notes whoever changes a label as its holder; the second patch takes that note away again.
            first = await _patch(client, taker, path, live, _renamed(live, taker, giver), taker.store.applyset)
            answer = await _patch(client, taker, path, first, _merged(first, taker))
            return replace(entry, seen=seen_of(answer, taker.scope.manager))
        except StatusError as error:
            if error.code not in (409, 422):
                raise
    said = f"{entry.key} changes faster than it can be handed over"
    raise ClusterError(Diagnostic(codes.CLUSTER_REFUSED, said, hint="apply again"))


async def _patch(
    client: Client,
    taker: Side,
    path: str,
    live: Mapping[str, Any],
    managed: Sequence[Mapping[str, Any]],
    applyset: str = "",
) -> dict[str, Any]:
    changes: list[dict[str, Any]] = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": list(managed)},
    ]
    if applyset:
        labels = {**live["metadata"].get("labels", {}), PART_OF: applyset}
        changes.append({"op": "add", "path": "/metadata/labels", "value": labels})
    params = {"fieldManager": taker.scope.manager}
    return (await client.patch(path, changes, params, kind="json", before=taker.lock.check)).body


def _renamed(live: Mapping[str, Any], taker: Side, giver: Side) -> list[Mapping[str, Any]]:
    """Our fields in the taker's name."""
    entries = live["metadata"].get("managedFields") or []
    named = zip(entries, holders(live), strict=True)
    return [
        {**entry, "manager": taker.scope.manager} if is_ours(holder, giver.scope.manager) else entry
        for entry, holder in named
    ]


def _merged(live: Mapping[str, Any], taker: Side) -> list[Mapping[str, Any]]:
    """Without the note that the taker changed the label, which its own entry holds instead."""
    manager = taker.scope.manager
    rest = [e for e in live["metadata"]["managedFields"] if e.get("manager") != manager or e["operation"] == APPLY]
    return [_with_label(entry) if entry.get("manager") == manager else entry for entry in rest]


def _with_label(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = dict(entry.get("fieldsV1") or {})
    metadata = dict(fields.get("f:metadata") or {})
    labels = {**(metadata.get("f:labels") or {}), f"f:{PART_OF}": {}}
    return {**entry, "fieldsV1": {**fields, "f:metadata": {**metadata, "f:labels": labels}}}
