"""Sizing in validate and plan: what is wrong at its line, and what becomes of each model that changes."""

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from opsdecl.addr import SpecAddress, format_path
from opsdecl.compile.roles import Values, by_role, path_in
from opsdecl.diag import Diagnostic, Related
from opsdecl.diag.codes.knowledge import DOES_NOT_FIT, TIGHT_FIT
from opsdecl.diff.documents import former_addresses
from opsdecl.diff.models import ModelChanges, ModelRole, ModelSides, model_changes
from opsdecl.diff.records import StoredDocument, TargetState
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.types import ModelChange
from opsdecl.flows.build import Built
from opsdecl.flows.models import Models, role_name
from opsdecl.flows.project import origin_of
from opsdecl.render.types import DocumentView
from opsdecl.sizing.assess import turned_by
from opsdecl.sizing.served import FACETS, path_of
from opsdecl.sizing.types import Assessment

ENGINE_VERSION = FACETS["engine"].field
MISFITS = ("tight", "does-not-fit")


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
    sides = {of: ModelSides(None, found, changed=False) for of, found in _whole_misfits(models, built).items()}
    views = {view.address: view for view in built.manifests.documents if view.address in changed}
    for address in changed:
        view = views.get(address)
        names = (address, *(former_addresses(view) if view else ()))
        stored = next((before[name] for name in names if name in before and name not in unknown), None)
        sides.update(_of_roles(models, earlier, address, stored, view))
    return model_changes(sides)


def _of_roles(
    models: Models, earlier: Models, address: SpecAddress, stored: StoredDocument | None, view: DocumentView | None
) -> Iterator[tuple[ModelRole, ModelSides]]:
    """Both sides of each role that pods of a model have on either."""
    before = by_role(stored.effective) if stored else {}
    after = by_role(view.effective) if view else {}
    for role in dict.fromkeys((*before, *after)):
        was, now = before.get(role), after.get(role)
        facet = _turned_by(models, earlier, was, now) if was is not None and now is not None else None
        yield (
            ModelRole(address, role),
            ModelSides(
                earlier.whole(was) if was is not None else None,
                models.whole(now) if now is not None else None,
                turned_by=_field(facet, role, view) if facet and view else "",
            ),
        )


def _whole_misfits(models: Models, built: Built) -> dict[ModelRole, Assessment]:
    """Assessments of the environment; those of models that do not fit for certain, which are shown, with figures."""
    effective = {document.address: document.effective for document in built.graph.documents}
    return {
        of: models.whole(by_role(effective[of.address])[of.role]) if found.verdict in MISFITS else found
        for of, found in built.assessments.items()
    }


def _turned_by(models: Models, earlier: Models, before: Values, after: Values) -> str | None:
    """What of sizing's question makes a model that fitted fit no longer."""
    if models.whole(after).verdict != "does-not-fit" or earlier.whole(before).verdict == "does-not-fit":
        return None
    was, now = earlier.request(before), models.request(after)
    return turned_by(was, now) if was is not None and now is not None else None


def _field(facet: str, role: str, view: DocumentView) -> str:
    path = path_in(role, view.effective["spec"], path_of(facet, by_role(view.effective)[role]))
    return format_path(path[1:] if path[0] == "spec" else path)


def blame_bumps(findings: Iterable[Diagnostic], changes: ModelChanges, built: Built) -> tuple[Diagnostic, ...]:
    """Models that fit no longer for another release of the engine are reported where that release is named."""
    bumped = {_name(row): row for row in changes.rows if row.turned_by == "runtime.version"}
    about = ((found, found.message.partition(": ")[0]) for found in findings)
    return tuple(
        _blamed(found, bumped[name], built) if found.code in (DOES_NOT_FIT, TIGHT_FIT) and name in bumped else found
        for found, name in about
    )


def _name(row: ModelChange) -> str:
    """As findings of sizing begin."""
    return role_name(ModelRole(SpecAddress.parse(row.address), row.role))


def _blamed(found: Diagnostic, row: ModelChange, built: Built) -> Diagnostic:
    """The release first, what it runs into beside it."""
    at, name = origin_of(built.project, built.graph, SpecAddress.parse(row.address), ENGINE_VERSION), _name(row)
    before, after = (side.engine.rpartition("=")[2] if side else "" for side in (row.before, row.after))
    if at is None or found.at is None or not before:
        return found
    reason = found.message.removeprefix(f"{name}: ")
    beside = tuple(related for related in found.related if related.at != at)
    return replace(
        found,
        message=f"{name} fit under release {before} of the engine and does not under {after}: {reason}",
        at=at,
        related=(Related(f"what {name} asks for", found.at), *beside),
    )
