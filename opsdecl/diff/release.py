"""Base and desired of one release -> what would change: object by object, and document by document."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.diff.changes import document_change
from opsdecl.diff.classify import EffectTable, worst
from opsdecl.diff.documents import DocumentDiff, count_references, diff_document, pair_documents
from opsdecl.diff.fields import Locate, nowhere
from opsdecl.diff.objects import (
    ObjectDiff,
    ObjectPair,
    Sides,
    diff_object,
    diff_unknown,
    document_of,
    identity,
    pair_objects,
)
from opsdecl.diff.records import LazyObject, StoredDocument, StoredObject, TargetState
from opsdecl.diff.running import SCALERS, scaling_ranges
from opsdecl.diff.types import Action, BaseRef, DesiredRef, DocumentChange, ObjectChange, ReleasePlan
from opsdecl.render.types import Manifest, ManifestSet

ACTIONS: tuple[Action, ...] = ("create", "update", "replace", "delete", "adopt", "forget", "noop")
UNNAMED = BaseRef()


class ReleaseDiff(Struct, frozen=True):
    """One release's share of a plan. `protected` are addresses whose object goes away although it must not."""

    release: ReleasePlan
    documents: tuple[DocumentChange, ...]
    protected: tuple[str, ...] = ()


def state_from_manifests(
    manifests: ManifestSet, *, revision: str = "", desired: ManifestSet | None = None
) -> TargetState:
    """A base that was compiled and not read: applied and live are what would have been written. Documents that have
    the same objects in `desired` are left out, and named."""
    wanted = desired.identities() if desired is not None else {}
    shared = frozenset(a for a, identity in manifests.identities().items() if wanted.get(a) == identity)
    objects = tuple(map(_stored, manifests.without(shared)))
    documents = tuple(StoredDocument(d.address, d.effective, d.references) for d in manifests.documents)
    return TargetState(manifests.digest, revision, manifests.digest, objects, documents, shared=shared)


def _stored(manifest: Manifest) -> StoredObject:
    # Looking at the data may mean rendering it, and most of it is never looked at.
    data = LazyObject(lambda: manifest.data)
    return StoredObject(
        str(manifest.address),
        manifest.key,
        data,
        data,
        manifest.protect,
        applied_digest=manifest.digest,
        live_digest=manifest.digest,
        token=manifest.token,
        depends_on=tuple(map(str, manifest.depends_on)),
    )


def diff_release(
    base: TargetState | None,
    desired: ManifestSet,
    *,
    effects: EffectTable,
    base_ref: BaseRef = UNNAMED,
    locate: Locate = nowhere,
    unknown: Collection[SpecAddress] = (),
    forget: Collection[str] = (),
    tool_moved: bool = False,
) -> ReleaseDiff:
    """What `desired` would change. A `base` of None holds nothing yet.

    `unknown` names documents whose side before cannot be known; `base_ref.known` False says so of all. `forget`
    names objects or documents that are let go instead of deleted. `tool_moved`: the tool or its data are others than
    those that wrote the base, so a change without a changed document is the tool's own.
    """
    stored = base.objects if base is not None else ()
    known = base.documents if base is not None else ()
    unclear = unknown if base_ref.known else {view.address for view in desired.documents}
    documents = {p.address: diff_document(p, effects) for p in pair_documents(known, desired.documents, unclear)}
    wanted = desired.without(base.shared if base is not None else ())
    pairs = pair_objects(stored, wanted)
    moving = _moving(pairs)
    sides = Sides(
        before=scaling_ranges(s.live for s in stored if s.key.kind in SCALERS and _is_of(s, moving) and s.live),
        after=scaling_ranges(m.data for m in wanted if m.key.kind in SCALERS and _is_of(m, moving)),
        effects=effects,
        locate=locate,
        tool_moved=tool_moved,
        started=frozenset(identity(run.key) for run in base.runs) if base is not None else frozenset(),
    )
    found = _diff_objects(pairs, documents, sides, forget) if base_ref.known else _all_unknown(pairs, documents, sides)
    changes = sorted((diff.change for diff in found), key=_rank)
    release = ReleasePlan(
        id=str(desired.release),
        target=desired.release.target,
        desired=DesiredRef(digest=desired.digest),
        base=_named(base_ref, base),
        summary=_count(changes, len(desired.heads)),
        changes=tuple(changes),
    )
    protected = tuple(sorted(diff.change.address for diff in found if diff.protect))
    return ReleaseDiff(release, _document_changes(documents, found, desired, locate), protected)


def _moving(pairs: Sequence[ObjectPair]) -> frozenset[str]:
    """Documents of objects that differ: only of those does anybody ask how many pods run."""
    found: set[str] = set()
    for pair in pairs:
        manifest, stored = pair.manifest, pair.stored
        if manifest is None or stored is None or stored.live_digest != manifest.digest:
            found |= {str(side.address).partition("/")[0] for side in (manifest, stored) if side is not None}
    return frozenset(found)


def _is_of(thing: Manifest | StoredObject, documents: Collection[str]) -> bool:
    return str(thing.address).partition("/")[0] in documents


def _diff_objects(
    pairs: Sequence[ObjectPair],
    documents: Mapping[SpecAddress, DocumentDiff],
    sides: Sides,
    forget: Collection[str],
) -> tuple[ObjectDiff, ...]:
    found = (diff_object(pair, _document_of(pair, documents), sides, forget) for pair in pairs)
    return tuple(diff for diff in found if diff is not None)


def _document_of(pair: ObjectPair, documents: Mapping[SpecAddress, DocumentDiff]) -> DocumentDiff | None:
    if pair.manifest is not None:
        return documents.get(pair.manifest.address.spec)
    address = document_of(pair.stored.address) if pair.stored is not None else None
    return documents.get(address) if address is not None else None


def _all_unknown(
    pairs: Sequence[ObjectPair], documents: Mapping[SpecAddress, DocumentDiff], sides: Sides
) -> tuple[ObjectDiff, ...]:
    wanted = (pair.manifest for pair in pairs if pair.manifest is not None)
    return tuple(diff_unknown(m, documents.get(m.address.spec), sides) for m in wanted)


def _document_changes(
    documents: Mapping[SpecAddress, DocumentDiff],
    found: Sequence[ObjectDiff],
    desired: ManifestSet,
    locate: Locate,
) -> tuple[DocumentChange, ...]:
    """Of every document that changed, or whose objects do; the worst first."""
    reached = count_references(desired.documents)
    owned = _by_document(documents, found)
    addresses = {*documents, *owned}
    changes = (
        document_change(address, documents.get(address), owned.get(address, ()), reached, locate)
        for address in addresses
    )
    return tuple(sorted((change for change in changes if change is not None), key=_rank))


def _by_document(
    documents: Mapping[SpecAddress, DocumentDiff], found: Sequence[ObjectDiff]
) -> Mapping[SpecAddress, tuple[ObjectDiff, ...]]:
    """Objects of a document's former name belong to the document under its new one."""
    moved = {d.pair.before.address: address for address, d in documents.items() if d.pair.before is not None}
    owned: dict[SpecAddress, tuple[ObjectDiff, ...]] = {}
    for diff in found:
        if diff.document is not None:
            address = diff.document if diff.document in documents else moved.get(diff.document, diff.document)
            owned[address] = (*owned.get(address, ()), diff)
    return owned


def _rank(change: ObjectChange | DocumentChange) -> tuple[int, str, tuple[str, ...]]:
    """The worst class first, then by address; objects that share an address by their kind and name."""
    ref = change.object if isinstance(change, ObjectChange) else None
    key = (ref.api_version, ref.kind, ref.namespace, ref.name) if ref is not None else ()
    return worst(change.classes), change.address, key


def _count(changes: Sequence[ObjectChange], desired: int) -> dict[str, int]:
    counted = Counter(change.action for change in changes)
    wanted = sum(counted[action] for action in ("create", "update", "replace", "adopt"))
    return {action: desired - wanted if action == "noop" else counted[action] for action in ACTIONS}


def _named(base_ref: BaseRef, base: TargetState | None) -> BaseRef:
    """The base with the identity of what was found there, where the caller gave none."""
    if base is None or base_ref.digest or not base_ref.known:
        return base_ref
    return base_ref.model_copy(update={"digest": base.identity})
