"""Objects that move from one partition of a target to another: they are compared where they go, and handed over."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import Address, ObjectKey, Release
from opsdecl.diff.objects import identity, ref_of
from opsdecl.diff.records import StoredDocument, StoredObject, TargetState
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.types import ObjectChange, ReleasePlan
from opsdecl.render.types import ManifestSet


class Move(Struct, frozen=True):
    """Objects that `source` owns and `destination` wants; both are partitions of one target."""

    source: Release
    destination: Release
    objects: tuple[StoredObject, ...]

    @property
    def keys(self) -> tuple[ObjectKey, ...]:
        return tuple(stored.key for stored in self.objects)


def find_moves(
    states: Mapping[Release, TargetState], desired: Mapping[Release, ManifestSet]
) -> tuple[tuple[Move, ...], Mapping[Release, TargetState]]:
    """The moves, and the states as if they were made already: with documents that went along."""
    wanted = {
        (release.target, identity(ObjectKey(*head.key))): release
        for release, manifests in desired.items()
        for head in manifests.heads
    }
    moves: list[Move] = []
    for source, state in states.items():
        leaving: dict[Release, list[StoredObject]] = {}
        for stored in state.objects:
            to = wanted.get((source.target, identity(stored.key)), source)
            if to != source and stored.applied is not None:
                leaving.setdefault(to, []).append(stored)
        moves += [Move(source, to, tuple(objects)) for to, objects in leaving.items()]
    return tuple(moves), _moved(states, desired, moves)


def _moved(
    states: Mapping[Release, TargetState], desired: Mapping[Release, ManifestSet], moves: Sequence[Move]
) -> Mapping[Release, TargetState]:
    gone = {release: set[ObjectKey]() for release in states}
    come = {release: list[StoredObject]() for release in states}
    for move in moves:
        gone[move.source].update(move.keys)
        if move.destination in come:
            come[move.destination] += move.objects
    homes = {(r.target, view.address): r for r, manifests in desired.items() for view in manifests.documents}
    documents = {release: list[StoredDocument]() for release in states}
    for release, state in states.items():
        for document in state.documents:
            home = homes.get((release.target, document.address), release)
            documents[home if home in documents else release].append(document)
    return {
        release: replace(
            state,
            objects=(*_without(state.objects, gone[release] | {o.key for o in come[release]}), *come[release]),
            documents=tuple(documents[release]),
        )
        for release, state in states.items()
    }


def _without(objects: Sequence[StoredObject], keys: set[ObjectKey]) -> tuple[StoredObject, ...]:
    """What the destination saw of an object that is on its way is less than what its owner knows."""
    return tuple(stored for stored in objects if stored.key not in keys)


def announce(diff: ReleaseDiff, desired: ManifestSet, moves: Sequence[Move]) -> ReleaseDiff:
    """The diff of one release with the objects that it takes over, and those that it hands over."""
    release = diff.release
    for move in moves:
        if move.destination == desired.release:
            release = _taking(release, desired, move)
        elif move.source == desired.release:
            release = _giving(release, move)
    return replace(diff, release=release)


def _taking(release: ReleasePlan, desired: ManifestSet, move: Move) -> ReleasePlan:
    source = move.source.partition or "none"
    reason = f"comes from partition {source}, as it is there"
    heads = {ObjectKey(*head.key): head for head in desired.heads}
    by_identity = {identity(key): head for key, head in heads.items()}
    coming = {identity(key) for key in move.keys}
    changes: list[ObjectChange] = []
    for change in release.changes:
        key = ObjectKey(change.object.api_version, change.object.kind, change.object.namespace, change.object.name)
        if identity(key) in coming:
            coming.remove(identity(key))
            told = {"reasons": (*change.reasons, reason), "other_partition": source}
            change = change.model_copy(update=told)
        changes.append(change)
    for stored in move.objects:
        if identity(stored.key) in coming:
            head = by_identity[identity(stored.key)]
            changes.append(_handed(head.address, ObjectKey(*head.key), "adopt", reason, source, head.digest))
    summary = dict(release.summary)
    summary["adopt"], summary["noop"] = summary["adopt"] + len(coming), summary["noop"] - len(coming)
    return release.model_copy(update={"changes": tuple(changes), "summary": summary})


def _giving(release: ReleasePlan, move: Move) -> ReleasePlan:
    to = move.destination.partition or "none"
    reason = f"goes to partition {to}, as it is"
    given = [_handed(stored.address, stored.key, "forget", reason, to, "") for stored in move.objects]
    summary = {**release.summary, "forget": release.summary["forget"] + len(given)}
    return release.model_copy(update={"changes": (*release.changes, *given), "summary": summary})


def _handed(address: str, key: ObjectKey, action: str, reason: str, other: str, digest: str) -> ObjectChange:
    return ObjectChange(
        address=str(Address.parse(address)),
        object=ref_of(key),
        action="adopt" if action == "adopt" else "forget",
        classes=("none",),
        reasons=(reason,),
        digest_before=digest,
        digest_after=digest,
        other_partition=other,
    )
