"""Sizing in validate and plan: what is wrong at its line, and what becomes of each model that changes."""

from collections.abc import Collection, Iterable

from opsdecl.addr import SpecAddress, format_path
from opsdecl.diff.documents import former_addresses
from opsdecl.diff.models import ModelChanges, ModelSides, model_changes
from opsdecl.diff.records import StoredDocument, TargetState
from opsdecl.diff.release import ReleaseDiff
from opsdecl.flows.build import Built
from opsdecl.flows.models import Models
from opsdecl.render.types import DocumentView
from opsdecl.sizing.assess import turned_by
from opsdecl.sizing.served import path_of
from opsdecl.sizing.types import Assessment


def changed_models(
    models: Models,
    built: Built,
    diffs: Iterable[ReleaseDiff],
    states: Iterable[TargetState | None],
    unknown: Collection[SpecAddress] = (),
) -> ModelChanges:
    """Both sides of each model that changes; the side after of the others. What was applied, or the base, is before."""
    before = {d.address: d for state in states if state is not None for d in state.documents}
    changed = {SpecAddress.parse(d.address) for diff in diffs for d in diff.documents if d.address.startswith("LLM.")}
    sides = {a: ModelSides(None, found, changed=False) for a, found in _whole_misfits(models, built).items()}
    views = {view.address: view for view in built.manifests.documents if view.address in changed}
    for address in changed:
        view = views.get(address)
        names = (address, *(former_addresses(view) if view else ()))
        stored = next((before[name] for name in names if name in before and name not in unknown), None)
        sides[address] = ModelSides(
            models.whole(stored.effective) if stored else None,
            models.whole(view.effective) if view else None,
            turned_by=_turned_by(models, stored, view) if stored and view else "",
        )
    return model_changes(sides)


def _whole_misfits(models: Models, built: Built) -> dict[SpecAddress, Assessment]:
    """Assessments of the environment; those of models that do not fit for certain, which are shown, with figures."""
    effective = {document.address: document.effective for document in built.graph.documents}
    return {
        address: models.whole(effective[address]) if found.verdict in ("tight", "does-not-fit") else found
        for address, found in built.assessments.items()
    }


def _turned_by(models: Models, before: StoredDocument, after: DocumentView) -> str:
    """The field whose change makes a model that fitted fit no longer."""
    if models.whole(after.effective).verdict != "does-not-fit":
        return ""
    was, now = models.request(before.effective), models.request(after.effective)
    facet = turned_by(was, now) if was is not None and now is not None else None
    if facet is None or models.whole(before.effective).verdict == "does-not-fit":
        return ""
    path = path_of(facet, after.effective)
    return format_path(path[1:] if path[0] == "spec" else path)
