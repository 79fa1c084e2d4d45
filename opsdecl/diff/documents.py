"""Base and desired documents -> which belong together, and in which effective values they differ."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.diag import SpecPath
from opsdecl.diff.classify import NOTHING, EffectTable, Meaning, document_meaning, told_by_roots
from opsdecl.diff.compare import MISSING, Difference, DiffPath, differences, same
from opsdecl.diff.records import StoredDocument
from opsdecl.render.types import DocumentView


class DocumentPair(Struct, frozen=True):
    """One document on both sides; a renamed one has another address before. `unknown`: nobody knows the side before."""

    address: SpecAddress
    before: StoredDocument | None
    after: DocumentView | None
    unknown: bool = False


class DocumentDiff(Struct, frozen=True):
    """The fields of a document that differ, each with its meaning. `told` are paths of those that others of them say in
    the words of people."""

    pair: DocumentPair
    fields: tuple[tuple[Difference, Meaning], ...] = ()
    told: frozenset[DiffPath] = frozenset()

    def meaning_at(self, path: SpecPath) -> Meaning:
        """Of all changed fields at, above or below an effective path together."""
        meaning = NOTHING
        for difference, own in self.fields:
            if overlaps(difference, path):
                meaning |= own
        return meaning


def pair_documents(
    base: Sequence[StoredDocument], desired: Sequence[DocumentView], unknown: Collection[SpecAddress]
) -> tuple[DocumentPair, ...]:
    """Documents by address; one whose `movedFrom` names a document that is gone is that document."""
    before = {document.address: document for document in base}
    gone = dict(before)
    for view in desired:
        gone.pop(view.address, None)
    pairs = []
    for view in desired:
        old = before.get(view.address) or _moved(view, gone)
        pairs.append(DocumentPair(view.address, old, view, _is_unknown(view, unknown)))
    pairs.extend(DocumentPair(address, document, None) for address, document in gone.items())
    return tuple(sorted(pairs, key=lambda pair: pair.address))


def _moved(view: DocumentView, gone: dict[SpecAddress, StoredDocument]) -> StoredDocument | None:
    """Takes the document out of `gone`, so that nobody else can claim it."""
    for address in former_addresses(view):
        if address in gone:
            return gone.pop(address)
    return None


def former_addresses(view: DocumentView) -> tuple[SpecAddress, ...]:
    metadata = view.effective.get("metadata")
    names = metadata.get("movedFrom") if isinstance(metadata, Mapping) else None
    found = names if isinstance(names, (list, tuple)) else ()
    return tuple(SpecAddress(view.address.kind, name) for name in found if isinstance(name, str))


def _is_unknown(view: DocumentView, unknown: Collection[SpecAddress]) -> bool:
    return bool(unknown) and (view.address in unknown or any(address in unknown for address in former_addresses(view)))


def diff_document(pair: DocumentPair, effects: EffectTable) -> DocumentDiff:
    """Differences of the effective trees. Nothing for a document that is new, gone or unknown before."""
    before, after = pair.before, pair.after
    if before is None or after is None or pair.unknown or same(before.effective, after.effective):
        return DocumentDiff(pair)
    found = differences(before.effective, after.effective)
    references = {**before.references, **after.references}
    switched = {d.path[:-1] for d in found if d.path[-1] == "type" and MISSING not in (d.before, d.after)}
    meanings = (document_meaning(effects, pair.address.kind, references, d) for d in found)
    settled = (_settled(d, meaning, d.path[:-1] in switched) for d, meaning in zip(found, meanings, strict=True))
    told = told_by_roots(effects, pair.address.kind, found)
    return DocumentDiff(pair, tuple(zip(found, settled, strict=True)), told)


def _settled(difference: Difference, meaning: Meaning, switched: bool) -> Meaning:
    """Where a choice moves to another `type`, its new fields lose nothing: what is lost is said at `type`."""
    if not switched or difference.before is not MISSING or not meaning.classes:
        return meaning
    return Meaning(("rolling",), "comes with the other type")


def overlaps(difference: Difference, path: SpecPath) -> bool:
    """Whether an effective path is the changed field, above it or below it. `spec` alone is above everything."""
    if len(path) < 2:
        return False
    own = difference.after_path
    if difference.after is MISSING:
        own = (*own, str(difference.path[-1])) if isinstance(difference.path[-1], str) else own
    shortest = min(len(own), len(path))
    return own[:shortest] == path[:shortest]


def count_references(documents: Sequence[DocumentView]) -> Counter[tuple[str, SpecAddress]]:
    """How many documents take each root of their effective values (`runtime`) from the same document."""
    return Counter((root, address) for view in documents for root, address in view.references.items())


def shared_by(diff: DocumentDiff, reached: Counter[tuple[str, SpecAddress]]) -> dict[str, int]:
    """Of fields that came through a reference which itself stayed: how many documents the change reaches."""
    before, after = diff.pair.before, diff.pair.after
    if before is None or after is None:
        return {}
    found = {}
    for difference, _ in diff.fields:
        root = str(difference.path[0])
        address = after.references.get(root)
        if address is not None and before.references.get(root) == address:
            found[difference.text] = reached[root, address]
    return found
