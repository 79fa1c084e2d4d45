"""Sizing in validate and plan: what is wrong at its line, and what becomes of each model that changes."""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from opsdecl.addr import SpecAddress, format_path
from opsdecl.diag import Diagnostic, Related
from opsdecl.diag.codes.knowledge import DOES_NOT_FIT, TIGHT_FIT
from opsdecl.diff.documents import former_addresses
from opsdecl.diff.models import ModelChanges, ModelSides, model_changes
from opsdecl.diff.records import StoredDocument, TargetState
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.types import ModelChange
from opsdecl.flows.build import Built
from opsdecl.flows.models import Models
from opsdecl.flows.project import origin_of
from opsdecl.render.types import DocumentView
from opsdecl.sizing.assess import turned_by
from opsdecl.sizing.served import FACETS, path_of
from opsdecl.sizing.types import Assessment

ENGINE_VERSION = FACETS["engine"].field


def changed_models(
    models: Models,
    earlier: Models,
    built: Built,
    diffs: Iterable[ReleaseDiff],
    states: Iterable[TargetState | None],
    unknown: Collection[SpecAddress] = (),
) -> ModelChanges:
    """Both sides of each model that changes; the side after of the others. What was applied, or the base, is before:
    `earlier` has the facts of then."""
    before = {d.address: d for state in states if state is not None for d in state.documents}
    changed = {SpecAddress.parse(d.address) for diff in diffs for d in diff.documents if d.address.startswith("LLM.")}
    sides = {a: ModelSides(None, found, changed=False) for a, found in _whole_misfits(models, built).items()}
    views = {view.address: view for view in built.manifests.documents if view.address in changed}
    for address in changed:
        view = views.get(address)
        names = (address, *(former_addresses(view) if view else ()))
        stored = next((before[name] for name in names if name in before and name not in unknown), None)
        sides[address] = ModelSides(
            earlier.whole(stored.effective) if stored else None,
            models.whole(view.effective) if view else None,
            turned_by=_turned_by(models, earlier, stored, view) if stored and view else "",
        )
    return model_changes(sides)


def _whole_misfits(models: Models, built: Built) -> dict[SpecAddress, Assessment]:
    """Assessments of the environment; those of models that do not fit for certain, which are shown, with figures."""
    effective = {document.address: document.effective for document in built.graph.documents}
    return {
        address: models.whole(effective[address]) if found.verdict in ("tight", "does-not-fit") else found
        for address, found in built.assessments.items()
    }


def _turned_by(models: Models, earlier: Models, before: StoredDocument, after: DocumentView) -> str:
    """The field whose change makes a model that fitted fit no longer."""
    if models.whole(after.effective).verdict != "does-not-fit":
        return ""
    was, now = earlier.request(before.effective), models.request(after.effective)
    facet = turned_by(was, now) if was is not None and now is not None else None
    if facet is None or earlier.whole(before.effective).verdict == "does-not-fit":
        return ""
    path = path_of(facet, after.effective)
    return format_path(path[1:] if path[0] == "spec" else path)


def blame_bumps(findings: Iterable[Diagnostic], changes: ModelChanges, built: Built) -> tuple[Diagnostic, ...]:
    """Models that fit no longer for another release of the engine are reported where that release is named."""
    bumped = {row.address: row for row in changes.rows if row.turned_by == "runtime.version"}
    return tuple(
        _blamed(found, bumped[found.subject], built) if _is_bumped(found, bumped) else found for found in findings
    )


def _is_bumped(found: Diagnostic, bumped: Collection[str]) -> bool:
    return found.code in (DOES_NOT_FIT, TIGHT_FIT) and found.subject in bumped


def _blamed(found: Diagnostic, row: ModelChange, built: Built) -> Diagnostic:
    """The release first, what it runs into beside it."""
    at = origin_of(built.project, built.graph, SpecAddress.parse(row.address), ENGINE_VERSION)
    before, after = (side.engine.rpartition("=")[2] if side else "" for side in (row.before, row.after))
    if at is None or found.at is None or not before:
        return found
    reason = found.message.removeprefix(f"{found.subject}: ")
    beside = tuple(related for related in found.related if related.at != at)
    return replace(
        found,
        message=f"{found.subject} fit under release {before} of the engine and does not under {after}: {reason}",
        at=at,
        related=(Related(f"what {found.subject} asks for", found.at), *beside),
    )
