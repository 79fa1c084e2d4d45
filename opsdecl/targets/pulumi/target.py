"""A Pulumi stack as a target: desired is compiled, applied is in our records and the stack's state, live is what the
cluster or the folder holds."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl.addr import ObjectKey, Release
from opsdecl.apply.ports import Record
from opsdecl.apply.types import Event, ObjectStatus, Outcome, Revision, Started, Status
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.plan import STALE
from opsdecl.diff.records import TargetState
from opsdecl.diff.types import ReleasePlan
from opsdecl.render.types import ManifestSet
from opsdecl.targets.cluster.client import Client, each, talking
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.history import last_change, named_revision, state_of
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.kinds import find_kinds
from opsdecl.targets.cluster.kubeconfig import find_server
from opsdecl.targets.cluster.reading import Scope
from opsdecl.targets.cluster.refusals import PlaceOf, nowhere
from opsdecl.targets.cluster.waiting import Watcher, look_at
from opsdecl.targets.cluster.writing import last_look
from opsdecl.targets.pulumi.applying import Apply
from opsdecl.targets.pulumi.composing import Way
from opsdecl.targets.pulumi.failures import PulumiError, StackMissing, unknown_stack
from opsdecl.targets.pulumi.handover import Handover, Side, rename_managers
from opsdecl.targets.pulumi.live import Looked, cluster_settings, look_at_cluster, look_at_folder
from opsdecl.targets.pulumi.previewing import preview
from opsdecl.targets.pulumi.reading import Reading, Sources, read_release
from opsdecl.targets.pulumi.records import Records
from opsdecl.targets.pulumi.refusals import too_large
from opsdecl.targets.pulumi.repairing import was_broken_off
from opsdecl.targets.pulumi.settings import PulumiSettings
from opsdecl.targets.pulumi.state import StackState
from opsdecl.targets.pulumi.store import Store, held_partitions
from opsdecl.targets.pulumi.unlocking import put_out
from opsdecl.targets.pulumi.writing import Job, Moved, stale

if TYPE_CHECKING:
    from opsdecl.targets.pulumi.ejecting.reading import Ejected
    from opsdecl.targets.pulumi.exports import Exported

T = TypeVar("T")
_GONE_TRIES, _GONE_PAUSE_S = 240, 0.5


class PulumiTarget(Struct, frozen=True):
    """`apply.ports.Target` over a stack. `wanted` is what plans will compare with: where it is given, objects that
    exist already are found."""

    settings: PulumiSettings
    release: Release
    wanted: ManifestSet | None = None
    place_of: PlaceOf = field(default=nowhere)

    def comparing_with(self, desired: ManifestSet) -> Self:
        """See `apply.ports.TargetReader`."""
        return replace(self, wanted=desired)

    def read(self) -> Checked[TargetState]:
        """The release as stack, records and live objects have it. What does not answer is an error, never nothing."""

        def work(store: Store) -> Checked[TargetState]:
            if self.release.partition:
                reading = self._reading(store, self.wanted)
                return Checked(reading.state, reading.findings)
            with ThreadPoolExecutor(1) as pool:
                held = pool.submit(held_partitions, store, self.settings)
                reading = self._reading(store, self.wanted)
                others = tuple(partition for partition in held.result() if partition)
            return Checked(replace(reading.state, partitions=others), reading.findings)

        return self._attempt(work)

    def partitions(self) -> Checked[Sequence[str]]:
        """Partitions of the same environment and target that own objects in a stack of theirs."""
        return self._attempt(lambda store: Checked(held_partitions(store, self.settings)))

    def take_over(
        self, source: Release, keys: Sequence[ObjectKey], record: Record, *, expected: str, given: str
    ) -> Checked[tuple[str, str]]:
        """See `flows.targets.PartitionedTarget`. The rows go from state to state; live objects change hands alone."""
        other = PulumiTarget(self.settings.of(source.partition), source)

        def work(store: Store) -> Checked[tuple[str, str]]:
            theirs = Store(store.engine, source, other.settings.stack)
            sides = [Side(s, t._way.manager, t._reading(s, None)) for t, s in ((self, store), (other, theirs))]
            for side, target, identity in zip(sides, (self, other), (expected, given), strict=True):
                if side.reading.state.identity != identity:
                    return Checked(None, (target._stale(side.reading),))
            notes: list[Diagnostic] = []
            Handover(sides[0], sides[1], record.tool_version, notes.append).run(keys, self._rename_of(source))
            after = [t._reading(s, None).state.identity for t, s in ((self, store), (other, theirs))]
            return Checked((after[0], after[1]), tuple(notes))

        return self._attempt(work)

    def _rename_of(self, source: Release) -> Callable[[tuple[Entry, ...]], tuple[Entry, ...]]:
        """In a folder nobody holds a field."""
        if self.settings.directory is not None:
            return lambda entries: entries
        managers = self._way.manager, Scope(source).manager
        return lambda entries: self._talk(lambda client: rename_managers(client, entries, *managers))

    def read_revision(self, revision: str) -> Checked[TargetState]:
        """The release as it was at a kept revision, named by its id or a beginning of it."""

        def work(store: Store) -> Checked[TargetState]:
            records = store.load_records()
            found = named_revision(records.inventory.revisions, revision)
            if isinstance(found, Diagnostic):
                return Checked(None, (found,))
            return Checked(state_of(found, records.kept[found].inventory))

        return self._attempt(work)

    def history(self, limit: int) -> Checked[Sequence[Revision]]:
        """The revisions that are kept, newest first."""

        def work(store: Store) -> Checked[Sequence[Revision]]:
            records = store.load_records()
            return Checked(tuple(records.kept[r].told for r in records.inventory.revisions[: max(limit, 0)]))

        return self._attempt(work)

    def blame(self, name: str) -> Checked[Revision]:
        """The kept revision that last changed an object, by address, document, or `Deployment assist/chat`."""

        def work(store: Store) -> Checked[Revision]:
            records = store.load_records()
            inventories = [records.kept[r].inventory for r in records.inventory.revisions]
            found = last_change(records.inventory, inventories, name)
            return Checked(None, (found,)) if isinstance(found, Diagnostic) else Checked(records.kept[found].told)

        return self._attempt(work)

    def write(
        self,
        desired: ManifestSet,
        plan: ReleasePlan,
        record: Record,
        *,
        expected: str,
        emit: Callable[[Event], None],
    ) -> Checked[Outcome]:
        """Through the engine, under the backend's lock. Where objects fail, the outcome says what was done all the
        same, beside the errors."""
        numbers = tuple(d for manifest in desired.manifests for d in too_large(manifest, self.place_of))
        if numbers:
            return Checked(None, numbers)

        def work(store: Store) -> Checked[Outcome]:
            reading = self._reading(store, self.wanted)
            if reading.state.identity != expected:
                return Checked(None, (self._stale(reading),))
            notes: list[Diagnostic] = []
            job = Job(store, self._way, desired, plan, record, emit, self.place_of, notes.append)
            try:
                return Apply(job, reading, self._wait_gone_of(reading), notes).run(self.settings.revisions)
            except Moved as moved:
                return Checked(None, (*notes, stale(store.stack, moved.names)))

        done = self._attempt(work)
        return self._look_on(desired, plan, done, emit)

    def preview(self, desired: ManifestSet, plan: ReleasePlan) -> Checked[str]:
        """Pulumi's own preview of a plan, as findings: where it agrees, and where it would do something else."""

        def work(store: Store) -> Checked[str]:
            stack = store.load_stack()
            found = preview(store, self._way, desired, plan, stack, self.place_of)
            return Checked(store.stack, found)

        return self._attempt(work)

    def eject(self) -> Checked["Ejected"]:
        """The stack as a program of its own, in files that nobody has written yet."""

        def work(store: Store) -> Checked["Ejected"]:
            from opsdecl.targets.pulumi.ejecting.reading import eject

            return eject(store, self.settings, self.wanted)

        return self._attempt(work)

    def exported(self) -> Checked["Exported"]:
        """The Kubernetes objects that the stack holds, whoever put them there."""

        def work(store: Store) -> Checked["Exported"]:
            from opsdecl.targets.pulumi.exports import exported_objects

            deployment = store.engine.export(store.stack)
            if deployment is None:
                raise StackMissing(store.stack)
            return exported_objects(deployment, store.stack)

        return self._attempt(work)

    def status(self) -> Checked[Status]:
        """What runs of the release now."""

        def work(store: Store) -> Checked[Status]:
            reading = self._reading(store, None)
            last = reading.records.inventory.revision
            told = reading.records.kept[last].told if last in reading.records.kept else None
            keys = [(entry.address, entry.key) for entry in sorted(reading.entries.values(), key=lambda e: e.address)]
            return Checked(Status(told, self._talk(lambda client: _statuses(client, keys))))

        return self._attempt(work)

    def unlock(self, *, force: bool) -> Checked[str]:
        """Who was put out; empty where nobody held the stack."""
        return self._attempt(lambda store: Checked(put_out(store, force=force)))

    @property
    def _way(self) -> Way:
        return Way(self.release, Scope(self.release).manager, self.settings)

    def _reading(self, store: Store, wanted: ManifestSet | None) -> Reading:
        stack, records = store.load()
        looked = self._look(stack, records, wanted)
        return read_release(Sources(stack, records, looked), self.release, self._way.manager, wanted)

    def _look(self, stack: StackState, records: Records, wanted: ManifestSet | None) -> Looked | None:
        if self.settings.directory is not None:
            return look_at_folder(self.settings.directory)
        if not self.settings.refresh and not was_broken_off(stack, records):
            return None
        keys = {entry.key for entry in records.inventory.entries} | {r.key for r in stack.objects.values()}
        keys |= {manifest.key for manifest in wanted.manifests} if wanted is not None else set()
        return self._talk(lambda client: look_at_cluster(client, sorted(keys))) if keys else Looked({})

    def _talk(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        """With the cluster itself, past Pulumi. Raises ClusterError."""

        async def run() -> T:
            async with talking(find_server(cluster_settings(self.settings))) as client:
                return await work(client)

        return asyncio.run(run())

    def _wait_gone_of(self, reading: Reading) -> Callable[[tuple[str, ...]], None]:
        keys = {address: resource.key for address, resource in reading.stack.objects.items()}
        return lambda addresses: self._talk(lambda client: _wait_gone(client, [keys[a] for a in addresses]))

    def _look_on(
        self, desired: ManifestSet, plan: ReleasePlan, done: Checked[Outcome], emit: Callable[[Event], None]
    ) -> Checked[Outcome]:
        """Until all that was applied is ready. What is not leaves the record as it is: it was applied."""
        addresses = {change.address for change in last_look(plan)}
        if done.value is None or done.value.failed or not addresses or self.settings.directory is not None:
            return done
        emit(Started("waiting until ready", len(addresses)))
        awaited = [m for m in desired.manifests if str(m.address) in addresses]

        async def wait(client: Client) -> tuple[Diagnostic, ...]:
            kinds = await find_kinds(client, [m.key for m in awaited])
            watcher = Watcher(client, kinds, self.place_of, emit, self.settings.wait_at_most_s)
            return tuple((await watcher.wait(awaited)).values())

        try:
            return Checked(done.value, (*done.diagnostics, *self._talk(wait)))
        except ClusterError as error:
            return Checked(done.value, (*done.diagnostics, *error.diagnostics))

    def _stale(self, reading: Reading) -> Diagnostic:
        records = reading.records
        last = records.kept.get(records.inventory.revision)
        told = last.told if last is not None else None
        by = f": last applied by {told.who} at {told.at} ({told.id[:12]}: {told.summary})" if told is not None else ""
        moved = sorted(o.address for o in reading.state.objects if o.changed_by)
        by += f"; changed outside: {', '.join(f'`{address}`' for address in moved[:5])}" if moved else ""
        said = f"stack `{self.settings.stack}` is not as it was when this was planned{by}"
        return Diagnostic(STALE, said, hint="plan again, and look at what moved with `opsdecl history`")

    def _attempt(self, work: Callable[[Store], Checked[T]]) -> Checked[T]:
        try:
            return _with_store(self.settings, self.release, work)
        except StackMissing:
            return Checked(None, (unknown_stack(self.settings.stack, self.settings.backend),))
        except (PulumiError, ClusterError) as error:
            return Checked(None, error.diagnostics)


def _with_store(settings: PulumiSettings, release: Release, work: Callable[[Store], T]) -> T:
    from opsdecl.targets.pulumi.engine import engine_of

    with engine_of(settings, release.project) as engine:
        return work(Store(engine, release, settings.stack))


async def _statuses(client: Client, keys: Sequence[tuple[str, ObjectKey]]) -> tuple[ObjectStatus, ...]:
    kinds = await find_kinds(client, [key for _, key in keys])
    looks = await each(keys, lambda pair: look_at(client, kinds, pair[1]))
    return tuple(ObjectStatus(a, str(key), looked.shown) for (a, key), looked in zip(keys, looks, strict=True))


async def _wait_gone(client: Client, keys: Sequence[ObjectKey]) -> None:
    kinds = await find_kinds(client, keys)
    for key in keys:
        for _ in range(_GONE_TRIES):
            if await client.find(kinds[key.api_version, key.kind].path(key)) is None:
                break
            await asyncio.sleep(_GONE_PAUSE_S)
