"""One object in three records -> what it needs: an action, its cause, its fields and what they mean."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.addr import Address, ObjectKey, SpecAddress, digest_of, is_run
from opsdecl.diag import SpecPath
from opsdecl.diff.classify import NOTHING, SAME_AMOUNT, EffectTable, Meaning, document_meaning, object_meaning, ordered
from opsdecl.diff.compare import MISSING, Difference, Item, differences, same
from opsdecl.diff.documents import DocumentDiff
from opsdecl.diff.fields import Locate, causes_of, field_change
from opsdecl.diff.records import StoredObject
from opsdecl.diff.rules import deletion_rule, kind_rule
from opsdecl.diff.running import ScaledRanges, running
from opsdecl.diff.runs import CANCELLED, FINISHES, is_cancelled
from opsdecl.diff.types import Action, Cause, ChangeClass, Effects, FieldChange, ObjectChange, ObjectRef
from opsdecl.render.types import Manifest

Identity = tuple[str, str, str, str]
BEFORE_UNKNOWN = "before unknown: the base cannot be compiled, so everything may differ"


class ObjectPair(Struct, frozen=True):
    """An object as wanted and as stored; one of them may be missing."""

    manifest: Manifest | None
    stored: StoredObject | None


class ObjectDiff(Struct, frozen=True):
    """A change, the document it belongs to, and for each changed field the effective path behind it."""

    change: ObjectChange
    document: SpecAddress | None
    origins: tuple[tuple[SpecPath | None, Meaning], ...] = ()
    protect: bool = False


class Sides(Struct, frozen=True):
    """What else is known: autoscalers' ranges on both sides, what fields mean, and where they were set."""

    before: ScaledRanges
    after: ScaledRanges
    effects: EffectTable
    locate: Locate
    tool_moved: bool = False
    started: Collection[Identity] = ()
    """Runs that were started once, from the ledger."""


def pair_objects(stored: Sequence[StoredObject], manifests: Sequence[Manifest]) -> tuple[ObjectPair, ...]:
    """By identity first, so that a renamed document keeps its objects; then by address, so that a renamed object
    is a replacement and no separate deletion."""
    present = [s for s in stored if s.applied is not None or s.live is not None]
    left = {identity(s.key): s for s in reversed(present)}
    found = {id(m): left.pop(identity(m.key), None) for m in manifests}
    ours = {s.address: s for s in left.values() if s.applied is not None}
    for manifest in manifests:
        if found[id(manifest)] is None and (old := _former(manifest, ours)) is not None:
            found[id(manifest)] = left.pop(identity(old.key))
    pairs = [ObjectPair(m, found[id(m)]) for m in manifests]
    return (*pairs, *(ObjectPair(None, s) for s in left.values() if s.applied is not None))


def identity(key: ObjectKey) -> Identity:
    """What the API server takes for the same object: the version of the API does not count."""
    return key.api_version.rpartition("/")[0], key.kind, key.namespace, key.name


def _former(manifest: Manifest, ours: dict[str, StoredObject]) -> StoredObject | None:
    """Takes the object out, so that nobody else can claim it."""
    for address in (manifest.address, *manifest.aliases):
        old = ours.get(str(address))
        if old is not None and old.key.kind == manifest.key.kind:
            return ours.pop(str(address))
    return None


def diff_object(
    pair: ObjectPair, document: DocumentDiff | None, sides: Sides, forget: Collection[str]
) -> ObjectDiff | None:
    """None where nothing is to be done."""
    manifest, stored = pair.manifest, pair.stored
    if manifest is None:
        return _deletion(stored, document, sides, forget) if stored is not None else None
    if is_run(manifest.address) and _was_started(pair, sides.started):
        return None
    if document is not None and document.pair.unknown:
        return diff_unknown(manifest, document, sides)
    if stored is None or stored.live is None:
        return _creation(manifest, stored, document, sides)
    if stored.applied is not None and _is_live(stored, manifest):
        return None
    return _update(manifest, stored, stored.live, document, sides)


def _was_started(pair: ObjectPair, started: Collection[Identity]) -> bool:
    """A run is never changed, and started once: it stays as it was applied, or gone where it is gone."""
    assert pair.manifest is not None
    ours = pair.stored is not None and pair.stored.applied is not None
    return ours or identity(pair.manifest.key) in started


def _is_live(stored: StoredObject, manifest: Manifest) -> bool:
    """Digests first: a target may have to fetch the objects themselves."""
    if stored.live_digest:
        return stored.live_digest == manifest.digest
    return same(stored.live, manifest.data)


def _is_applied(stored: StoredObject, manifest: Manifest) -> bool:
    if stored.applied_digest:
        return stored.applied_digest == manifest.digest
    return same(stored.applied, manifest.data)


def _has_drifted(stored: StoredObject) -> bool:
    if stored.applied_digest and stored.live_digest:
        return stored.applied_digest != stored.live_digest
    return not same(stored.applied, stored.live)


def diff_unknown(manifest: Manifest, document: DocumentDiff | None, sides: Sides) -> ObjectDiff:
    """An object of which only the side after is known: anything that is likely for its kind may happen."""
    rule = kind_rule(manifest.key.kind)
    classes: tuple[ChangeClass, ...] = ("behaviour", rule.other) if rule.pods else (rule.other,)
    effects = _running(manifest, sides.after, document)
    change = _change(manifest, "update", classes=ordered(classes), reasons=(BEFORE_UNKNOWN,), effects=effects)
    return ObjectDiff(change, manifest.address.spec)


def _creation(
    manifest: Manifest, stored: StoredObject | None, document: DocumentDiff | None, sides: Sides
) -> ObjectDiff:
    cause: Cause = "spec"
    reasons: tuple[str, ...] = ()
    if stored is not None and stored.applied is not None:
        cause = "drift" if _is_applied(stored, manifest) else "both"
        reasons = ("somebody deleted it",)
    classes = (kind_rule(manifest.key.kind).create,)
    effects = _running(manifest, sides.after, document)
    who = stored.changed_by if stored is not None else ""
    change = _change(manifest, "create", cause=cause, classes=classes, reasons=reasons, effects=effects, drifted_by=who)
    return ObjectDiff(change, manifest.address.spec)


def _deletion(stored: StoredObject, diff: DocumentDiff | None, sides: Sides, forget: Collection[str]) -> ObjectDiff:
    document = document_of(stored.address)
    if stored.live is None:
        # A run that is done may be removed at any time: nobody changed anything.
        cause: Cause = "spec" if is_run(stored.address) else "both"
        gone = _stored_change(stored, "forget", cause=cause, classes=("none",), reasons=("it is gone already",))
        return ObjectDiff(gone, document)
    if is_run(stored.address) and diff is not None and diff.pair.after is not None:
        return ObjectDiff(_superseded(stored, stored.live, sides), document)
    if stored.address in forget or (document is not None and str(document) in forget):
        left = _stored_change(stored, "forget", classes=("none",), reasons=("it stays and is no longer ours",))
        return ObjectDiff(left, document)
    rule = deletion_rule(stored.key.kind, stored.address)
    cause = "both" if _has_drifted(stored) else "spec"
    held = diff.pair.before if diff is not None else None
    variant = Address.parse(stored.address).variant
    effects = running(stored.live, sides.before, held.effective if held is not None else {}, variant)
    reasons = ("no longer declared", rule.delete_reason)
    change = _stored_change(stored, "delete", cause=cause, classes=(rule.delete,), reasons=reasons, effects=effects)
    return ObjectDiff(change, document, protect=stored.protect)


def _superseded(stored: StoredObject, live: Mapping[str, Any], sides: Sides) -> ObjectChange:
    """A run whose place another one takes."""
    if is_cancelled(stored):
        effects = running(live, sides.before, {})
        reasons = (CANCELLED,)
        return _stored_change(stored, "delete", classes=("removal",), reasons=reasons, effects=effects)
    return _stored_change(stored, "forget", classes=("none",), reasons=(FINISHES,))


def document_of(address: str) -> SpecAddress | None:
    """None for what was stored under a name that is no address."""
    try:
        return Address.parse(address).spec
    except ValueError:
        return None


def _update(
    manifest: Manifest, stored: StoredObject, live: Mapping[str, Any], document: DocumentDiff | None, sides: Sides
) -> ObjectDiff | None:
    found = _relevant(manifest, stored, differences(live, manifest.data))
    if not found and stored.applied is not None and identity(stored.key) == identity(manifest.key):
        return None
    causes = _causes(manifest, stored, found)
    origins = tuple(None if d.after is MISSING else manifest.origin(d.after_path) for d in found)
    plain = tuple(object_meaning(manifest.key.kind, d) for d in found)
    meanings = tuple(
        own if own == SAME_AMOUNT else own | _meaning_of_origin(origin, d, document, sides.effects)
        for d, origin, own in zip(found, origins, plain, strict=True)
    )
    fields = tuple(
        _field(manifest, d, meaning, cause, origin, sides.locate)
        for d, meaning, cause, origin in zip(found, meanings, causes, origins, strict=True)
    )
    change = _updated(manifest, stored, live, fields, meanings, document, sides)
    replaced = stored.protect and change.action == "replace"
    return ObjectDiff(change, manifest.address.spec, tuple(zip(origins, plain, strict=True)), protect=replaced)


def _relevant(manifest: Manifest, stored: StoredObject, found: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """Without fields that others own, and without other spellings of an amount that nobody here changed."""
    ignored = manifest.ignore_changes
    kept = tuple(d for d in found if not any(d.after_path[: len(path)] == path or _names(d, path) for path in ignored))
    if stored.applied is None or not _is_applied(stored, manifest):
        return kept
    return tuple(d for d in kept if not d.equivalent)


def _names(difference: Difference, path: SpecPath) -> bool:
    """Of a removed field `after_path` is its parent's."""
    return difference.path[: len(path)] == path


def _causes(manifest: Manifest, stored: StoredObject, found: tuple[Difference, ...]) -> tuple[Cause, ...]:
    """Field by field only where both sides moved: comparing twice more is not free."""
    if stored.applied is None or stored.live is None or not _has_drifted(stored):
        return tuple("spec" for _ in found)
    if _is_applied(stored, manifest):
        return tuple("drift" for _ in found)
    return causes_of(found, stored.applied, stored.live, manifest.data)


def _meaning_of_origin(
    origin: SpecPath | None, difference: Difference, document: DocumentDiff | None, effects: EffectTable
) -> Meaning:
    """What the document's own change means here; where it did not change, what a change at its origin would mean."""
    if origin is None or document is None or document.pair.after is None:
        return NOTHING
    declared = document.meaning_at(origin)
    if declared.classes:
        return declared
    view = document.pair.after
    path = tuple(Item(str(part)) if isinstance(part, int) else part for part in origin)
    there = Difference(path, difference.before, difference.after, origin)
    return document_meaning(effects, view.address.kind, view.references, there)


def _field(
    manifest: Manifest, difference: Difference, meaning: Meaning, cause: Cause, origin: SpecPath | None, locate: Locate
) -> FieldChange:
    place = locate(manifest.address.spec, origin) if origin is not None else None
    return field_change(manifest.key.kind, difference, meaning, cause=cause, origin=place)


def _updated(
    manifest: Manifest,
    stored: StoredObject,
    live: Mapping[str, Any],
    fields: tuple[FieldChange, ...],
    meanings: tuple[Meaning, ...],
    document: DocumentDiff | None,
    sides: Sides,
) -> ObjectChange:
    meaning = NOTHING
    for part in meanings:
        meaning |= part
    moved = identity(stored.key) != identity(manifest.key)
    replaced = moved or "replace" in meaning.classes
    action: Action = "replace" if replaced else "update" if stored.applied is not None else "adopt"
    lost: tuple[ChangeClass, ...] = ("data-loss",) if moved and kind_rule(stored.key.kind).delete == "data-loss" else ()
    effects = _running(manifest, sides.after, document) if meaning.restarts or replaced else Effects()
    restart = next((f.path for f, m in zip(fields, meanings, strict=True) if m.restarts), "")
    return _change(
        manifest,
        action,
        cause=_object_cause(fields, document, sides.tool_moved),
        classes=ordered((*meaning.classes, *lost)) or ("none",),
        reasons=_reasons(stored, manifest, meanings),
        fields=fields,
        effects=effects.model_copy(update={"restart_field": restart}),
        replaces=ref_of(stored.key) if moved else None,
        digest_before=stored.live_digest or digest_of(dict(live)),
        drifted_by=stored.changed_by,
    )


def _object_cause(fields: tuple[FieldChange, ...], document: DocumentDiff | None, tool_moved: bool) -> Cause:
    causes = {field.cause for field in fields} or {"spec"}
    if causes == {"spec"} and tool_moved and document is not None and not document.fields:
        return "tool"
    return causes.pop() if len(causes) == 1 else "both"


def _reasons(stored: StoredObject, manifest: Manifest, meanings: tuple[Meaning, ...]) -> tuple[str, ...]:
    found = [m.reason for m in meanings if m.reason]
    if stored.applied is None:
        found.insert(0, "it is there already and becomes ours")
    elif stored.address != str(manifest.address):
        found.insert(0, f"was `{stored.address}` before")
    return tuple(dict.fromkeys(found))


def _running(manifest: Manifest, ranges: ScaledRanges, document: DocumentDiff | None) -> Effects:
    view, variant = document.pair.after if document is not None else None, manifest.address.variant
    return running(manifest.data, ranges, view.effective if view is not None else {}, variant)


def ref_of(key: ObjectKey) -> ObjectRef:
    return ObjectRef(api_version=key.api_version, kind=key.kind, namespace=key.namespace, name=key.name)


def _change(manifest: Manifest, action: Action, **values: Any) -> ObjectChange:
    return ObjectChange(
        address=str(manifest.address),
        object=ref_of(manifest.key),
        action=action,
        digest_after=manifest.digest,
        **values,
    )


def _stored_change(stored: StoredObject, action: Action, **values: Any) -> ObjectChange:
    digest = stored.live_digest or (digest_of(dict(stored.live)) if stored.live is not None else "")
    return ObjectChange(
        address=stored.address,
        object=ref_of(stored.key),
        action=action,
        digest_before=digest,
        drifted_by=stored.changed_by,
        **values,
    )
