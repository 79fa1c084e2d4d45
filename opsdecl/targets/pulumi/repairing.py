"""After an update that was stopped in the middle: what it had done is taken into the state, before anything else.

A state that is written once, at the end of an update, is then as it was before. What was announced is in our records,
and what came of it is read from the live objects: those that are there are declared again, which writes them as they
are, and those that are gone are looked at by the engine itself, which takes them off the state.
"""

from collections.abc import Iterator

from opsdecl.addr import Address
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import pulumi as codes
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.reading import same_object
from opsdecl.targets.pulumi.composing import compose_held
from opsdecl.targets.pulumi.locks import past_dead_holders
from opsdecl.targets.pulumi.reading import Reading
from opsdecl.targets.pulumi.records import Records
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


def was_broken_off(stack: StackState, records: Records) -> bool:
    """Whether an update was stopped in the middle, so that only a look at the live objects can say what is there."""
    return bool(stack.pending) or records.is_unsettled


def repair(job: Job, reading: Reading) -> StackState:
    """The state as it is afterwards. Raises Moved, and PulumiError where the state could not be mended."""
    store = job.store
    for finding in _found(reading):
        job.tell(finding)
    stack = reading.stack
    if stack.pending:
        past_dead_holders(store.engine, store.stack, store.drop_pending, job.tell)
        stack = store.load_stack()
    gone = tuple(stack.objects[address].urn for address in sorted(_removed(reading)) if address in stack.objects)
    if gone:
        listener = Listener(lambda event: None)
        past_dead_holders(
            store.engine, store.stack, lambda: store.engine.refresh(store.stack, gone, listener.hear), job.tell
        )
        stack = store.load_stack()
    landed = tuple(_manifest(entry) for entry in _landed(reading))
    if landed:
        error = update(job, compose_held(stack, landed, job.way), stack, Listener(lambda event: None))
        if error is not None:
            raise error
    return store.load_stack()


def _landed(reading: Reading) -> Iterator[Entry]:
    """What an interrupted apply was about to write, as it turned out to be there."""
    for announced in reading.records.inventory.entries:
        entry = reading.entries.get(same_object(announced.key))
        if announced.intended is not None and entry is not None and entry.applied is not None:
            yield entry


def _removed(reading: Reading) -> set[str]:
    """Addresses of what it was about to remove, and what is not there any more. An object of another key may have come
    in its place."""
    there = {entry.address for entry in reading.entries.values()}
    return {entry.address for entry in reading.records.inventory.entries if entry.leaving} - there


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
    for entry in reading.records.inventory.entries:
        if entry.intended is not None or entry.leaving:
            now = reading.entries.get(same_object(entry.key))
            yield _note(entry, now, reading, pending.pop(entry.address, ""))
    known = {entry.address for entry in reading.entries.values()}
    for address, words in sorted(pending.items()):
        there = "it is there" if address in known else "it is not there"
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
