"""A document's differences and the changes of its objects -> one row of the plan that a person can answer for."""

from collections import Counter
from collections.abc import Sequence

from opsdecl.addr import Address, SpecAddress
from opsdecl.diff.classify import Meaning, ordered
from opsdecl.diff.compare import MISSING, Difference
from opsdecl.diff.documents import DocumentDiff, overlaps, shared_by
from opsdecl.diff.fields import Locate, field_change
from opsdecl.diff.objects import ObjectDiff
from opsdecl.diff.running import total
from opsdecl.diff.types import Action, ChangeClass, DocumentChange, Effects, FieldChange

_ONLY_DESCRIBES = Meaning(("metadata",), "only describes")
_NOTHING_RUNS = Meaning(("none",), "nothing that runs changes")
_BESIDE = frozenset({"explain", "cache"})
"""Variants of objects whose pods answer no request to the model, and do none of the document's work."""


def document_change(
    address: SpecAddress,
    diff: DocumentDiff | None,
    objects: Sequence[ObjectDiff],
    reached: Counter[tuple[str, SpecAddress]],
    locate: Locate,
) -> DocumentChange | None:
    """None where the document and all its objects stay as they are."""
    if not objects and (diff is None or not _has_changed(diff)):
        return None
    meanings = [_meaning(d, own, objects) for d, own in diff.fields] if diff else []
    changed = [d for d, _ in diff.fields] if diff else []
    return DocumentChange(
        address=str(address),
        action=_action(diff, objects),
        classes=_classes(meanings, objects),
        fields=_fields(address, diff, meanings, locate) if diff else (),
        effects=_effects(changed, objects),
        shared_by={path: count for path, count in shared_by(diff, reached).items() if count > 1} if diff else {},
        objects=tuple(sorted(o.change.address for o in objects)),
    )


def _classes(meanings: Sequence[Meaning], objects: Sequence[ObjectDiff]) -> tuple[ChangeClass, ...]:
    declared = [c for meaning in meanings for c in meaning.classes]
    return ordered((*declared, *(c for o in objects for c in o.change.classes))) or ("none",)


def _has_changed(diff: DocumentDiff) -> bool:
    pair = diff.pair
    return bool(diff.fields) or pair.unknown or pair.before is None or pair.after is None


def _action(diff: DocumentDiff | None, objects: Sequence[ObjectDiff]) -> Action:
    if diff is None:
        return _action_of_objects(objects)
    if diff.pair.before is None and not diff.pair.unknown:
        return _action_of_objects(objects) if objects else "create"
    if diff.pair.after is None:
        return "forget" if objects and all(o.change.action == "forget" for o in objects) else "delete"
    return "replace" if any("replace" in o.change.classes for o in objects) else "update"


def _action_of_objects(objects: Sequence[ObjectDiff]) -> Action:
    """Of a document that the base does not know: what all its objects need, or an update."""
    actions = {o.change.action for o in objects}
    return actions.pop() if len(actions) == 1 else "update"


def _fields(
    address: SpecAddress, diff: DocumentDiff, meanings: Sequence[Meaning], locate: Locate
) -> tuple[FieldChange, ...]:
    """One row for each that nothing else says better."""
    rows = zip((difference for difference, _ in diff.fields), meanings, strict=True)
    return tuple(_field(address, d, meaning, locate) for d, meaning in rows if d.path not in diff.told)


def _field(address: SpecAddress, difference: Difference, meaning: Meaning, locate: Locate) -> FieldChange:
    origin = locate(address, difference.after_path)
    return field_change(address.kind, difference, meaning, origin=origin)


def _meaning(difference: Difference, own: Meaning, objects: Sequence[ObjectDiff]) -> Meaning:
    """As declared with the field; else by what the objects make of it."""
    if own.classes:
        return own
    for diff in objects:
        for origin, meaning in diff.origins:
            if _comes_from(origin, difference):
                own |= meaning
    return own if own.classes else _ONLY_DESCRIBES if difference.path[0] == "metadata" else _NOTHING_RUNS


def _comes_from(origin: tuple[str | int, ...] | None, difference: Difference) -> bool:
    """What an object lost has no origin any more: a field that the document lost is taken for it."""
    if origin is None:
        return difference.after is MISSING or difference.after is None
    return overlaps(difference, origin)


def _effects(changed: Sequence[Difference], every: Sequence[ObjectDiff]) -> Effects:
    """Of the pods that answer: what explains answers beside them is told at its own object."""
    objects = [o for o in every if Address.parse(o.change.address).variant not in _BESIDE]
    effects = total(o.change.effects for o in objects)
    if not effects.restart_field:
        return effects
    origins = [origin for o in objects for origin, meaning in o.origins if meaning.restarts]
    named = (d.text for d in changed if any(_comes_from(origin, d) for origin in origins))
    return effects.model_copy(update={"restart_field": next(named, effects.restart_field)})
