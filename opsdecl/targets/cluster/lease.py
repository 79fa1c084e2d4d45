"""The lock of a release: a Lease that is renewed while we work, looked at before each write.

Nobody's clock is compared with another's. A hold is over for others once they have watched it for as long as it lasts
and saw no renewal; for its holder a little earlier, counted from before its last renewal was sent, so that a thawed one
knows at once that it slept too long. The times that a Lease names are for people.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.failures import ClusterError, StatusError

DURATION_S = 30
_OURS = 5 / 6
"""How much of its time a hold counts for us: it is over for us before it is for others."""
_LOOKS = 30
"""How often a hold is looked at while it lasts."""
_LONGEST_WATCH_S = 120
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_HOLD = ("holderIdentity", "leaseTransitions")
"""Of a Lease, what tells one hold from another."""
Told = Callable[[str, float], None]


def elapsed_s() -> float:
    """Seconds since some moment. It counts on while the machine sleeps, as the loop's clock does not."""
    return time.clock_gettime(_CLOCK)


def untold(_holder: str, _seconds: float) -> None:
    """For those who wait without a word."""


@dataclass(slots=True)
class Lock:
    """A held Lease: `until` is when our hold ends, by `elapsed_s`."""

    client: Client
    path: str
    body: Mapping[str, Any]
    until: float
    duration_s: int

    @property
    def holds(self) -> int:
        """How many there were of the Lease, ours included."""
        return int(self.body["spec"].get("leaseTransitions") or 0)

    def check(self) -> None:
        """Right before a write. Raises ClusterError where the lock may belong to somebody else by now."""
        if elapsed_s() > self.until:
            raise ClusterError(_lost(self.body, "it was not renewed in time"))

    async def renew(self) -> None:
        """Raises ClusterError where somebody else has taken it, or the server does not answer in time."""
        start = elapsed_s()
        spec = {**self.body["spec"], "renewTime": _stamp(self.client.now())}
        try:
            answer = await self.client.put(self.path, {**self.body, "spec": spec}, urgent=True)
        except StatusError as error:
            if error.code not in (404, 409):
                raise
            answer_now = await self.client.find(self.path)
            if answer_now is None or answer_now["spec"] != spec:
                raise ClusterError(_lost(answer_now or self.body, "somebody else has taken it")) from None
            self.body = answer_now
        else:
            self.body = answer.body
        self.until = start + self.duration_s * _OURS

    async def release(self) -> None:
        """Lets others in at once. Whatever goes wrong here, the time runs out by itself."""
        with suppress(StatusError, ClusterError):
            try:
                await self._let_go(self.body)
            except StatusError as error:
                if error.code != 409:
                    raise
                # A renewal that was cut short may have arrived all the same.
                now = await self.client.find(self.path)
                if now is not None and all(now["spec"].get(name) == self.body["spec"].get(name) for name in _HOLD):
                    await self._let_go(now)

    async def _let_go(self, lease: Mapping[str, Any]) -> None:
        await self.client.put(self.path, {**lease, "spec": {**lease["spec"], "holderIdentity": ""}})


def lease_path(namespace: str, name: str = "") -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases{f'/{name}' if name else ''}"


async def holder_of(client: Client, namespace: str, name: str) -> str:
    """Who holds the Lease and when that was renewed; empty where it was let go of. Whether the holder is alive only
    watching tells."""
    found = await client.find(lease_path(namespace, name))
    return f"{_holder(found)}, renewed at {found['spec'].get('renewTime')}" if found and _holder(found) else ""


async def put_out(client: Client, namespace: str, name: str, *, force: bool) -> str:
    """Lets others in, and answers who was in; empty where nobody was. Raises ClusterError (LOCK_HELD) where the holder
    still renews its hold, unless `force`: its next renewal then fails, and it writes nothing more."""
    path = lease_path(namespace, name)
    found = await client.find(path)
    holder = _holder(found)
    if found is None or not holder:
        return ""
    try:
        over = found if force else await _watch(client, path, found, untold)
    except ClusterError as error:
        held = error.diagnostics[0]
        hint = f"{held.hint}; if you know that it is gone, repeat with --force"
        raise ClusterError(replace(held, hint=hint)) from None
    if over is not None and _holder(over):
        await client.put(path, {**over, "spec": {**over["spec"], "holderIdentity": ""}})
    return holder


@asynccontextmanager
async def locked(
    client: Client, namespace: str, name: str, holder: str, *, duration_s: int = DURATION_S, tell: Told = untold
) -> AsyncIterator[Lock]:
    """The lock, renewed until the block ends. Raises ClusterError (LOCK_HELD) where somebody else holds it. `tell` gets
    the name of a holder and the seconds for which it is watched."""
    lock = await acquire(client, namespace, name, holder, duration_s=duration_s, tell=tell)
    beat = asyncio.ensure_future(_keep(lock))
    try:
        yield lock
    finally:
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)
        await lock.release()


async def _keep(lock: Lock) -> None:
    """A renewal that fails leaves the time to run out: `check` then stops the next write."""
    while True:
        await asyncio.sleep(lock.duration_s / 4)
        try:
            await lock.renew()
        except StatusError:
            continue
        except ClusterError as error:
            if error.diagnostics[0].code is codes.LOCK_LOST:
                lock.until = float("-inf")
                return


async def acquire(
    client: Client, namespace: str, name: str, holder: str, *, duration_s: int = DURATION_S, tell: Told = untold
) -> Lock:
    """Creates the Lease, or takes it over where nobody holds it any more: both only if nobody else does so first."""
    path = lease_path(namespace, name)
    found = await client.find(path)
    if found is not None and _holder(found):
        found = await _watch(client, path, found, tell)
    start = elapsed_s()
    body = _lease(namespace, name, holder, client.now(), duration_s, found)
    try:
        answer = await (client.put(path, body) if found else client.post(lease_path(namespace), body))
    except StatusError as error:
        if error.code == 404:
            said = f"{client.server.name} has no namespace `{namespace}`, where the records of the release go"
            hint = f"kubectl create namespace {namespace}"
            raise ClusterError(Diagnostic(codes.NO_NAMESPACE, said, hint=hint)) from None
        if error.code != 409:
            raise
        now = await client.find(path)
        if now is None or now["spec"] != body["spec"]:
            raise ClusterError(_held(now or body)) from None
        return Lock(client, path, now, start + duration_s * _OURS, duration_s)
    return Lock(client, path, answer.body, start + duration_s * _OURS, duration_s)


async def _watch(client: Client, path: str, first: Mapping[str, Any], tell: Told) -> dict[str, Any] | None:
    """The Lease once it is let go of, or was not renewed for as long as it lasts; None where it is gone. Raises
    ClusterError (LOCK_HELD) at the first renewal, and where watching would take too long."""
    lasts = float(first["spec"].get("leaseDurationSeconds") or DURATION_S)
    if lasts > _LONGEST_WATCH_S:
        raise ClusterError(_held(first))
    tell(_holder(first), lasts)
    start, found = elapsed_s(), dict(first)
    while _holder(found):
        if found["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]:
            raise ClusterError(_held(found))
        if elapsed_s() - start > lasts:
            return found
        await asyncio.sleep(lasts / _LOOKS)
        seen = await client.find(path)
        if seen is None:
            return None
        found = seen
    return found


def _holder(lease: Mapping[str, Any] | None) -> str:
    return str((lease or {}).get("spec", {}).get("holderIdentity") or "")


def _lease(
    namespace: str, name: str, holder: str, now: datetime, duration_s: int, found: Mapping[str, Any] | None
) -> dict[str, Any]:
    before = found["spec"] if found is not None else {}
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if found is not None:
        metadata = {
            **metadata,
            "uid": found["metadata"]["uid"],
            "resourceVersion": found["metadata"]["resourceVersion"],
        }
    spec = {
        "holderIdentity": holder,
        "leaseDurationSeconds": duration_s,
        "acquireTime": _stamp(now),
        "renewTime": _stamp(now),
        "leaseTransitions": int(before.get("leaseTransitions") or 0) + 1,
    }
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def _held(lease: Mapping[str, Any]) -> Diagnostic:
    spec, metadata = lease["spec"], lease["metadata"]
    said = (
        f"Lease {metadata['namespace']}/{metadata['name']} is held by `{spec.get('holderIdentity')}` "
        f"since {spec.get('acquireTime')}, renewed at {spec.get('renewTime')}"
    )
    hint = f"wait; a holder that died is followed {spec.get('leaseDurationSeconds')} s after its last renewal"
    return Diagnostic(codes.LOCK_HELD, said, hint=hint)


def _lost(lease: Mapping[str, Any], reason: str) -> Diagnostic:
    said = f"the Lease {lease['metadata']['name']} is not ours any more: {reason}"
    return Diagnostic(codes.LOCK_LOST, said, hint="plan again: what was written is shown")


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
