"""One line per finding, as compilers print them: editors and grep know it."""

from collections.abc import Sequence

from opsdecl.diag import Diagnostic, Place, Severity, Span
from opsdecl.view.cells import printable
from opsdecl.view.diagnostics.summary import summary_line
from opsdecl.view.style import ALARM, BOLD, CAUTION, CYAN, Ink, ink_for

SEVERITY_STYLES = {Severity.ERROR: ALARM, Severity.WARNING: CAUTION, Severity.NOTE: CYAN}


def render(diagnostics: Sequence[Diagnostic], *, color: bool) -> str:
    if not diagnostics:
        return ""
    ink = ink_for(color)
    rows = [_line(d, ink) for d in diagnostics]
    return "\n".join([*rows, summary_line(diagnostics)]) + "\n"


def _line(diagnostic: Diagnostic, ink: Ink) -> str:
    at = where(diagnostic.at)
    word = ink(f"{diagnostic.severity.word}[{diagnostic.code.id}]", SEVERITY_STYLES[diagnostic.severity])
    return f"{ink(at + ':', BOLD) + ' ' if at else ''}{word} {printable(diagnostic.message)}"


def where(at: Place | Span | None) -> str:
    """`file:line:col`, the file alone where no line is known, empty where there is no place."""
    if at is None:
        return ""
    if isinstance(at, Span):
        return f"{printable(at.file)}:{at.line}:{at.column}"
    return printable(at.file)
