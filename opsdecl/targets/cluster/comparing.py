"""One object in our records beside the live one -> what the diff compares. Pure: the server's answers are data."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import digest_of
from opsdecl.diff.records import StoredObject
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.inventory import Entry, Seen
from opsdecl.targets.cluster.live import header_of
from opsdecl.targets.cluster.ownership import (
    NOTHING,
    Fields,
    Holder,
    contains,
    holders,
    holds_all,
    leaves,
    own,
    print_leaf,
    stamp,
    value_at,
)
from opsdecl.targets.cluster.projection import keeps, matching, project, respell
from opsdecl.targets.cluster.store import EPOCH, PART_OF

_LABEL = ("f:metadata", "f:labels", f"f:{PART_OF}")


class Sight(Struct, frozen=True):
    """A live object as far as it is ours. `data` is None where it is gone or going; `by` says who made it differ from
    what we applied; `foreign` are fields of others on it: what persons set, and what is expected of programs."""

    data: Mapping[str, Any] | None
    digest: str
    by: str = ""
    by_persons: tuple[str, ...] = ()
    by_programs: tuple[str, ...] = ()


GONE = Sight(None, "")


def decorated(data: Mapping[str, Any], applyset: str, epoch: int | None = None) -> dict[str, Any]:
    """The object with the label by which the release finds it again, and where it is to be made, with the stamp of who
    makes it: decorations, outside digest and equality."""
    metadata = {**data["metadata"], "labels": {**data["metadata"].get("labels", {}), PART_OF: applyset}}
    if epoch is not None:
        metadata["annotations"] = {**metadata.get("annotations", {}), EPOCH: str(epoch)}
    return {**data, "metadata": metadata}


def epoch_of(live: Mapping[str, Any]) -> int | None:
    """Of the apply that made it; None once one has changed it, or where it is of somebody else."""
    stamped = str((live["metadata"].get("annotations") or {}).get(EPOCH, ""))
    return int(stamped) if stamped.isdecimal() else None


def seen_of(live: Mapping[str, Any], manager: str) -> Seen:
    metadata = live["metadata"]
    return Seen(
        uid=str(metadata.get("uid", "")),
        resource_version=str(metadata.get("resourceVersion", "")),
        generation=int(metadata.get("generation") or 0),
        stamp=stamp(own(holders(live), manager)),
    )


def answered_of(live: Mapping[str, Any], sent: Mapping[str, Any], manager: str) -> Mapping[str, Any] | None:
    """How the server spelled what was sent; None where it kept our words."""
    if keeps(live, sent):
        return None
    found = _ours(live, (sent,), holders(live), manager)
    return None if found == sent else found


def is_leaving(live: Mapping[str, Any] | None) -> bool:
    return live is None or bool(header_of(live).deletion_timestamp)


def is_untouched(entry: Entry, live: Mapping[str, Any], manager: str) -> bool:
    """Nobody has changed what we applied, told without looking at a single field.

    A change by anybody else takes the field out of our entry in managedFields, one in our name moves its time.
    """
    now, seen = header_of(live), entry.seen
    if not seen.uid or now.uid != seen.uid:
        return False
    if now.resource_version == seen.resource_version:
        return True
    if (now.generation or 0) != seen.generation:
        return False
    found = holders(live)
    mine = own(found, manager)
    others = [holder for holder in found if holder is not mine]
    return all(holder.is_bystander for holder in others) and stamp(mine) == seen.stamp


def landed(entry: Entry, live: Mapping[str, Any] | None, manager: str, epoch: int | None = None) -> Entry | None:
    """An entry whose last apply was killed, as far as that got; None where it is not ours any more, or never was.
    `epoch` is of the apply that intended it."""
    if is_leaving(live):
        kept = None if entry.leaving or entry.applied is None else entry.settled
    else:
        assert live is not None
        if entry.intended is None and not entry.leaving:
            return entry if entry.applied is not None else None
        mine = own(holders(live), manager)
        if entry.leaving and mine is None:
            return None
        kept = _as_intended(entry, live, mine, manager, epoch) if entry.intended is not None else entry.settled
    return kept if kept is not None and kept.applied is not None else None


def _as_intended(entry: Entry, live: Mapping[str, Any], mine: Holder | None, manager: str, epoch: int | None) -> Entry:
    """Either what was intended was written, or not."""
    assert entry.intended is not None
    now = seen_of(live, manager)
    there = ours_of(live, (entry.intended,), manager)
    # That apply makes it with its own stamp, or takes off the stamp that it finds.
    by_another = epoch is not None and epoch_of(live) not in (None, epoch)
    moved = not by_another and (
        now.uid != entry.seen.uid or now.stamp != entry.seen.stamp or now.generation != entry.seen.generation
    )
    if mine is None or not (there == entry.intended or (moved and _is_written(entry, live, mine))):
        return entry.settled
    answered = None if there == entry.intended else there
    written = replace(entry, digest=entry.intended_digest, applied=entry.intended, answered=answered, seen=now)
    return written.settled


def _is_written(entry: Entry, live: Mapping[str, Any], mine: Holder) -> bool:
    """Told where values differ, since the server may spell them otherwise: all fields are in our hands, which the edit
    of somebody else takes them out of, and none that was to change is as it was."""
    assert entry.intended is not None
    before = entry.answered if entry.answered is not None else entry.applied
    return holds_all(mine.fields, _without_names(entry.intended)) and not any(
        value_at(live, leaf) == value_at(before, leaf, NOTHING) != value_at(entry.intended, leaf)
        and value_at(entry.applied, leaf) != value_at(entry.intended, leaf)
        for leaf in leaves(mine.fields)
    )


def _without_names(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object without what nobody holds."""
    metadata = {name: value for name, value in data["metadata"].items() if name not in ("name", "namespace")}
    kept = {name: value for name, value in data.items() if name not in ("apiVersion", "kind", "metadata")}
    return {**kept, "metadata": metadata} if metadata else kept


def see(entry: Entry, live: Mapping[str, Any] | None, manager: str) -> Sight:
    """A live object beside what we last applied."""
    if is_leaving(live) or entry.applied is None:
        return GONE
    assert live is not None
    if is_untouched(entry, live, manager):
        return Sight(entry.applied, entry.digest)
    found = holders(live)
    mine = own(found, manager)
    ours = _ours(live, (entry.applied,), found, manager)
    data = respell(ours, entry.answered if entry.answered is not None else entry.applied, entry.applied)
    persons, programs = _foreign(found, mine, entry)
    if data == entry.applied:
        return Sight(entry.applied, entry.digest, by_persons=persons, by_programs=programs)
    return Sight(data, digest_of(data), _who(found, mine, entry, data), persons, programs)


def ours_of(live: Mapping[str, Any], wanted: Sequence[Any], manager: str) -> Mapping[str, Any]:
    """A live object, or a dry run's answer, reduced to wanted trees and to what we hold of it."""
    return _ours(live, wanted, holders(live), manager)


def _ours(live: Mapping[str, Any], wanted: Sequence[Any], found: Sequence[Holder], manager: str) -> dict[str, Any]:
    mine = own(tuple(found), manager)
    others = [holder.fields for holder in found if holder is not mine and holder.subresource != "status"]
    held = mine.fields if mine is not None else None
    data: dict[str, Any] = project(dict(live), wanted, held if held else None, others)
    return _undecorated(data, wanted)


def _undecorated(data: dict[str, Any], wanted: Sequence[Any]) -> dict[str, Any]:
    """Without our decorations, and without mappings that were made for them; with the names that every object has."""
    metadata = dict(data.get("metadata", {}))
    for place, ours in (("labels", PART_OF), ("annotations", EPOCH)):
        rest = {name: value for name, value in metadata.get(place, {}).items() if name != ours}
        if rest or any(place in tree.get("metadata", {}) for tree in wanted):
            metadata[place] = rest
        else:
            metadata.pop(place, None)
    return {**data, "metadata": metadata}


def adopted(live: Mapping[str, Any], manifest: Manifest, manager: str) -> Mapping[str, Any]:
    """An object that is there and not ours, reduced to what we want of it."""
    return _ours(live, (manifest.data,), holders(live), manager)


def stored_object(
    entry: Entry, sight: Sight, live: Mapping[str, Any] | None, manifest: Manifest | None
) -> StoredObject:
    """For the diff. Where the manifest wants fields that were never applied, both sides get their present values."""
    applied, data = entry.applied, sight.data
    applied_digest, live_digest = entry.digest if applied is not None else "", sight.digest
    if manifest is not None and data is not None and applied is not None and manifest.digest != applied_digest:
        others = [holder.fields for holder in holders(live or {}) if not holder.is_bystander]
        filled = fill(applied, live, manifest.data, others)
        shown = fill(data, live, manifest.data, ())
        if shown != data:
            applied, data = filled, shown
            applied_digest, live_digest = digest_of(applied), digest_of(data)
    return StoredObject(
        address=entry.address,
        key=entry.key,
        applied=applied,
        live=data,
        protect=entry.protect,
        changed_by=sight.by,
        applied_digest=applied_digest,
        live_digest=live_digest,
        token=entry.token,
        depends_on=entry.depends_on,
    )


def fill(known: Any, live: Any, wanted: Any, others: Sequence[Fields]) -> Any:
    """`known` with the live values of fields that are only `wanted`, except those that others hold."""
    if not (isinstance(known, Mapping) and isinstance(live, Mapping) and isinstance(wanted, Mapping)):
        return known
    found = dict(known)
    for name, value in wanted.items():
        theirs = [other[f"f:{name}"] for other in others if f"f:{name}" in other]
        if name in known:
            found[name] = fill(known[name], live.get(name), value, theirs)
        elif name in live and not theirs and name not in ("labels", "annotations"):
            found[name] = project(live[name], (value,), None, ())
    return found


def _who(found: Sequence[Holder], mine: Holder | None, entry: Entry, data: Mapping[str, Any]) -> str:
    """Whoever holds a field that we applied and hold no longer; where nobody does, the last who wrote at all."""
    others = [holder for holder in found if holder is not mine and not holder.is_bystander]
    held = mine.fields if mine is not None else NOTHING
    takers = [holder for holder in others if any(_was_ours(leaf, entry, held) for leaf in leaves(holder.fields))]
    blamed = takers or sorted(others, key=lambda holder: holder.time)[-1:]
    return ", ".join(sorted({holder.words for holder in blamed}))


def _was_ours(leaf: tuple[str, ...], entry: Entry, held: Fields) -> bool:
    """Whether we applied the field, and somebody took it out of our hands."""
    tree: Any = entry.applied
    for name in leaf:
        sort, _, rest = name.partition(":")
        if sort == "k" and isinstance(tree, (list, tuple)):
            key = json.loads(rest)
            tree = matching(tuple(key), key, tree)
        elif sort == "f" and isinstance(tree, Mapping):
            tree = tree.get(rest)
        if tree is None:
            return False
    return not contains(held, leaf)


def _foreign(found: Sequence[Holder], mine: Holder | None, entry: Entry) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fields that others hold and that were never ours: of persons, and of programs. One line for each holder."""
    held = mine.fields if mine is not None else NOTHING
    persons: list[str] = []
    programs: list[str] = []
    for holder in found:
        if holder is mine or holder.is_bystander:
            continue
        paths = [
            print_leaf(leaf)
            for leaf in leaves(holder.fields)
            if leaf != _LABEL and not contains(held, leaf) and not _was_ours(leaf, entry, held)
        ]
        if paths:
            more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
            line = f"{', '.join(paths[:3])}{more} by {holder.words}"
            (persons if holder.sort == "person" else programs).append(line)
    return tuple(persons), tuple(programs)
