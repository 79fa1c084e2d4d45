"""One object -> the cluster, by server-side apply: onto the object that was planned for, never by force unasked."""

import asyncio
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.diag.codes.plan import STALE
from opsdecl.diff.types import ObjectChange
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.comparing import (
    answered_of,
    decorated,
    is_leaving,
    landed,
    ours_of,
    see,
    seen_of,
    stored_object,
)
from opsdecl.targets.cluster.dryrun import Applier, refused
from opsdecl.targets.cluster.failures import StatusError
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.keepers import keeper_of
from opsdecl.targets.cluster.kinds import Kinds
from opsdecl.targets.cluster.lease import Lock
from opsdecl.targets.cluster.listing import path_of
from opsdecl.targets.cluster.migrating import migrated
from opsdecl.targets.cluster.moved import as_if_unmoved, sent
from opsdecl.targets.cluster.ownership import HAND_OVER
from opsdecl.targets.cluster.reading import Identity, same_object
from opsdecl.targets.cluster.refusals import PlaceOf, anothers_object, conflict

_TRIES = 8
_GONE_TRIES, _GONE_PAUSE_S = 120, 0.5
_NEVER = "1"
"""A resourceVersion that no object has: an apply that names it makes an object, or is answered with a conflict."""
Written = tuple[Entry | None, tuple[Diagnostic, ...]]


class Writer(Struct, frozen=True):
    """All writes of one apply go through it. `live` are the objects as they were when the lock was taken."""

    client: Client
    lock: Lock
    kinds: Kinds
    live: Mapping[Identity, Mapping[str, Any]]
    manager: str
    applyset: str
    place_of: PlaceOf
    epoch: int
    force: frozenset[str] = frozenset()
    taking: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of objects that are taken over on purpose, by address: the managers whose fields become ours."""
    awaited: Mapping[Identity, str] = field(default_factory=dict)
    """Digests of what the last apply intended and had not made when this one began: it may still arrive."""
    epoch_before: int = 0
    """Of that apply."""

    async def write(self, manifest: Manifest, entry: Entry, change: ObjectChange) -> Written:
        """The entry as it is now; with findings, None where the object was refused, and the entry as it was where the
        server may have done it all the same. Lost locks and servers raise."""
        path = path_of(self.kinds, manifest.key)
        live = self.live.get(same_object(manifest.key))
        keeper = keeper_of(live, self.applyset, self.manager) if live is not None else None
        if live is not None and keeper is not None and entry.applied is None and not self._takes(manifest):
            return None, (anothers_object(manifest, live, keeper),)
        if change.action == "create" and entry.applied is None and not is_leaving(live):
            return None, (_stale(manifest, "was made by somebody since this was planned"),)
        if change.action == "update" and not self._is_as_planned(manifest, entry, live, change):
            return None, (_stale(manifest, "was changed by somebody since this was planned"),)
        if change.action == "replace" and change.replaces is None and not is_leaving(live):
            from opsdecl.targets.cluster.deleting import delete_object

            findings = await delete_object(self, entry, wait=True)
            if findings:
                return None, findings
            live = None
        elif live is not None and is_leaving(live):
            await self.wait_gone(path, live["metadata"]["uid"])
            live = None
        try:
            written = await self._apply(path, manifest, entry, live)
            if written[0] is None or not self._takes(manifest):
                return written
            return await self._take_rest(path, manifest, written[0])
        except StatusError as error:
            # Of a refusal to look, after a conflict: it may have been one with our own write.
            in_doubt = error.in_doubt or error.verb == "get"
            return entry if in_doubt else None, refused(self.client, error, manifest, self.place_of)

    async def _apply(
        self, path: str, manifest: Manifest, entry: Entry, live: Mapping[str, Any] | None, *, again: bool = False
    ) -> Written:
        """Tries again where only status moved; stops where somebody changed what is ours. `again`: it was applied."""
        planned = self._sight(entry, live, manifest)
        force = False
        for _ in range(_TRIES):
            try:
                await self._hand_over_replicas(path, manifest, entry, live)
                answer = await self._send(path, manifest, live, force=force)
            except StatusError as error:
                if error.code != 409:
                    raise
                if error.conflicts:
                    claims = [c for c in error.conflicts if not self._may_take(manifest, entry, c.path)]
                    if claims or force:
                        return None, tuple(conflict(manifest, claim, self.place_of) for claim in claims)
                    force = True
                    continue
                looked, live = live, await self.client.find(path)
                done = None if again else self._arrived(manifest, entry, live)
                if done is not None:
                    return done, ()
                # Who scales what nobody had scaled before is not noted by the server, and no conflict then.
                shown = _shown(live, manifest, self.manager)
                if shown != _shown(looked, manifest, self.manager) or self._sight(entry, live, manifest) != planned:
                    return None, (_stale(manifest, "was changed by somebody while this was applied"),)
                force = False
                continue
            return self._entry(manifest, entry, answer), ()
        said = f"{manifest.key} changes faster than it can be written"
        return None, (Diagnostic(codes.CLUSTER_REFUSED, said, hint="apply again", subject=str(manifest.address.spec)),)

    def _arrived(self, manifest: Manifest, entry: Entry, live: Mapping[str, Any] | None) -> Entry | None:
        """The entry where what is there was written by us, and only the answer was lost: now, or by the last apply,
        which intended the same."""
        same = self.awaited.get(same_object(manifest.key)) == manifest.digest
        for epoch in (self.epoch, self.epoch_before) if same else (self.epoch,):
            done = landed(entry, live, self.manager, epoch)
            if done is not None and done.digest == manifest.digest:
                return done
        return None

    def _takes(self, manifest: Manifest) -> bool:
        return str(manifest.address) in self.taking

    async def _take_rest(self, path: str, manifest: Manifest, entry: Entry) -> Written:
        """The other managers' entries become part of ours, and one more apply drops what nobody wants of that. In this
        order, so that whoever is killed in between leaves the wanted values, and a plan that shows the rest."""
        named = self.taking[str(manifest.address)]
        for _ in range(_TRIES):
            live = await self.client.find(path)
            if live is None or live["metadata"]["uid"] != entry.seen.uid:
                return None, (_stale(manifest, "was deleted or replaced by somebody while it was taken over"),)
            fields = live["metadata"].get("managedFields") or []
            left = migrated(fields, named, self.manager)
            if left == fields:
                return entry, ()
            changes = [
                {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
                {"op": "replace", "path": "/metadata/managedFields", "value": left},
            ]
            try:
                moved = (await self.client.patch(path, changes, kind="json", before=self.lock.check)).body
            except StatusError as error:
                if error.code not in (409, 422):
                    raise
                continue
            return await self._apply(path, manifest, entry, moved, again=True)
        said = f"{manifest.key} changes faster than it can be taken over"
        return None, (Diagnostic(codes.CLUSTER_REFUSED, said, hint="adopt again", subject=str(manifest.address.spec)),)

    async def _send(
        self, path: str, manifest: Manifest, live: Mapping[str, Any] | None, *, force: bool
    ) -> dict[str, Any]:
        """With uid and resourceVersion, so that it lands on the very object that was looked at, or nowhere; where there
        was none, one is made or nothing is done."""
        body = decorated(sent(manifest, live), self.applyset, self.epoch if live is None else None)
        body = {**body, "metadata": {**body["metadata"], **_pinned(live)}}
        params = {"fieldManager": self.manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        return (await self.client.patch(path, body, params, before=self.lock.check)).body

    def _sight(self, entry: Entry, live: Mapping[str, Any] | None, manifest: Manifest) -> str:
        """Digest of what is ours of a live object, whatever controllers have moved meanwhile."""
        return see(entry, as_if_unmoved(live, entry.applied, manifest), self.manager).digest

    def _is_as_planned(
        self, manifest: Manifest, entry: Entry, live: Mapping[str, Any] | None, change: ObjectChange
    ) -> bool:
        """Also in fields that are new to us and nobody's. Who scales what nobody had scaled before is not noted by the
        server, so no conflict tells. A plan made without what is wanted knows of our own fields only."""
        if live is None or not change.digest_before or change.other_partition:
            return True
        sight = see(entry, as_if_unmoved(live, entry.applied, manifest), self.manager)
        shown = stored_object(entry, sight, live, manifest).live_digest
        return change.digest_before in (shown, sight.digest)

    def _may_take(self, manifest: Manifest, entry: Entry, path: str) -> bool:
        return Applier(self.manager, self.applyset, self.force).may_take(manifest, entry, path)

    async def _hand_over_replicas(
        self, path: str, manifest: Manifest, entry: Entry, live: Mapping[str, Any] | None
    ) -> None:
        """A count that we drop would fall back to 1: another manager keeps the live one until the autoscaler moves."""
        before = (entry.applied or {}).get("spec", {})
        after = manifest.data.get("spec", {})
        if live is None or "replicas" not in before or "replicas" in after:
            return
        count = live.get("spec", {}).get("replicas")
        if isinstance(count, int):
            keep = {
                "apiVersion": manifest.key.api_version,
                "kind": manifest.key.kind,
                "metadata": {"name": manifest.key.name, **_pinned(live)},
                "spec": {"replicas": count},
            }
            params = {"fieldManager": HAND_OVER, "force": "true"}
            held = (await self.client.patch(path, keep, params, before=self.lock.check)).body
            live["metadata"]["resourceVersion"] = held["metadata"]["resourceVersion"]

    def _entry(self, manifest: Manifest, entry: Entry, answer: Mapping[str, Any]) -> Entry:
        return replace(
            entry,
            digest=manifest.digest,
            applied=dict(manifest.data),
            answered=answered_of(answer, manifest.data, self.manager),
            seen=seen_of(answer, self.manager),
        ).settled

    async def wait_gone(self, path: str, uid: str) -> bool:
        """Whether the object went away in time, whatever came to its place."""
        for _ in range(_GONE_TRIES):
            if _uid(await self.client.find(path)) != uid:
                return True
            await asyncio.sleep(_GONE_PAUSE_S)
        return False


def _stale(manifest: Manifest, what: str) -> Diagnostic:
    return Diagnostic(STALE, f"{manifest.key} {what}", hint="plan again", subject=str(manifest.address.spec))


def _uid(live: Mapping[str, Any] | None) -> str:
    return str(live["metadata"]["uid"]) if live is not None else ""


def _shown(live: Mapping[str, Any] | None, manifest: Manifest, manager: str) -> Any:
    """Which object it is, and what it has of what is wanted, whatever controllers have moved."""
    still = as_if_unmoved(live, manifest.data, manifest)
    return (_uid(live), ours_of(still, (manifest.data,), manager)) if still is not None else None


def _pinned(live: Mapping[str, Any] | None) -> Mapping[str, str]:
    if live is None:
        return {"resourceVersion": _NEVER}
    return {"uid": live["metadata"]["uid"], "resourceVersion": live["metadata"]["resourceVersion"]}
