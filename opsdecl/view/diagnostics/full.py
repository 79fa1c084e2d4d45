"""A finding with its lines, carets under the place, related places, help and where to read more."""

from collections.abc import Sequence

from opsdecl.diag import Diagnostic, Related, Span
from opsdecl.view.cells import printable
from opsdecl.view.diagnostics.concise import SEVERITY_STYLES, where
from opsdecl.view.diagnostics.excerpt import Excerpts, Lines
from opsdecl.view.diagnostics.summary import summary_line
from opsdecl.view.style import BLUE, BOLD, Ink, ink_for

CONTEXT_LINES = 2


def render(diagnostics: Sequence[Diagnostic], *, lines: Lines, color: bool, width: int) -> str:
    if not diagnostics:
        return ""
    ink = ink_for(color)
    hidden = tuple(d.at for d in diagnostics if d.sensitive and isinstance(d.at, Span))
    excerpts = Excerpts(lines, hidden, ink, width)
    blocks = ["\n".join(_block(d, excerpts, ink)) for d in diagnostics]
    return "\n\n".join([*blocks, summary_line(diagnostics)]) + "\n"


def _block(diagnostic: Diagnostic, excerpts: Excerpts, ink: Ink) -> list[str]:
    style = SEVERITY_STYLES[diagnostic.severity]
    head = ink(f"{diagnostic.severity.word}[{diagnostic.code.id}]", style)
    gutter = " " * _gutter(diagnostic)
    rows = [head + ink(f": {printable(diagnostic.message)}", BOLD)]
    if diagnostic.at is not None:
        rows += [f"{gutter}{ink('-->', BLUE)} {where(diagnostic.at)}"]
    rows += _own_excerpt(diagnostic, excerpts, style)
    for related in diagnostic.related:
        rows += _related(related, len(gutter), excerpts, ink)
    return rows + _advice(diagnostic, gutter, ink)


def _gutter(diagnostic: Diagnostic) -> int:
    """Digits of the highest line number shown, so that all bars of a finding stand in one column."""
    places = [diagnostic.at, *(related.at for related in diagnostic.related)]
    return max((len(str(at.end_line)) for at in places if isinstance(at, Span)), default=1)


def _own_excerpt(diagnostic: Diagnostic, excerpts: Excerpts, style: str) -> list[str]:
    if not isinstance(diagnostic.at, Span):
        return []
    return excerpts.show(
        diagnostic.at, _gutter(diagnostic), mark="^", label=diagnostic.label, style=style, context=CONTEXT_LINES
    )


def _related(related: Related, gutter: int, excerpts: Excerpts, ink: Ink) -> list[str]:
    if related.at is None:
        return [f"{' ' * gutter} {ink('=', BLUE)} note: {printable(related.message)}"]
    rows = [f"{' ' * gutter}{ink(':::', BLUE)} {where(related.at)}"]
    shown = isinstance(related.at, Span) and excerpts.show(
        related.at, gutter, mark="-", label=related.message, style=BLUE, context=0
    )
    return rows + shown if shown else [f"{rows[0]}: {printable(related.message)}"]


def _advice(diagnostic: Diagnostic, gutter: str, ink: Ink) -> list[str]:
    rows = []
    if diagnostic.hint:
        first, *rest = (printable(line) for line in diagnostic.hint.splitlines())
        rows = [f"{gutter} {ink('=', BLUE)} help: {first}", *(f"{gutter}         {line}" for line in rest)]
    return [*rows, f"{gutter} {ink('=', BLUE)} docs: opsdecl explain {diagnostic.code.id}"]
