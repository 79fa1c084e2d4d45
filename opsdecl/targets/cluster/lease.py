"""The lock of a release: a Lease that is renewed while we work, looked at before each write.

All times are the API server's own, so that clocks of holders do not matter; the time until our own hold ends is counted
by this process, so that a thawed one knows at once that it slept too long.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.failures import ClusterError, StatusError

DURATION_S = 30
_OURS = 5 / 6
"""How much of its time a hold counts for us: it is over for us before it is for others."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Lock:
    """A held Lease: `until` is when our hold ends, by the loop's clock."""

    client: Client
    path: str
    body: Mapping[str, Any]
    until: float
    duration_s: int

    def check(self) -> None:
        """Right before a write. Raises ClusterError where the lock may belong to somebody else by now."""
        if asyncio.get_running_loop().time() > self.until:
            raise ClusterError(_lost(self.body, "it was not renewed in time"))

    async def renew(self) -> None:
        """Raises ClusterError where somebody else has taken it, or the server does not answer in time."""
        start = asyncio.get_running_loop().time()
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
        try:
            await self.client.put(self.path, {**self.body, "spec": {**self.body["spec"], "holderIdentity": ""}})
        except (StatusError, ClusterError):
            return


def lease_path(namespace: str, name: str = "") -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases{f'/{name}' if name else ''}"


async def holder_of(client: Client, namespace: str, name: str) -> str:
    """Who holds the Lease now; empty where nobody does."""
    found = await client.find(lease_path(namespace, name))
    return str(found["spec"]["holderIdentity"]) if found is not None and _is_held(found, client.now()) else ""


async def put_out(client: Client, namespace: str, name: str, *, force: bool) -> str:
    """Lets others in, and answers who was in; empty where nobody was. Raises ClusterError (LOCK_HELD) where the holder
    still renews its hold, unless `force`: its next renewal then fails, and it writes nothing more."""
    path = lease_path(namespace, name)
    found = await client.find(path)
    holder = str((found or {}).get("spec", {}).get("holderIdentity") or "")
    if found is None or not holder:
        return ""
    if _is_held(found, client.now()) and not force:
        held = _held(found)
        raise ClusterError(replace(held, hint=f"{held.hint}; if you know that it is gone, repeat with --force"))
    await client.put(path, {**found, "spec": {**found["spec"], "holderIdentity": ""}})
    return holder


@asynccontextmanager
async def locked(
    client: Client, namespace: str, name: str, holder: str, *, duration_s: int = DURATION_S
) -> AsyncIterator[Lock]:
    """The lock, renewed until the block ends. Raises ClusterError (LOCK_HELD) where somebody else holds it."""
    lock = await acquire(client, namespace, name, holder, duration_s=duration_s)
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


async def acquire(client: Client, namespace: str, name: str, holder: str, *, duration_s: int = DURATION_S) -> Lock:
    """Creates the Lease, or takes it over where nobody holds it any more: both only if nobody else does so first."""
    path = lease_path(namespace, name)
    start = asyncio.get_running_loop().time()
    found = await client.find(path)
    if found is not None and _is_held(found, client.now()):
        raise ClusterError(_held(found))
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


def _is_held(lease: Mapping[str, Any], now: datetime) -> bool:
    spec = lease["spec"]
    renewed = _parse(spec.get("renewTime") or spec.get("acquireTime") or "")
    return bool(spec.get("holderIdentity")) and now < renewed + timedelta(
        seconds=int(spec.get("leaseDurationSeconds") or DURATION_S)
    )


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


def _parse(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _LONG_AGO
