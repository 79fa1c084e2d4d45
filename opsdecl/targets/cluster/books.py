"""The records of one apply, from what it intends to what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from opsdecl.addr import ObjectKey, digest_of, is_run
from opsdecl.apply.ports import Record
from opsdecl.apply.types import Revision
from opsdecl.diff.records import StartedRun, StoredDocument, ledger_with
from opsdecl.render.types import ManifestSet
from opsdecl.targets.cluster.inventory import Entry, Inventory, with_revision
from opsdecl.targets.cluster.lease import Lock
from opsdecl.targets.cluster.reading import Identity
from opsdecl.targets.cluster.store import Held, Store
from opsdecl.targets.cluster.writing import Progress


@dataclass(slots=True)
class Books:
    """The records of one apply, as they are written on the way."""

    store: Store
    lock: Lock
    held: Held
    desired: ManifestSet
    record: Record
    epoch: int
    open: tuple[ObjectKey, ...] = ()
    """What the last apply intended to make, and neither it nor this one has."""
    runs: tuple[StartedRun, ...] = ()
    """The ledger as the cluster shows it now."""

    async def note_ends(self, entries: Mapping[Identity, Entry]) -> None:
        """Runs that ended since the records were written: no revision, since nothing was applied."""
        runs = self._inventory(entries).runs
        if self.held.parent is not None and runs != self.held.inventory.runs:
            inventory = replace(self.held.inventory, runs=runs)
            self.held = await self.store.save(self.held, inventory, before=self.lock.check)

    def are_up_to_date(self, entries: Mapping[Identity, Entry]) -> bool:
        """But for how runs ended."""
        now = self._inventory(entries)
        before = self.held.inventory
        # Without a parent nothing was ever applied: an apply of nothing leaves it so.
        if self.held.parent is None:
            return not now.entries and not now.documents
        return (now.entries, now.documents, now.desired_digest) == (
            before.entries,
            before.documents,
            before.desired_digest,
        )

    async def save(self, progress: Progress) -> None:
        """Objects that are about to be written, or were; the documents stay those of the last complete apply."""
        self.lock.check()
        before = self.held.inventory
        entries = self._inventory(progress.entries).entries
        watched = tuple(dict.fromkeys((*self.open, *before.watched)))
        inventory = replace(
            before, release=str(self.desired.release), entries=entries, epoch=self.epoch, watched=watched
        )
        self.held = await self.store.save(self.held, inventory, before=self.lock.check)

    async def settle(self, progress: Progress) -> None:
        """After an apply that failed in part: what was certainly not written is not intended any more."""
        progress.entries = {
            **settled(progress.entries),
            **{identity: progress.entries[identity] for identity in progress.in_doubt},
        }
        await self.save(progress)

    async def close(self, progress: Progress, kept: int) -> str:
        """The revision, then the parent that names it."""
        inventory = self._inventory(settled(progress.entries))
        revision = revision_of(self.record, self.held.inventory.revision, inventory.entries)
        before = self.held.inventory
        inventory = with_revision(inventory, before, revision, kept)
        inventory = replace(inventory, epoch=self.epoch, watched=self.open)
        self.lock.check()
        told = revision_told(self.record, revision, inventory.desired_digest, progress.counts)
        inventory = await self.store.write_chunks(inventory, before.shards.chunks)
        await self.store.save_revision(inventory, told)
        self.held = await self.store.move(self.held, inventory, before=self.lock.check)
        await self.store.sweep(self.held.inventory)
        return revision

    def _inventory(self, entries: Mapping[Identity, Entry]) -> Inventory:
        before = replace(self.held.inventory, runs=self.runs)
        return inventory_of(before, self.desired, self.record, entries)


def inventory_of(
    before: Inventory, desired: ManifestSet, record: Record, entries: Mapping[Identity, Entry]
) -> Inventory:
    """The records as they are to be, with everything of `desired` that is not in the entries."""
    ordered = tuple(sorted(entries.values(), key=lambda entry: (entry.address, entry.key)))
    documents = tuple(
        StoredDocument(d.address, d.effective, d.references) for d in sorted(desired.documents, key=lambda d: d.address)
    )
    started = ((e.address, e.key) for e in ordered if is_run(e.address) and e.applied is not None)
    return replace(
        before,
        runs=ledger_with(before.runs, started, {document.address for document in documents}, record.at),
        release=str(desired.release),
        tool_version=record.tool_version,
        lock_digest=record.lock_digest,
        desired_digest=_desired_digest(desired, ordered),
        entries=ordered,
        documents=documents,
    )


def revision_of(record: Record, before: str, entries: Sequence[Entry]) -> str:
    """The id of a new revision, after the one `before`."""
    rows = [[entry.address, str(entry.key), entry.digest] for entry in entries]
    told = [before, record.kind, record.at, record.who, record.plan_digest, record.summary, rows]
    return digest_of(told).removeprefix("sha256:")[:40]


def revision_told(record: Record, revision: str, desired_digest: str, counts: Mapping[str, int]) -> Revision:
    """What the history says of it."""
    return Revision(
        id=revision,
        at=record.at,
        who=record.who,
        source_commit=record.source_commit,
        desired_digest=desired_digest,
        plan_digest=record.plan_digest,
        summary=record.summary.strip().partition("\n")[0],
        kind=record.kind,
        counts=counts,
        approvals=record.approvals,
    )


def _desired_digest(desired: ManifestSet, entries: Sequence[Entry]) -> str:
    """The set's own digest where all of it is there, the same sum over what is there otherwise."""
    held = [[entry.address, entry.digest] for entry in entries]
    wanted = [[str(m.address), m.digest] for m in desired.manifests]
    return desired.digest if held == wanted else digest_of(held)


def settled(entries: Mapping[Identity, Entry]) -> dict[Identity, Entry]:
    """What is there, without intentions that were never carried out."""
    return {identity: entry.settled for identity, entry in entries.items() if entry.applied is not None}
