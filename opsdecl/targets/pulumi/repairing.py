"""After an update that was stopped in the middle: what it had done is taken into the state, before anything else."""

from collections.abc import Iterator, Mapping

from opsdecl.addr import Address
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import pulumi as codes
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.reading import Identity
from opsdecl.targets.pulumi.composing import compose_held
from opsdecl.targets.pulumi.locks import past_dead_holders
from opsdecl.targets.pulumi.reading import Reading
from opsdecl.targets.pulumi.state import StackState
from opsdecl.targets.pulumi.telling import Listener
from opsdecl.targets.pulumi.writing import Job, update

_SAID = {
    "creating": "was being created",
    "updating": "was being updated",
    "deleting": "was being deleted",
    "reading": "was being read",
    "importing": "was being imported",
}


def is_broken_off(reading: Reading) -> bool:
    return bool(reading.stack.pending) or reading.records.is_unsettled


def repair(job: Job, reading: Reading) -> StackState:
    """The state as it is afterwards. Raises Moved, and PulumiError where the state could not be mended."""
    store = job.store
    for finding in _found(reading):
        job.tell(finding)
    stack = reading.stack
    if stack.pending:
        past_dead_holders(store.engine, store.stack, store.drop_pending, job.tell)
        stack = store.load_stack()
    landed = tuple(_manifests(reading, stack))
    if landed:
        error = update(job, compose_held(stack, landed, job.way), stack, Listener(lambda event: None))
        if error is not None:
            raise error
    return store.load_stack()


def _manifests(reading: Reading, stack: StackState) -> Iterator[Manifest]:
    """What an interrupted apply announced, as it turned out to be there."""
    before = {entry.address: entry for entry in reading.records.inventory.entries}
    for entry in _unsettled(reading.entries, before):
        if entry.address in stack.objects or before[entry.address].intended is not None:
            yield _manifest(entry)


def _unsettled(entries: Mapping[Identity, Entry], before: Mapping[str, Entry]) -> Iterator[Entry]:
    for entry in entries.values():
        announced = before.get(entry.address)
        if announced is not None and announced.intended is not None and entry.applied is not None:
            yield entry


def _manifest(entry: Entry) -> Manifest:
    assert entry.applied is not None
    return Manifest(
        address=Address.parse(entry.address),
        key=entry.key,
        token=entry.token,
        data=dict(entry.applied),
        origins={},
        depends_on=tuple(Address.parse(need) for need in entry.depends_on),
        protect=entry.protect,
    )


def _found(reading: Reading) -> Iterator[Diagnostic]:
    """One note for each object that the state or our own record left open."""
    pending = {p.resource.address: _SAID.get(p.kind, "was being worked on") for p in reading.stack.pending}
    now = {entry.address: entry for entry in reading.entries.values()}
    for entry in reading.records.inventory.entries:
        if entry.intended is not None or entry.leaving:
            yield _note(entry, now.get(entry.address), reading, pending.pop(entry.address, ""))
    for address, words in sorted(pending.items()):
        there = "it is there" if address in now else "it is not there"
        yield Diagnostic(
            codes.REPAIRED,
            f"`{address}` {words} when an earlier update was stopped: {there}",
            subject=address.partition("/")[0],
        )


def _note(entry: Entry, now: Entry | None, reading: Reading, words: str) -> Diagnostic:
    address = entry.address
    if entry.leaving:
        end = "it was removed" if now is None else "it is still there"
    elif now is None:
        end = "it was not created"
    elif now.digest == entry.intended_digest:
        known = reading.stack.objects.get(address)
        end = "it was applied" + ("" if known is not None else ", and is taken into the state")
    else:
        end = "it is as it was before"
    said = f"`{address}` {words or 'was to be applied' if not entry.leaving else words or 'was to be removed'}"
    return Diagnostic(
        codes.REPAIRED, f"{said} when an earlier apply was stopped: {end}", subject=address.partition("/")[0]
    )
