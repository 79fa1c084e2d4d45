"""What a plan changes of model cards and bills of materials, with the line that caused it."""

from collections.abc import Collection, Iterator, Sequence

from opsdecl.addr import SpecAddress
from opsdecl.diag import SpecPath
from opsdecl.diff.classify import ordered
from opsdecl.diff.documents import former_addresses
from opsdecl.diff.records import StoredDocument, TargetState
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.types import DocumentChange, FieldChange, Origin, TransparencyChange
from opsdecl.flows.build import Built
from opsdecl.flows.project import origin_of
from opsdecl.render.types import DocumentView
from opsdecl.transparency.changes import overlaps, told, touches
from opsdecl.transparency.composition import DESCRIBED
from opsdecl.transparency.lineage import Library


def transparency_changes(
    built: Built,
    earlier: Built,
    diffs: Sequence[ReleaseDiff],
    states: Sequence[TargetState | None],
    unknown: Collection[SpecAddress] = (),
) -> tuple[TransparencyChange, ...]:
    """Of documents that are there on both sides. `earlier` has the catalogue of the side before."""
    changes = {d.address: d for diff in diffs for d in diff.documents}
    stored = {d.address: d for state in states if state is not None for d in state.documents}
    before, after = Library(earlier.project.catalog), Library(built.project.catalog)
    same = earlier.project.catalog.digest == built.project.catalog.digest
    found: list[TransparencyChange] = []
    for view in sorted(built.manifests.documents, key=lambda view: view.address):
        change, old = changes.get(str(view.address)), _before(view, stored, unknown)
        if view.address.kind in DESCRIBED and old is not None and not (same and not _may_tell(change)):
            found += _rows(built, view, old, change, (before, after))
    return tuple(found)


def _before(
    view: DocumentView, stored: dict[SpecAddress, StoredDocument], unknown: Collection[SpecAddress]
) -> StoredDocument | None:
    names = (view.address, *former_addresses(view))
    return next((stored[name] for name in names if name in stored and name not in unknown), None)


def _may_tell(change: DocumentChange | None) -> bool:
    return change is not None and any(touches(field.path) for field in change.fields)


def _rows(
    built: Built,
    view: DocumentView,
    old: StoredDocument,
    change: DocumentChange | None,
    libraries: tuple[Library, Library],
) -> Iterator[TransparencyChange]:
    before = told(view.address, old.effective, old.references, libraries[0])
    after = told(view.address, view.effective, view.references, libraries[1])
    for topic, name in dict.fromkeys((*before, *after)):
        was, is_ = before.get((topic, name)), after.get((topic, name))
        if (was and was.value) == (is_ and is_.value):
            continue
        said = is_ or was
        paths: tuple[SpecPath, ...] = said.paths if said is not None else ()
        # An adapter that comes or goes does so in the list that names it; everything of its own comes with it.
        causes = _causes(change, paths[::-1] if topic.startswith("adapter") and not (was and is_) else paths)
        yield TransparencyChange(
            address=str(view.address),
            topic=topic,
            name=name,
            before=was.value if was else None,
            after=is_.value if is_ else None,
            classes=ordered(c for field in causes for c in field.classes) or ("metadata",),
            origin=next((f.origin for f in causes if f.origin), None) or _at(built, view.address, paths),
        )


def _causes(change: DocumentChange | None, paths: Sequence[SpecPath]) -> tuple[FieldChange, ...]:
    """Changed fields that it comes from: those of the likeliest path that has any."""
    for path in paths:
        found = tuple(f for f in (change.fields if change else ()) if overlaps(f.path, path))
        if found:
            return found
    return ()


def _at(built: Built, address: SpecAddress, paths: Sequence[SpecPath]) -> Origin | None:
    """Where nothing of the document changed, the catalogue did: the line that names the model."""
    span = next((span for path in paths if (span := origin_of(built.project, built.graph, address, path))), None)
    return Origin(file=span.file, line=span.line, column=span.column) if span else None
