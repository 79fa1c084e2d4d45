"""Revisions as a table, newest first, as they come."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from opsdecl.apply.types import Revision
from opsdecl.view.cells import Cell, align, clip, printable, width_of
from opsdecl.view.style import BOLD, CAUTION, DIM, ink_for

_TITLES = ("REVISION", "WHEN (UTC)", "WHAT", "WHO", "SOURCE", "CHANGES", "")
_SHORT = 10


def render_history(
    environment: str, revisions: Sequence[Revision], *, headed: bool = False, color: bool = False, width: int = 100
) -> str:
    """One line per revision, and below it who approved it; an edit that opsdecl did not make stands out. `headed`: the
    name stands above them."""
    if not revisions:
        return f"{printable(environment)} has no revisions yet: nothing was applied\n"
    rows = [[Cell(title, BOLD) for title in _TITLES], *(_row(revision) for revision in revisions)]
    head = [ink_for(color)(printable(environment), BOLD)] if headed else []
    lines = align([[*row[:-1], _fitted(row, rows, width)] for row in rows], ink_for(color))
    told = [
        lines[0],
        *(text for line, one in zip(lines[1:], revisions, strict=True) for text in (line, *_approved(one))),
    ]
    return "\n".join(head + told) + "\n"


def _approved(revision: Revision) -> Iterator[str]:
    """A line below the revision for each approval that was recorded."""
    yield from (f"{'':{_SHORT}}  approved by {printable(approval)}" for approval in revision.approvals)


def _row(revision: Revision) -> list[Cell]:
    style = CAUTION if revision.kind == "edit" else ""
    return [
        Cell(printable(revision.id[:_SHORT]), style),
        Cell(when_text(revision.at)),
        Cell(printable(revision.kind), style),
        Cell(clip(name_text(revision.who), 24)),
        Cell(printable(revision.source_commit[:7]), DIM),
        Cell(counts_text(revision)),
        Cell(printable(revision.summary), DIM),
    ]


def when_text(at: str) -> str:
    """To the minute, in UTC; whatever is no time is shown as it is."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return printable(at)
    return f"{(moment.astimezone(UTC) if moment.tzinfo else moment):%Y-%m-%d %H:%M}"


def name_text(who: str) -> str:
    """The name of `Name <address>`."""
    return printable(who.partition(" <")[0])


def counts_text(revision: Revision) -> str:
    """`+1 ~3 -2`: created, updated or replaced, deleted."""
    counts = revision.counts
    changed = counts.get("update", 0) + counts.get("replace", 0)
    signs = (("+", counts.get("create", 0)), ("~", changed), ("-", counts.get("delete", 0)))
    return " ".join(f"{sign}{number:,}" for sign, number in signs if number)


def _fitted(row: Sequence[Cell], rows: Sequence[Sequence[Cell]], width: int) -> Cell:
    """The last column takes what the others leave, at least a few words."""
    taken = sum(max(width_of(other[i].text) for other in rows) + 2 for i in range(len(_TITLES) - 1))
    return Cell(clip(row[-1].text, max(20, width - taken)), row[-1].style)
