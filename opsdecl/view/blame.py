"""Which revision last changed each object, and who that was."""

from collections.abc import Sequence

from opsdecl.apply.types import Revision
from opsdecl.view.cells import Cell, align, clip, printable
from opsdecl.view.history import name_text, when_text
from opsdecl.view.style import BOLD, CAUTION, DIM, ink_for


def render_blame(blamed: Sequence[tuple[str, Revision]], *, color: bool = False) -> str:
    """One line per object, named as the caller names it; an edit by hand stands out."""
    return "\n".join(align([_row(name, revision) for name, revision in blamed], ink_for(color))) + "\n"


def _row(name: str, revision: Revision) -> list[Cell]:
    by_hand = revision.kind == "edit"
    source = printable(revision.source_commit[:7])
    return [
        Cell(printable(name), BOLD),
        Cell(printable(revision.id[:10]), CAUTION if by_hand else ""),
        Cell(when_text(revision.at)),
        Cell("edited by hand" if by_hand else printable(revision.kind), CAUTION if by_hand else ""),
        Cell(clip(name_text(revision.who), 40)),
        Cell(f"from {source}" if source else "", DIM),
        Cell(printable(revision.summary), DIM),
    ]
