"""Resources that go from one partition's stack to another's: states, records and managers change, nothing that runs."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import ObjectKey
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as cluster_codes
from opsdecl.diag.codes import pulumi as codes
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.comparing import is_leaving, seen_of
from opsdecl.targets.cluster.failures import ClusterError, StatusError
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.kinds import find_kinds
from opsdecl.targets.cluster.ownership import APPLY, holders, is_ours
from opsdecl.targets.pulumi.decorations import FIELD_MANAGER
from opsdecl.targets.pulumi.failures import PulumiError
from opsdecl.targets.pulumi.locks import past_dead_holders
from opsdecl.targets.pulumi.moving import Course, given, holds_secrets, taken
from opsdecl.targets.pulumi.reading import Reading
from opsdecl.targets.pulumi.repairing import was_broken_off
from opsdecl.targets.pulumi.store import Store

_TRIES = 8
Rename = Callable[[tuple[Entry, ...]], tuple[Entry, ...]]
"""Makes the live objects the taker's, and answers the entries as they are then."""


class Side(Struct, frozen=True):
    """A partition: its stack and records, as they were read."""

    store: Store
    manager: str
    reading: Reading

    def check_whole(self) -> None:
        """Raises PulumiError where an apply was stopped in the middle: what is there must be known before it goes."""
        if was_broken_off(self.reading.stack, self.reading.records):
            said = (
                f"an apply of {self.store.release} was stopped in the middle, and its stack does not know what it did"
            )
            hint = f"apply that partition alone: opsdecl apply --partition {self.store.release.partition or 'none'}"
            raise PulumiError(Diagnostic(codes.HANDOVER_UNSETTLED, said, hint=hint))


class Handover(Struct, frozen=True):
    taker: Side
    giver: Side
    tool_version: str
    tell: Callable[[Diagnostic], None]

    def run(self, keys: Collection[ObjectKey], rename: Rename) -> None:
        """The taker has everything before the giver lets go of anything: killed at any moment, the objects are known to
        one of them or to both, and the next apply goes on. Raises PulumiError where a state cannot be written."""
        for side in (self.taker, self.giver):
            side.check_whole()
        wanted = set(keys)
        moving = tuple(entry for entry in self.giver.reading.entries.values() if entry.key in wanted)
        kept = tuple(entry for entry in self.taker.reading.entries.values() if entry.key not in wanted)
        self._save(self.taker, (*kept, *moving))
        self._take(moving)
        moved = rename(moving)
        self._save(self.taker, (*kept, *moved))
        self._give(moving)
        self._save(self.giver, tuple(e for e in self.giver.reading.entries.values() if e.key not in wanted))

    def _take(self, moving: Iterable[Entry]) -> None:
        taker, giver, addresses = self.taker.store, self.giver.store, {entry.address for entry in moving}
        if not self.taker.reading.stack.exists:
            taker.engine.create(taker.stack)
        ours, theirs = taker.engine.export(taker.stack) or {}, giver.engine.export(giver.stack) or {}
        if holds_secrets(theirs, addresses):
            theirs = giver.engine.export(giver.stack, opened=True) or {}
        course = Course(taker.release.project, _plain(giver.stack), _plain(taker.stack), self.taker.manager)
        self._write(taker, taken(ours, theirs, addresses, course))

    def _give(self, moving: Iterable[Entry]) -> None:
        store, addresses = self.giver.store, {entry.address for entry in moving}
        deployment = store.engine.export(store.stack)
        if deployment is not None and deployment.get("resources"):
            self._write(store, given(deployment, addresses))

    def _write(self, store: Store, state: dict[str, Any]) -> None:
        past_dead_holders(store.engine, store.stack, lambda: store.engine.replace_state(store.stack, state), self.tell)

    def _save(self, side: Side, entries: Iterable[Entry]) -> None:
        """With the digests of what the state holds now: it was written by us."""
        ordered = tuple(sorted(entries, key=lambda entry: (entry.address, entry.key)))
        records, digests = side.reading.records, side.store.load_stack().digests
        inventory = replace(records.inventory, release=str(side.store.release), entries=ordered)
        known = {entry.address for entry in ordered}
        before = side.reading.stack.objects.keys()
        held = {a: records.held.get(a, d) if a in before else d for a, d in digests.items() if a in known}
        told = replace(records, inventory=inventory, held=held)
        store = side.store
        past_dead_holders(store.engine, store.records_stack, lambda: store.save(told, self.tool_version), self.tell)


def _plain(stack: str) -> str:
    return stack.rpartition("/")[2]


async def rename_managers(client: Client, entries: Iterable[Entry], taker: str, giver: str) -> tuple[Entry, ...]:
    """Our fields of the live objects in the taker's name. Raises ClusterError where an object cannot be changed."""
    every = tuple(entries)
    kinds = await find_kinds(client, [entry.key for entry in every])

    async def one(entry: Entry) -> Entry:
        served = kinds.get((entry.key.api_version, entry.key.kind))
        return await _rename(client, served.path(entry.key), entry, taker, giver) if served is not None else entry

    return tuple(await each(every, one))


async def _rename(client: Client, path: str, entry: Entry, taker: str, giver: str) -> Entry:
    for _ in range(_TRIES):
        live = await client.find(path)
        if is_leaving(live):
            return entry
        assert live is not None
        if not any(is_ours(holder, giver) for holder in holders(live)):
            return replace(entry, seen=seen_of(live, taker))
        try:
            # The server notes whoever changes the annotation as its holder; the second patch takes that note away.
            first = await _patch(client, path, live, _named(live, taker, giver), taker, with_note=True)
            answer = await _patch(client, path, first, _unnoted(first, taker), taker)
            return replace(entry, seen=seen_of(answer, taker))
        except StatusError as error:
            if error.code not in (409, 422):
                raise
    said = f"{entry.key} changes faster than it can be handed over"
    raise ClusterError(Diagnostic(cluster_codes.CLUSTER_REFUSED, said, hint="apply again"))


async def _patch(
    client: Client, path: str, live: Mapping[str, Any], managed: list[Any], taker: str, *, with_note: bool = False
) -> dict[str, Any]:
    metadata = live["metadata"]
    changes: list[dict[str, Any]] = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": managed},
    ]
    if with_note and FIELD_MANAGER in (metadata.get("annotations") or {}):
        notes = {**metadata["annotations"], FIELD_MANAGER: taker}
        changes.append({"op": "add", "path": "/metadata/annotations", "value": notes})
    return (await client.patch(path, changes, {"fieldManager": taker}, kind="json")).body


def _named(live: Mapping[str, Any], taker: str, giver: str) -> list[Any]:
    entries = live["metadata"].get("managedFields") or []
    named = zip(entries, holders(live), strict=True)
    return [{**entry, "manager": taker} if is_ours(holder, giver) else entry for entry, holder in named]


def _unnoted(live: Mapping[str, Any], taker: str) -> list[Any]:
    return [e for e in live["metadata"]["managedFields"] if e.get("manager") != taker or e["operation"] == APPLY]
