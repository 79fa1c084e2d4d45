"""What differs from what was applied, grouped by who did that."""

from collections.abc import Sequence

from opsdecl.diff.types import FieldChange, ObjectChange
from opsdecl.view.cells import Cell, align, printable
from opsdecl.view.plan.outline import drifted_fields
from opsdecl.view.plan.phrases import change_texts, cut_path, object_name
from opsdecl.view.style import BOLD, CAUTION, DIM, GREEN, Ink, ink_for
from opsdecl.view.words import count

_PATH, _VALUE, _NAMES = 48, 40, 20
_UNKNOWN = "someone unknown"
_OURS = "reverting needs --revert-drift: opsdecl apply then restores what is declared"
_OBSERVED = "whoever carries the branch to the cluster restores it, if told to: Argo CD by `selfHeal`, Flux by itself"


def render_drift(
    environment: str,
    objects: int,
    changes: Sequence[ObjectChange],
    *,
    unowned: Sequence[str] = (),
    expected: Sequence[str] = (),
    where: str = "",
    observed: bool = False,
    color: bool = False,
) -> str:
    """`changes` as a plan holds them: `before` is what was found, `after` what is declared. Others are left out.

    `unowned` names things found where only ours should be, `expected` what programs keep on our objects. `where` tells
    several from each other; `observed`: it is a cluster that somebody else carries the objects to.
    """
    ink = ink_for(color)
    drifted = [change for change in changes if change.cause in ("drift", "both")]
    head = " · ".join(part for part in (printable(environment), printable(where), count(objects, "object")) if part)
    if not drifted and not unowned:
        return "\n".join([f"{head} · {ink('no drift', GREEN)}", *_expected(expected, ink)]) + "\n"
    sides = "on the branch → in the cluster" if observed else "declared → found"
    rows = [f"{head} · {ink(f'{len(drifted):,} drifted', CAUTION)}   {sides}"]
    for who, theirs in _by_author(drifted).items():
        rows += [f"  by {ink(printable(who), BOLD)}", *("    " + row for row in _rows(theirs, ink, observed=observed))]
    if drifted:
        rows.append(ink(f"  {_OBSERVED if observed else _OURS}", DIM))
    return "\n".join([*rows, *_unowned(unowned, ink), *_expected(expected, ink)]) + "\n"


def _by_author(changes: Sequence[ObjectChange]) -> dict[str, list[ObjectChange]]:
    found: dict[str, list[ObjectChange]] = {}
    for change in changes:
        found.setdefault(change.drifted_by or _UNKNOWN, []).append(change)
    return dict(sorted(found.items(), key=lambda item: (item[0] == _UNKNOWN, item[0])))


def _rows(changes: Sequence[ObjectChange], ink: Ink, *, observed: bool) -> list[str]:
    return align([row for change in changes for row in _object(change, observed=observed)], ink)


def _object(change: ObjectChange, *, observed: bool) -> list[list[Cell]]:
    name = Cell(printable(object_name(change.object)))
    if change.action == "create":
        # Of what somebody else carries there nobody knows whether it ever was.
        return [[name, Cell("is not there" if observed else "was deleted", CAUTION)]]
    fields = [_field(field) for field in drifted_fields(change)]
    if not fields:
        return [[name, Cell("was added" if change.action == "delete" else "was changed", CAUTION)]]
    return [[name, *fields[0]], *([Cell(""), *field] for field in fields[1:])]


def _field(field: FieldChange) -> list[Cell]:
    _, found, declared = change_texts(field, _VALUE)
    value = f"{declared or '(nothing)'} → {found or '(nothing)'}" if not field.summary else field.summary
    return [Cell(printable(cut_path(field.path, _PATH))), Cell(printable(value), CAUTION)]


def _unowned(names: Sequence[str], ink: Ink) -> list[str]:
    if not names:
        return []
    more = [f"    and {len(names) - _NAMES:,} more"] if len(names) > _NAMES else []
    return [f"  {ink('not ours', BOLD)}: left as it is", *(f"    {printable(n)}" for n in names[:_NAMES]), *more]


def _expected(names: Sequence[str], ink: Ink) -> list[str]:
    if not names:
        return []
    more = [f"    and {len(names) - _NAMES:,} more"] if len(names) > _NAMES else []
    return [
        f"  {ink('expected', BOLD)}: of programs in the cluster",
        *(f"    {printable(n)}" for n in names[:_NAMES]),
        *more,
    ]
