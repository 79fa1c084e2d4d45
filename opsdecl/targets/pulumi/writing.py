"""A release plan -> an update of its stack by Pulumi's engine, bound to the state that was looked at."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.apply.ports import Record
from opsdecl.apply.types import Event
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes.plan import STALE
from opsdecl.diff.types import ObjectChange, ReleasePlan
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.cluster.comparing import answered_of
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.reading import same_object
from opsdecl.targets.cluster.refusals import PlaceOf
from opsdecl.targets.cluster.writing import Progress
from opsdecl.targets.pulumi.composing import WRITTEN, Way
from opsdecl.targets.pulumi.decorations import undecorated
from opsdecl.targets.pulumi.failures import Locked, PulumiError, is_crash
from opsdecl.targets.pulumi.locks import past_dead_holders
from opsdecl.targets.pulumi.program import Program
from opsdecl.targets.pulumi.reading import seen_in
from opsdecl.targets.pulumi.refusals import left_out, not_removed, refused
from opsdecl.targets.pulumi.state import StackState, StateResource
from opsdecl.targets.pulumi.store import Store
from opsdecl.targets.pulumi.telling import Listener

Tell = Callable[[Diagnostic], None]


class Moved(Exception):  # noqa: N818 - reads as what it says
    """Somebody changed the stack between our look at it and our lock on it; `names` are the resources that moved."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)


class Job(Struct, frozen=True):
    """An update: what is wanted, what was planned, and what was there when it began."""

    store: Store
    way: Way
    desired: ManifestSet
    plan: ReleasePlan
    record: Record
    emit: Callable[[Event], None]
    place_of: PlaceOf
    tell: Tell

    @property
    def changes(self) -> Mapping[str, ObjectChange]:
        return {change.address: change for change in self.plan.changes}

    @property
    def manifests(self) -> Mapping[str, Manifest]:
        return {str(manifest.address): manifest for manifest in self.desired.manifests}


@dataclass(slots=True)
class _Guard:
    """The first thing inside the program, when the backend's lock is held: the state must be as it was looked at."""

    store: Store
    program: Program
    expected: StackState
    announce: Callable[[], None]
    stopped: Moved | PulumiError | None = field(default=None)

    def run(self) -> None:
        try:
            now = self.store.load_stack()
            if now.digest != self.expected.digest:
                raise Moved(now.moved(self.expected))
            self.announce()
        except (Moved, PulumiError) as error:
            self.stopped = error
            raise
        _declare(self.program)


def _declare(program: Program) -> None:
    from opsdecl.targets.pulumi.resources import declare

    declare(program)


def nothing() -> None:
    """Has been announced already, by whoever was stopped."""


def update(
    job: Job,
    program: Program,
    expected: StackState,
    listener: Listener,
    replaced: tuple[str, ...] = (),
    announce: Callable[[], None] = nothing,
) -> PulumiError | None:
    """The failure of an update that began, for `listener` knows which objects. Raises Moved, and PulumiError where
    it did not begin. `announce` is called with the lock held, before anything is declared."""
    guard = _Guard(job.store, program, expected, announce)
    engine, stack = job.store.engine, job.store.stack
    try:
        past_dead_holders(
            engine,
            stack,
            lambda: engine.up(stack, guard.run, job.record.summary, listener.hear, replaced),
            job.tell,
        )
    except Locked:
        raise
    except PulumiError as error:
        if guard.stopped is not None:
            raise guard.stopped from None
        return error
    return None


def stale(stack: str, names: Sequence[str]) -> Diagnostic:
    shown = ", ".join(f"`{name}`" for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    shown = shown or "its provider, or the records"
    said = f"stack `{stack}` was changed by another update since it was looked at: {shown}"
    return Diagnostic(STALE, said, hint="plan again, and look at what moved")


def drifted(job: Job, stack: StackState) -> tuple[StateResource, ...]:
    """Resources of changes that undo what somebody did past Pulumi: it must see that before it can."""
    causes = {c.address for c in job.plan.changes if c.cause in ("drift", "both")}
    return tuple(resource for address, resource in stack.objects.items() if address in causes)


def unknown(
    job: Job, before: StackState, after: StackState, listener: Listener, error: PulumiError | None
) -> frozenset[str]:
    """Addresses of changes that may have been made or not, as far as engine and state tell. A state that is written
    once, at the end, tells nothing where the engine did not get there."""
    if error is None or not listener.begun:
        return frozenset()
    if after.written == before.written:
        return frozenset(job.changes)
    broken = {address for address, words in listener.said.items() if is_crash(" ".join(words))}
    return frozenset(job.changes.keys() & (broken | {p.resource.address for p in after.pending}))


def settle(
    job: Job,
    progress: Progress,
    before: StackState,
    after: StackState,
    listener: Listener,
    error: PulumiError | None,
    left_open: Collection[str] = (),
) -> None:
    """What came of it, object by object, into `progress`."""
    for change in job.plan.changes:
        resource = after.objects.get(change.address)
        if change.address in left_open:
            _unsure(progress, change, listener)
        elif _is_done(change, listener, error):
            _done(job, progress, change, resource)
        elif change.address in listener.failed or change.address in listener.said:
            progress.failed[change.address] = " ".join(listener.said.get(change.address, ()))
            if resource is not None and before.digests.get(change.address) != resource.digest:
                _written(job, progress, change.address, resource)
    progress.findings += _findings(job, progress, listener, error)


def _unsure(progress: Progress, change: ObjectChange, listener: Listener) -> None:
    """Counted where the engine said so; the entry stays as it was announced."""
    if change.address in listener.failed or change.address in listener.said:
        progress.failed[change.address] = " ".join(listener.said.get(change.address, ()))
    elif change.address in listener.done:
        progress.done[change.address] = change.action


def _is_done(change: ObjectChange, listener: Listener, error: PulumiError | None) -> bool:
    if change.address in listener.failed:
        return False
    if error is None or change.address in listener.done:
        return True
    return listener.steps.get(change.address) == "same" or change.action == "forget"


def _done(job: Job, progress: Progress, change: ObjectChange, resource: StateResource | None) -> None:
    progress.done[change.address] = change.action
    if change.action in WRITTEN:
        if resource is not None:
            _written(job, progress, change.address, resource)
        if change.replaces is not None:
            former = change.replaces
            progress.entries.pop(
                (former.api_version.rpartition("/")[0], former.kind, former.namespace, former.name), None
            )
        return
    gone = change.object
    progress.entries.pop((gone.api_version.rpartition("/")[0], gone.kind, gone.namespace, gone.name), None)


def _written(job: Job, progress: Progress, address: str, resource: StateResource) -> None:
    manifest = job.manifests[address]
    identity = same_object(manifest.key)
    progress.entries[identity] = written(progress.entries[identity], manifest, resource, job.way.manager)


def written(entry: Entry, manifest: Manifest, resource: StateResource, manager: str) -> Entry:
    """An entry right after its object was applied."""
    live = undecorated(resource.outputs)
    return replace(
        entry,
        digest=manifest.digest,
        applied=dict(manifest.data),
        answered=answered_of(live, manifest.data, manager),
        seen=seen_in(resource),
    ).settled


def _findings(job: Job, progress: Progress, listener: Listener, error: PulumiError | None) -> Iterator[Diagnostic]:
    if error is None:
        return
    failed = [a for a in progress.failed if a in job.changes]
    if not failed:
        yield from error.diagnostics
        return
    for address in failed:
        said, manifest = listener.said.get(address, ()), job.manifests.get(address)
        yield refused(manifest, said, job.place_of) if manifest is not None else not_removed(address, said)
    for change in job.plan.changes:
        if change.address not in progress.done and change.address not in progress.failed:
            yield left_out(change.address, _cause(job, change, failed))


def _cause(job: Job, change: ObjectChange, failed: Sequence[str]) -> str:
    manifest = job.manifests.get(change.address)
    needs = [str(need) for need in manifest.depends_on] if manifest is not None else []
    cause = next((need for need in needs if need in failed), None)
    if cause is not None:
        return f"it needs `{cause}`, which could not be applied"
    return "the update ended before it came to this"
