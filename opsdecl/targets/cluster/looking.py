"""What runs now: each object of a release with its readiness, and who is at the release. Reads, and never writes."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from opsdecl.addr import ObjectKey, Release
from opsdecl.apply.types import ObjectStatus, Revision, Status
from opsdecl.diag import Checked
from opsdecl.diff.records import StoredObject, TargetState
from opsdecl.targets.cluster.client import Client, each, talking
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.cluster.kinds import find_kinds
from opsdecl.targets.cluster.kubeconfig import find_server
from opsdecl.targets.cluster.lease import holder_of
from opsdecl.targets.cluster.observing import observe
from opsdecl.targets.cluster.reading import Scope, read_release
from opsdecl.targets.cluster.results import Left, left_by
from opsdecl.targets.cluster.rollouts import rolled_out
from opsdecl.targets.cluster.running import of_run, run_at
from opsdecl.targets.cluster.settings import ClusterSettings
from opsdecl.targets.cluster.store import Store
from opsdecl.targets.cluster.waiting import judge, look_at

T = TypeVar("T")


async def status_of(client: Client, store: Store, release: Release) -> Status:
    """Of all that the records name."""
    reading = await read_release(client, store, Scope(release))
    entries = sorted(reading.entries.items(), key=lambda pair: (pair[1].address, pair[1].key))
    looks = await each(entries, lambda pair: judge(client, reading.live.get(pair[0])))
    rows = zip(entries, looks, strict=True)
    runs = reading.state.runs
    last = reading.held.inventory.revision
    return Status(
        await store.revision(last) if last else None,
        tuple(
            ObjectStatus(e.address, str(e.key), of_run(looked.shown, run_at(runs, e.key))) for (_, e), looked in rows
        ),
        await holder_of(client, store.namespace, store.name),
    )


class Observer(Struct, frozen=True):
    """A cluster that somebody else applies to, such as Argo CD from a branch; looked at with rights to read."""

    settings: ClusterSettings

    @property
    def name(self) -> str:
        """The context of the kubeconfig."""
        return self.settings.context or ""

    def status(self, objects: Sequence[tuple[str, ObjectKey]], revision: Revision | None) -> Checked[Status]:
        """Of objects by address and key, which the caller knows from elsewhere."""

        async def work(client: Client) -> Status:
            kinds = await find_kinds(client, [key for _, key in objects])
            looks = await each(objects, lambda pair: look_at(client, kinds, pair[1]))
            rows = zip(objects, looks, strict=True)
            return Status(revision, tuple(ObjectStatus(a, str(key), looked.shown) for (a, key), looked in rows))

        return self._attempt(work)

    def read(self, objects: Sequence[StoredObject]) -> Checked[TargetState]:
        """What the cluster holds of objects whose `live` side is what it should hold, such as a branch says."""
        return self._attempt(lambda client: observe(client, objects))

    def results(self, jobs: Sequence[ObjectKey], variable: str) -> Checked[Sequence[Left]]:
        """What runs left; `variable` of their environment holds what each was asked for."""
        return self._attempt(lambda client: left_by(client, jobs, variable))

    def rolled_out(self, workloads: Sequence[ObjectKey]) -> Checked[Sequence[str | None]]:
        """Since when only their last version answers; see `rollouts.rolled_out`."""
        return self._attempt(lambda client: rolled_out(client, workloads))

    def _attempt(self, work: Callable[[Client], Coroutine[Any, Any, T]]) -> Checked[T]:
        async def run() -> T:
            async with talking(find_server(self.settings)) as client:
                return await work(client)

        try:
            return Checked(asyncio.run(run()))
        except ClusterError as error:
            return Checked(None, error.diagnostics)
