"""One apply through Pulumi, from the intention to the revision."""

from collections.abc import Callable, Collection, Mapping

from msgspec import Struct

from opsdecl.addr import is_run
from opsdecl.apply.types import Outcome, Recorded, Started
from opsdecl.diag import Checked, Diagnostic
from opsdecl.targets.cluster.books import inventory_of, revision_of, revision_told, settled
from opsdecl.targets.cluster.inventory import Entry, with_revision
from opsdecl.targets.cluster.reading import Identity
from opsdecl.targets.cluster.writing import Progress, intentions
from opsdecl.targets.pulumi.announcing import Books
from opsdecl.targets.pulumi.composing import compose, compose_held, made_anew, rewritten, without
from opsdecl.targets.pulumi.decorations import WITH_EARLY_DELETE
from opsdecl.targets.pulumi.locks import past_dead_holders
from opsdecl.targets.pulumi.reading import Reading
from opsdecl.targets.pulumi.records import Kept, Records
from opsdecl.targets.pulumi.repairing import repair, was_broken_off
from opsdecl.targets.pulumi.state import StackState
from opsdecl.targets.pulumi.telling import Listener
from opsdecl.targets.pulumi.writing import Job, Moved, drifted, settle, unknown, update

WaitGone = Callable[[tuple[str, ...]], None]


class Apply(Struct, frozen=True):
    """`wait_gone` returns once the objects of these addresses are gone from the cluster."""

    job: Job
    reading: Reading
    wait_gone: WaitGone
    findings: list[Diagnostic]
    """Notes on the way, which `job.tell` appends to."""

    def run(self, kept: int) -> Checked[Outcome]:
        """Raises Moved where the stack is not as it was read, PulumiError where nothing could be done."""
        job, records = self.job, self.reading.records
        entries = intentions(job.desired, job.plan, self.reading.entries)
        if not self._is_needed(entries):
            return Checked(Outcome(records.inventory.revision, {}))
        broken_off = was_broken_off(self.reading.stack, records)
        stack = repair(job, self.reading) if broken_off else self.reading.stack
        progress = Progress(entries)
        books = Books(job, records, entries, stack.digests if broken_off else records.held)
        left_open: frozenset[str] = frozenset()
        if self._engine_is_needed(stack):
            stack, left_open = self._update(stack, progress, books)
        if progress.failed or any(d.severity.word == "error" for d in progress.findings):
            if books.announced or broken_off:
                books.keep(_settled(progress, left_open), _held(books.now, stack, progress, left_open))
            return Checked(Outcome("", progress.counts, failed=True), (*self.findings, *progress.findings))
        revision = self._close(books, progress, stack, kept)
        job.emit(Recorded(revision))
        return Checked(Outcome(revision, progress.counts), (*self.findings, *progress.findings))

    def _is_needed(self, entries: Mapping[Identity, Entry]) -> bool:
        """An apply of nothing to nothing leaves no trace, and one that changes nothing no revision."""
        job, records = self.job, self.reading.records
        if job.plan.changes or was_broken_off(self.reading.stack, records):
            return True
        now, before = inventory_of(records.inventory, job.desired, job.record, entries), records.inventory
        if not records.exists:
            return bool(now.entries or now.documents)
        same = (now.entries, now.documents, now.desired_digest) == (
            before.entries,
            before.documents,
            before.desired_digest,
        )
        return not same or self._engine_is_needed(self.reading.stack)

    def _engine_is_needed(self, stack: StackState) -> bool:
        wanted = {str(manifest.address) for manifest in self.job.desired.manifests}
        return bool(self.job.plan.changes) or any(not is_run(a) for a in stack.objects.keys() ^ wanted)

    def _update(self, stack: StackState, progress: Progress, books: Books) -> tuple[StackState, frozenset[str]]:
        """The state afterwards, and the addresses of which nobody knows yet what came of them."""
        job, store = self.job, self.job.store
        job.emit(Started("pulumi up", len(job.plan.changes)))
        if not stack.exists:
            store.engine.create(store.stack)
            stack = store.load_stack()
        stack = self._prepare(stack, books)
        program = compose(job.desired, job.plan, stack, job.way)
        listener = Listener(job.emit, {c.address: c.action for c in job.plan.changes})
        error = update(job, program, stack, listener, rewritten(program, stack), books.announce)
        after = store.load_stack()
        left_open = unknown(job, stack, after, listener, error)
        settle(job, progress, stack, after, listener, error, left_open)
        return after, left_open

    def _prepare(self, stack: StackState, books: Books) -> StackState:
        """What the engine must know, or may do, before the update itself."""
        job, engine, name = self.job, self.job.store.engine, self.job.store.stack
        gone = {c.address for c in job.plan.changes if c.action in ("delete", "replace", "forget")}
        gone |= made_anew(compose(job.desired, job.plan, stack, job.way))
        freed = tuple(r.urn for a, r in stack.objects.items() if a in gone and r.protect)
        forgotten = {c.address for c in job.plan.changes if c.action == "forget"}
        dropped = tuple(r.urn for a, r in stack.objects.items() if a in forgotten)
        past_dead_holders(engine, name, lambda: engine.unprotect(name, freed), job.tell)
        past_dead_holders(engine, name, lambda: engine.drop(name, dropped), job.tell)
        now = job.store.load_stack() if dropped or freed else stack
        now = self._refresh(now)
        return self._make_room(now, books)

    def _refresh(self, stack: StackState) -> StackState:
        job, engine, name = self.job, self.job.store.engine, self.job.store.stack
        resources = drifted(job, stack)
        if not resources or job.way.settings.directory is not None:
            return stack
        urns = tuple(resource.urn for resource in resources)
        listener = Listener(lambda event: None)
        past_dead_holders(engine, name, lambda: engine.refresh(name, urns, listener.hear), job.tell)
        now = job.store.load_stack()
        strange = set(now.moved(stack)) - {resource.address for resource in resources}
        if strange:
            raise Moved(sorted(strange))
        return now

    def _make_room(self, stack: StackState, books: Books) -> StackState:
        """Workloads that are replaced go first, and are waited for: the provider would create the new one into the old
        one's end, since it is told not to wait for them."""
        job = self.job
        names = tuple(
            c.address
            for c in job.plan.changes
            if c.action == "replace" and c.object.kind in WITH_EARLY_DELETE and c.address in stack.objects
        )
        if not names or job.way.settings.directory is not None:
            return stack
        program = without(compose_held(stack, (), job.way), names)
        error = update(job, program, stack, Listener(lambda event: None), (), books.announce)
        if error is not None:
            raise error
        self.wait_gone(names)
        return job.store.load_stack()

    def _close(self, books: Books, progress: Progress, stack: StackState, kept: int) -> str:
        job, record, records = self.job, self.job.record, books.now
        before = records.inventory
        inventory = inventory_of(before, job.desired, record, settled(progress.entries))
        revision = revision_of(record, before.revision, inventory.entries)
        inventory = with_revision(inventory, before, revision, kept)
        told = revision_told(record, revision, inventory.desired_digest, progress.counts)
        revisions = {**records.kept, revision: Kept(told, inventory)}
        books.write(Records(inventory, {r: revisions[r] for r in inventory.revisions}, stack.digests))
        return revision


def _settled(progress: Progress, left_open: Collection[str]) -> dict[Identity, Entry]:
    """What was announced of these stays announced: the next apply looks at what came of it."""
    open_entries = {i: entry for i, entry in progress.entries.items() if entry.address in left_open}
    return {**settled(progress.entries), **open_entries}


def _held(records: Records, stack: StackState, progress: Progress, left_open: Collection[str]) -> Mapping[str, str]:
    """What was written by us and is known as such. Of what failed, the state may hold half."""
    known = {entry.address for entry in progress.entries.values() if entry.applied is not None}
    return {
        address: records.held.get(address, digest) if address in progress.failed or address in left_open else digest
        for address, digest in stack.digests.items()
        if address in known
    }
