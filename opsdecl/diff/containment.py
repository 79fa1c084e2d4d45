"""A fresh execution plan against the one that was reviewed: it may do less, never more."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsdecl.diag import Code, Diagnostic
from opsdecl.diag.codes import plan as codes
from opsdecl.diff.types import DONE, FieldChange, ObjectChange, ObjectRef, Plan, ReleasePlan

_AGAIN = "make the plan again, have it reviewed, and apply that one"
_REVERT = "make a plan with --live and have it reviewed, or repeat with --revert-drift"
_ACTS = DONE.keys()
_DRIFT = frozenset({"drift", "both"})
_SHOWN = 80

Key = tuple[str, str, ObjectRef]
"""Release, address and object: a renamed object is another one."""


def check_contained(
    fresh: Plan, given: Plan, *, allow_drift: bool = False, moved_by: str = ""
) -> tuple[Diagnostic, ...]:
    """Empty where `fresh` does nothing beyond `given`. Commits, findings and line numbers are not compared.

    `allow_drift` lets it undo changes made outside opsdecl that nobody reviewed. `moved_by` says who moved the
    target since then, as far as it knows (`revision 41 by ci, 10:02`).
    """
    if fresh.environment != given.environment:
        message = f"the plan was made for environment `{given.environment}`, not for `{fresh.environment}`"
        return (Diagnostic(codes.OTHER_RELEASE, message, hint="name the environment that the plan was made for"),)
    reviewed = {release.id: release for release in given.releases}
    findings = [found for release in fresh.releases for found in _check_release(release, reviewed.get(release.id))]
    known = dict(_changes(given))
    for key, change in _changes(fresh):
        if change.action in _ACTS:
            findings += _check_change(change, known.get(key), allow_drift, moved_by)
    named = {finding.subject for finding in findings}
    return (*findings, *(f for f in _check_documents(fresh, given, allow_drift, moved_by) if f.subject not in named))


def _check_documents(fresh: Plan, given: Plan, allow_drift: bool, moved_by: str) -> Iterator[Diagnostic]:
    """What a change means may show at the document only: a setting that is gone leaves no trace in an object."""
    reviewed = {document.address: document.classes for document in given.documents}
    drifted = {change.address for change in fresh.changes if change.cause in _DRIFT}
    for document in fresh.documents:
        if allow_drift and not drifted.isdisjoint(document.objects):
            continue
        classes = reviewed.get(document.address, ())
        beyond = [c for c in document.classes if c not in classes and c != "none"]
        if beyond:
            message = f"`{document.address}` was reviewed as {_words(classes)}, it is also {_words(beyond)} now"
            yield Diagnostic(codes.STALE, _by(message, moved_by), hint=_AGAIN, subject=document.address)


def _words(classes: Sequence[str]) -> str:
    return ", ".join(classes) or "unchanged"


def _by(message: str, who: str) -> str:
    return f"{message} (moved by {who})" if who else message


def _changes(plan: Plan) -> Iterator[tuple[Key, ObjectChange]]:
    for release in plan.releases:
        for change in release.changes:
            yield (release.id, change.address, change.object), change


def _check_release(fresh: ReleasePlan, given: ReleasePlan | None) -> Iterator[Diagnostic]:
    if given is None:
        message = f"release `{fresh.id}` is not in the plan"
        yield Diagnostic(codes.OTHER_RELEASE, message, hint="make a plan that covers all targets of the environment")
    elif fresh.desired.digest != given.desired.digest:
        yield Diagnostic(
            codes.DESIRED_DIFFERS,
            f"the specs of `{fresh.id}` ask for {_short(fresh.desired.digest)}, "
            f"reviewed was {_short(given.desired.digest)}",
            hint="check out the reviewed commit, or make the plan again and have it reviewed",
        )


def _check_change(
    fresh: ObjectChange, given: ObjectChange | None, allow_drift: bool, moved_by: str
) -> Iterator[Diagnostic]:
    if given is None or given.action not in _ACTS:
        if not (allow_drift and fresh.cause == "drift"):
            seen = f"was reviewed as {given.action}" if given is not None else "was not in the reviewed plan"
            yield _moved(fresh, f"{seen}, it would be {_deed(fresh)} now", moved_by, drift=fresh.cause == "drift")
        return
    if fresh.action != given.action and not (allow_drift and fresh.action == "create" and fresh.cause in _DRIFT):
        yield _moved(fresh, f"was reviewed as {given.action}, it would be {_deed(fresh)} now", moved_by)
    moved = [*_check_fields(fresh, given, allow_drift, moved_by)]
    yield from moved
    beyond = [c for c in fresh.classes if c not in given.classes and c != "none"]
    if beyond and not moved and not (allow_drift and fresh.cause in _DRIFT):
        yield _moved(fresh, f"was reviewed as {_words(given.classes)}, it is also {_words(beyond)} now", moved_by)


def _deed(change: ObjectChange) -> str:
    first = f" ({change.fields[0].path}: {_arrow(change.fields[0])})" if change.fields else ""
    return f"{DONE[change.action]}{first}"


def _check_fields(fresh: ObjectChange, given: ObjectChange, allow_drift: bool, moved_by: str) -> Iterator[Diagnostic]:
    reviewed: Mapping[str, FieldChange] = {field.path: field for field in given.fields}
    for field in fresh.fields:
        old = reviewed.get(field.path)
        if old is not None and _sides(old) == _sides(field) and not _is_new_drift(field, old):
            continue
        drift = field.cause in _DRIFT
        if drift and allow_drift:
            continue
        seen = f"was reviewed as {_arrow(old)}" if old is not None else "was not in the reviewed plan"
        yield _moved(fresh, f"{seen}, it is {_arrow(field)} now", moved_by, path=field.path, drift=drift)


def _is_new_drift(fresh: FieldChange, given: FieldChange) -> bool:
    """Values may look the same because they are not shown."""
    return fresh.cause in _DRIFT and given.cause not in _DRIFT


def _sides(field: FieldChange) -> str:
    """As JSON, where a truth value is not a number."""
    return json.dumps([field.before, field.after, list(field.absent)], sort_keys=True)


def _moved(change: ObjectChange, what: str, moved_by: str, *, path: str = "", drift: bool = False) -> Diagnostic:
    code: Code = codes.UNREVIEWED_DRIFT if drift else codes.STALE
    who = change.drifted_by if drift and change.drifted_by else moved_by
    subject = f"`{path}` of `{change.address}`" if path else f"`{change.address}`"
    return Diagnostic(
        code,
        _by(f"{subject} {what}", who),
        hint=_REVERT if drift else _AGAIN,
        subject=change.address.partition("/")[0],
    )


def _arrow(field: FieldChange) -> str:
    before = "absent" if "before" in field.absent else _show(field.before)
    after = "absent" if "after" in field.absent else _show(field.after)
    return f"{before} → {after}"


def _show(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _short(digest: str) -> str:
    return digest[:19]
