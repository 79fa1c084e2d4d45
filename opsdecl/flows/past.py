"""`history`, `blame`, and the ways back: what targets remember."""

from collections.abc import Sequence
from pathlib import Path

from opsdecl.apply.types import Revision
from opsdecl.diag import Checked, Diagnostic, has_errors
from opsdecl.flows.apply import Return, plan_return
from opsdecl.flows.build import for_target
from opsdecl.flows.plan import Planned, Wanted
from opsdecl.flows.targets import open_target, targets_of, waits


def read_history(
    opened: Planned, root: Path, wanted: Wanted, limit: int
) -> Checked[Sequence[tuple[str, Sequence[Revision]]]]:
    """Revisions by target, newest first."""
    assert opened.built is not None
    found: list[tuple[str, Sequence[Revision]]] = []
    for name in _names(opened, wanted):
        target = open_target(for_target(opened.built, name), root)
        read: Checked[Sequence[Revision]] = target.value.history(limit) if target.value else Checked(None)
        if read.value is None:
            return Checked(None, target.diagnostics + read.diagnostics)
        found.append((name, read.value))
    return Checked(found)


def read_blame(
    opened: Planned, root: Path, wanted: Wanted, names: Sequence[str]
) -> Checked[Sequence[tuple[str, Revision]]]:
    """The revision that last changed each named object, in the first target that holds it."""
    assert opened.built is not None
    found: list[tuple[str, Revision]] = []
    for name in names:
        answers: list[Checked[Revision]] = [
            target.value.blame(name) if target.value else Checked(None, target.diagnostics)
            for target in (open_target(for_target(opened.built, t), root) for t in _names(opened, wanted))
        ]
        answer = next((a for a in answers if a.value is not None), answers[0])
        if answer.value is None:
            return Checked(None, answer.diagnostics)
        found.append((name, answer.value))
    return Checked(found)


def plan_back(opened: Planned, root: Path, wanted: Wanted, revision: str | None) -> Checked[Return]:
    """The way of one target to a revision, or to nothing."""
    assert opened.built is not None
    name = _names(opened, wanted)[0]
    built = for_target(opened.built, name)
    target = open_target(built, root)
    if target.value is None:
        return Checked(None, target.diagnostics)
    settings = built.environment.effective["spec"]["targets"][name]
    protect = settings["prune"]["protect"]
    return plan_return(target.value, built.graph.release, revision, protect, wait=waits(built, name))


def only_fatal(opened: Planned) -> tuple[Diagnostic, ...]:
    """Looking back needs the environment, not valid specs: findings count only where nothing could be opened."""
    return opened.diagnostics if opened.built is None and has_errors(opened.diagnostics) else ()


def _names(opened: Planned, wanted: Wanted) -> tuple[str, ...]:
    assert opened.built is not None
    return (wanted.target,) if wanted.target else targets_of(opened.built)
