"""`history`, `blame`, and the ways back: what targets remember."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from opsdecl.apply.types import Revision
from opsdecl.diag import Checked, Diagnostic, has_errors
from opsdecl.diag.codes.targets import UNKNOWN_REVISION
from opsdecl.diff.prune import PruneRules
from opsdecl.flows.apply import Return, plan_return
from opsdecl.flows.partitions import Part, open_parts
from opsdecl.flows.plan import Planned, Wanted
from opsdecl.flows.targets import waits

_LOOK_BACK = 200


def read_history(
    opened: Planned, root: Path, wanted: Wanted, limit: int
) -> Checked[Sequence[tuple[str, Sequence[Revision]]]]:
    """Revisions by release, newest first. One that cannot be looked at is a finding, and the others are told all the
    same."""
    assert opened.built is not None
    parts = open_parts(opened.built, root, wanted.target, wanted.partition)
    found: list[tuple[str, Sequence[Revision]]] = []
    findings = [*parts.diagnostics]
    for part in parts.value or ():
        read: Checked[Sequence[Revision]] = part.target.history(limit) if part.target else Checked(None)
        findings += read.diagnostics
        if read.value is not None:
            found.append((part.name, read.value))
    return Checked(found or None, tuple(findings))


def read_blame(
    opened: Planned, root: Path, wanted: Wanted, names: Sequence[str]
) -> Checked[Sequence[tuple[str, Revision]]]:
    """The revision that last changed each named object, in the first release that holds it."""
    assert opened.built is not None
    parts = open_parts(opened.built, root, wanted.target, wanted.partition)
    if not parts.value:
        return Checked(None, parts.diagnostics)
    found: list[tuple[str, Revision]] = []
    for name in names:
        answers: list[Checked[Revision]] = [
            part.target.blame(name) if part.target else Checked(None, parts.diagnostics) for part in parts.value
        ]
        answer = next((a for a in answers if a.value is not None), answers[0])
        if answer.value is None:
            return Checked(None, answer.diagnostics)
        found.append((name, answer.value))
    return Checked(found)


def plan_backs(opened: Planned, root: Path, wanted: Wanted, revision: str | None) -> Checked[tuple[Return, ...]]:
    """The way of one release to a revision, or of all of them to nothing: what needs others goes first."""
    assert opened.built is not None
    parts = open_parts(opened.built, root, wanted.target, wanted.partition)
    if parts.value is None or has_errors(parts.diagnostics):
        return Checked(None, parts.diagnostics)
    chosen = Checked(tuple(reversed(parts.value))) if revision is None else _holding(parts.value, revision)
    if chosen.value is None:
        return Checked(None, chosen.diagnostics)
    ways: list[Return] = []
    findings: list[Diagnostic] = []
    for part in chosen.value:
        way = _plan_back(part, revision)
        findings += way.diagnostics
        if way.value is None:
            return Checked(None, tuple(findings))
        ways.append(way.value)
    return Checked(tuple(ways), tuple(findings))


def _holding(parts: tuple[Part, ...], revision: str) -> Checked[tuple[Part, ...]]:
    """The release that a revision is of. Where only one is asked for, it may find out itself."""
    if len(parts) == 1:
        return Checked(parts)
    found = [part for part in parts if _has(part, revision)]
    if len(found) == 1:
        return Checked(tuple(found))
    reason = f"is of {', '.join(part.name for part in found)}" if found else "is of no release of the environment"
    hint = "name one with --target and --partition, and look at `opsdecl history`"
    return Checked(None, (Diagnostic(UNKNOWN_REVISION, f"`{revision[:100]}` {reason}", hint=hint),))


def _has(part: Part, revision: str) -> bool:
    kept = part.target.history(_LOOK_BACK).value if part.target is not None else None
    return any(r.kind != "edit" and r.id.startswith(revision.lower()) for r in kept or ())


def _plan_back(part: Part, revision: str | None) -> Checked[Return]:
    prune = part.built.environment.model.spec.targets[part.release.target].prune
    rules = PruneRules(protect=prune.protect, namespaces=prune.protect_namespaces)
    assert part.target is not None
    wait = waits(part.built, part.release.target)
    way = plan_return(part.target, part.release, revision, rules, wait=wait)
    return Checked(replace(way.value, name=part.name), way.diagnostics) if way.value is not None else way


def only_fatal(opened: Planned) -> tuple[Diagnostic, ...]:
    """Looking back needs the environment, not valid specs: findings count only where nothing could be opened."""
    return opened.diagnostics if opened.built is None and has_errors(opened.diagnostics) else ()
