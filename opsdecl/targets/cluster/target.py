"""A Kubernetes cluster as a target: desired is compiled, applied is in our records, live is what the server holds."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Self, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl.addr import ObjectKey, Release
from opsdecl.apply.ports import Record
from opsdecl.apply.types import Adoption, Event, Outcome, Queued, Recorded, Revision, Started, Status
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.plan import STALE
from opsdecl.diff.records import TargetState
from opsdecl.diff.types import ReleasePlan
from opsdecl.render.types import ManifestSet
from opsdecl.targets.cluster import history
from opsdecl.targets.cluster.adopting import Choice, Finder
from opsdecl.targets.cluster.applying import Writer
from opsdecl.targets.cluster.books import Books
from opsdecl.targets.cluster.client import Client, talking
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.handover import Side, hand_over
from opsdecl.targets.cluster.kubeconfig import find_server
from opsdecl.targets.cluster.lease import DURATION_S, Lock, locked, put_out
from opsdecl.targets.cluster.looking import status_of
from opsdecl.targets.cluster.reading import Reading, Scope, read_release
from opsdecl.targets.cluster.refusals import PlaceOf, nowhere
from opsdecl.targets.cluster.settings import DRY_RUN, ClusterSettings
from opsdecl.targets.cluster.store import Store
from opsdecl.targets.cluster.taking import moved, plan_of, taken_set, taking
from opsdecl.targets.cluster.waiting import Watcher
from opsdecl.targets.cluster.writing import Job, Progress, awaited, carry_out, intentions, last_look, open_intentions

T = TypeVar("T")


class ClusterTarget(Struct, frozen=True):
    """`apply.ports.Target` over a cluster. `wanted` is what plans will compare with: where it is given, objects that
    exist already are found, and the server is asked what it would make of those that differ."""

    settings: ClusterSettings
    release: Release
    wanted: ManifestSet | None = None
    place_of: PlaceOf = field(default=nowhere)
    lease_s: int = DURATION_S
    siblings: tuple[str, ...] = ()
    """Other partitions of the environment, whose objects may be handed over."""

    def comparing_with(self, desired: ManifestSet) -> Self:
        """See `apply.ports.TargetReader`."""
        return replace(self, wanted=desired)

    def read(self) -> Checked[TargetState]:
        """The release as the cluster holds it. An unreachable cluster is an error, never an empty release."""

        async def work(client: Client) -> Checked[TargetState]:
            ask = self.settings.plans == DRY_RUN
            force = frozenset(self.settings.force)
            scope = Scope(self.release, self.wanted, ask, self.place_of, force, self._applysets(client))
            store = self._store(client)
            reading = await read_release(client, store, scope)
            others = () if self.release.partition else tuple(p for p in await store.partitions() if p)
            return Checked(replace(reading.state, partitions=others), reading.findings)

        return self._attempt(work)

    def partitions(self) -> Checked[Sequence[str]]:
        """Partitions of the same environment and target that own objects in the cluster."""

        async def work(client: Client) -> Checked[Sequence[str]]:
            return Checked(await self._store(client).partitions())

        return self._attempt(work)

    def take_over(
        self, source: Release, keys: Sequence[ObjectKey], record: Record, *, expected: str, given: str
    ) -> Checked[tuple[str, str]]:
        """See `flows.targets.PartitionedTarget`."""

        async def work(client: Client) -> Checked[tuple[str, str]]:
            async with AsyncExitStack() as stack:
                sides = {}
                # In one order, whoever takes from whom: two that wait for each other would wait for ever.
                for release in sorted({self.release, source}):
                    store = Store(client, release, self.settings.namespace, record.tool_version)
                    lock = await stack.enter_async_context(self._locked(client, store, record, lambda event: None))
                    scope = Scope(release)
                    sides[release] = Side(store, scope, lock, await read_release(client, store, scope))
                for release, identity in ((self.release, expected), (source, given)):
                    if sides[release].reading.state.identity != identity:
                        return Checked(None, (await self._stale(sides[release].store, sides[release].reading),))
                await hand_over(client, sides[self.release], sides[source], keys)
                after = [await read_release(client, sides[r].store, Scope(r)) for r in (self.release, source)]
                return Checked((after[0].state.identity, after[1].state.identity))

        return self._attempt(work)

    def _applysets(self, client: Client) -> frozenset[str]:
        releases = (self.release._replace(partition=partition) for partition in self.siblings)
        return frozenset(Store(client, release, self.settings.namespace).applyset for release in releases)

    def read_revision(self, revision: str) -> Checked[TargetState]:
        """The release as it was at a kept revision, named by its id or a beginning of it."""

        async def work(client: Client) -> Checked[TargetState]:
            return Checked(await history.state_at(self._store(client), revision))

        return self._attempt(work)

    def history(self, limit: int) -> Checked[Sequence[Revision]]:
        """The revisions that the cluster keeps, newest first."""

        async def work(client: Client) -> Checked[Sequence[Revision]]:
            return Checked(await history.revisions_of(self._store(client), limit))

        return self._attempt(work)

    def blame(self, name: str) -> Checked[Revision]:
        """The kept revision that last changed an object, by address, document, or `Deployment assist/chat`."""

        async def work(client: Client) -> Checked[Revision]:
            return Checked(await history.blame(self._store(client), name))

        return self._attempt(work)

    def status(self) -> Checked[Status]:
        """What runs of the release now, and who is at it."""

        async def work(client: Client) -> Checked[Status]:
            return Checked(await status_of(client, self._store(client), self.release))

        return self._attempt(work)

    def unlock(self, *, force: bool) -> Checked[str]:
        """Who was put out; empty where nobody held the release."""

        async def work(client: Client) -> Checked[str]:
            store = self._store(client)
            return Checked(await put_out(client, store.namespace, store.name, force=force))

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
        """Under the lock. Where objects fail, the outcome says what was done all the same, beside the errors."""

        async def work(client: Client) -> Checked[Outcome]:
            store = replace(self._store(client), tool_version=record.tool_version)
            async with self._locked(client, store, record, emit) as lock:
                reading = await read_release(client, store, Scope(self.release, desired))
                if reading.state.identity != expected:
                    return Checked(None, (await self._stale(store, reading),))
                job, done = await self._write(client, store, lock, reading, desired, plan, record, emit)
            # Without the lock: whoever has a better version need not wait for this one.
            return await self._look_on(job, done) if job is not None else done

        return self._attempt(work)

    def find_adoption(self, choice: Choice) -> Checked[Adoption]:
        """What a take-over would change, told by dry runs; findings are objects that may not be taken, and why."""

        async def work(client: Client) -> Checked[Adoption]:
            scope = Scope(self.release, self.wanted, False, self.place_of)
            store = self._store(client)
            reading = await read_release(client, store, scope)
            return Checked(*await Finder(client, store, scope, reading, choice).find())

        return self._attempt(work)

    def adopt(
        self, choice: Choice, shown: Adoption, record: Record, *, emit: Callable[[Event], None]
    ) -> Checked[Outcome]:
        """Takes over what was shown, or nothing where anything of it has moved (OD510). Under the lock."""
        assert self.wanted is not None
        wanted = self.wanted

        async def work(client: Client) -> Checked[Outcome]:
            store = replace(self._store(client), tool_version=record.tool_version)
            async with self._locked(client, store, record, emit) as lock:
                scope = Scope(self.release, wanted, False, self.place_of)
                reading = await read_release(client, store, scope)
                found, _ = await Finder(client, store, scope, reading, choice).find()
                if found.digest != shown.digest:
                    return Checked(None, (moved(shown, found),))
                desired, plan = taken_set(wanted, reading, found), plan_of(wanted, found)
                _, done = await self._write(client, store, lock, reading, desired, plan, record, emit, found=found)
            return done

        return self._attempt(work)

    def _locked(
        self, client: Client, store: Store, record: Record, emit: Callable[[Event], None]
    ) -> AbstractAsyncContextManager[Lock]:
        def tell(holder: str, seconds: float) -> None:
            emit(Queued(holder, seconds))

        us = f"{record.who} on {socket.gethostname()}, process {os.getpid()}"
        return locked(client, store.namespace, store.name, us, duration_s=self.lease_s, tell=tell)

    async def _write(
        self,
        client: Client,
        store: Store,
        lock: Lock,
        reading: Reading,
        desired: ManifestSet,
        plan: ReleasePlan,
        record: Record,
        emit: Callable[[Event], None],
        *,
        found: Adoption | None = None,
    ) -> tuple[Job | None, Checked[Outcome]]:
        """The job where all of it was done. `found` is what it takes over, where that is the plan."""
        manager = Scope(self.release).manager
        force = frozenset(self.settings.force)
        # Later than any before, whichever of Lease and records somebody deleted.
        epoch = max(lock.holds, reading.held.inventory.epoch + 1)
        writer = Writer(
            client,
            lock,
            reading.kinds,
            reading.live,
            manager,
            store.applyset,
            self.place_of,
            epoch,
            force,
            awaited=awaited(reading),
            epoch_before=reading.held.inventory.epoch,
        )
        writer = taking(writer, found) if found is not None else writer
        entries = intentions(desired, plan, reading.entries)
        unmade, runs = open_intentions(reading, desired), reading.state.runs
        books = Books(store, lock, reading.held, desired, record, epoch, unmade, runs)
        if not plan.changes and books.are_up_to_date(entries):
            if reading.held.parent is not None:
                # A killed apply may have left chunks behind.
                await store.sweep(reading.held.inventory)
            await books.note_ends(entries)
            return None, Checked(Outcome(reading.held.inventory.revision, {}))
        progress = Progress(entries)
        if plan.changes:
            await books.save(progress)
        watcher = Watcher(client, reading.kinds, self.place_of, emit, self.settings.wait_at_most_s)
        job = Job(desired, plan, reading, writer, emit, books.save, watcher)
        await carry_out(job, progress)
        if progress.failed:
            await books.settle(progress)
            return None, Checked(Outcome("", progress.counts, failed=True), tuple(progress.findings))
        revision = await books.close(progress, self.settings.revisions)
        emit(Recorded(revision))
        return job, Checked(Outcome(revision, progress.counts), tuple(progress.findings))

    async def _look_on(self, job: Job, done: Checked[Outcome]) -> Checked[Outcome]:
        """Until all that was applied is ready. What is not leaves the record as it is: it was applied."""
        changes = {change.address for change in last_look(job.plan)}
        if not changes:
            return done
        job.emit(Started("waiting until ready", len(changes)))
        findings = await job.watcher.wait([m for m in job.desired.manifests if str(m.address) in changes])
        return Checked(done.value, (*done.diagnostics, *findings.values()))

    async def _stale(self, store: Store, reading: Reading) -> Diagnostic:
        last = reading.held.inventory.revision
        found = await store.revision(last) if last else None
        by = f": last applied by {found.who} at {found.at} ({found.id[:12]}: {found.summary})" if found else ""
        drift = sorted({o.changed_by for o in reading.state.objects if o.changed_by})
        by += f"; changed by {', '.join(drift[:3])}" if drift else ""
        said = f"{store.client.server.name} is not as it was when this was planned{by}"
        return Diagnostic(STALE, said, hint="plan again, and look at what moved with `opsdecl history`")

    def _store(self, client: Client) -> Store:
        return Store(client, self.release, self.settings.namespace)

    def _attempt(self, work: Callable[[Client], Coroutine[Any, Any, Checked[T]]]) -> Checked[T]:
        answers: list[Checked[T]] = []

        # What a task returns is printed whole, for nobody, where asyncio sets its handler of interrupts back.
        async def run() -> None:
            async with talking(find_server(self.settings)) as client:
                answers.append(await work(client))

        try:
            asyncio.run(run())
            return answers[0]
        except ClusterError as error:
            return Checked(None, error.diagnostics)
