"""Objects that somebody else applies, such as Argo CD from a branch -> how they differ in the cluster, and who did it.

Nothing here is ours in the cluster: there are no records and no field manager, and reading is all that is asked for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdecl.addr import digest_of
from opsdecl.diff.records import StoredObject, TargetState
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.comparing import is_leaving
from opsdecl.targets.cluster.kinds import find_kinds
from opsdecl.targets.cluster.listing import list_live
from opsdecl.targets.cluster.ownership import Holder, holders, leaves, print_leaf, value_at
from opsdecl.targets.cluster.projection import project, respell
from opsdecl.targets.cluster.scaling import scaled_counts

MANAGED = "app.kubernetes.io/managed-by=opsdecl"
_NOT_THERE = object()


async def observe(client: Client, wanted: Sequence[StoredObject]) -> TargetState:
    """`live` of `wanted` is what the branch says; in the answer that is `applied`, and `live` what the cluster holds.
    Raises StatusError where something may not be read: what is unknown is never taken for absent."""
    present = [stored for stored in wanted if stored.live is not None]
    kinds = await find_kinds(client, [stored.key for stored in present])
    listing = await list_live(client, kinds, [stored.key for stored in present], MANAGED)
    seen = [see_observed(stored, listing.objects.get(stored.key)) for stored in present]
    lines = [(stored, holder, paths) for stored, _, foreign in seen for holder, paths in foreign]
    objects = tuple(stored for stored, _, _ in seen)
    return TargetState(
        identity=digest_of([[str(o.key), o.live_digest] for o in objects]),
        revision="",
        desired_digest="",
        objects=objects,
        unowned=tuple(_line(*line) for line in lines if line[1].sort == "person"),
        expected=(
            *scaled_counts(listing.objects.values()),
            *(_line(*line) for line in lines if line[1].sort != "person"),
        ),
    )


Foreign = tuple[Holder, tuple[str, ...]]


def see_observed(
    stored: StoredObject, live: Mapping[str, Any] | None
) -> tuple[StoredObject, Mapping[str, Any] | None, tuple[Foreign, ...]]:
    """One object, its fields that the branch names, and the fields of others that it does not."""
    assert stored.live is not None
    wanted = dict(stored.live)
    digest = digest_of(wanted)
    if is_leaving(live):
        return _as_found(stored, wanted, digest, None, "", ""), None, ()
    assert live is not None
    found = [holder for holder in holders(live) if not holder.is_bystander]
    reduced = project(dict(live), (wanted,), None, [holder.fields for holder in found])
    data = respell(reduced, without_empty(wanted), wanted)
    # The applier's own labels and annotations stand beside ours.
    foreign = tuple((holder, paths) for holder in found if (paths := _beside(holder, wanted)))
    if data == wanted:
        return _as_found(stored, wanted, digest, wanted, digest, ""), data, foreign
    return _as_found(stored, wanted, digest, data, digest_of(data), _who(found, wanted, data)), data, foreign


def _as_found(
    stored: StoredObject,
    wanted: Mapping[str, Any],
    digest: str,
    data: Mapping[str, Any] | None,
    live_digest: str,
    who: str,
) -> StoredObject:
    return StoredObject(
        address=stored.address,
        key=stored.key,
        applied=wanted,
        live=data,
        changed_by=who,
        applied_digest=digest,
        live_digest=live_digest,
        token=stored.token,
        depends_on=stored.depends_on,
    )


def without_empty(tree: Any) -> Any:
    """Without empty values, which the server drops."""
    if isinstance(tree, Mapping):
        kept = {name: without_empty(value) for name, value in tree.items()}
        return {name: value for name, value in kept.items() if value not in ("", None, {}, [])}
    return [without_empty(item) for item in tree] if isinstance(tree, (list, tuple)) else tree


def _who(found: Sequence[Holder], wanted: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """Whoever holds a field that differs; where nobody does, since it was taken away, the last who wrote at all."""
    takers = [holder for holder in found if any(_differs(leaf, wanted, data) for leaf in leaves(holder.fields))]
    blamed = takers or sorted(found, key=lambda holder: holder.time)[-1:]
    return ", ".join(sorted({holder.words for holder in blamed}))


def _differs(leaf: tuple[str, ...], wanted: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Entries and fields that are not wanted at all are somebody's own."""
    ours, theirs = value_at(wanted, leaf, _NOT_THERE), value_at(data, leaf, _NOT_THERE)
    return ours is not _NOT_THERE and ours != theirs


def _beside(holder: Holder, wanted: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(print_leaf(leaf) for leaf in leaves(holder.fields) if value_at(wanted, leaf, _NOT_THERE) is _NOT_THERE)


def _line(stored: StoredObject, holder: Holder, paths: tuple[str, ...]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return f"{stored.key}: {', '.join(paths[:3])}{more} by {holder.words}"
