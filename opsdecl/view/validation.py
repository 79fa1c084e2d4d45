"""The last line of `validate`: what was looked at, and the verdict."""

from collections.abc import Sequence

from opsdecl.diag import Diagnostic, has_errors
from opsdecl.view.cells import printable
from opsdecl.view.diagnostics.summary import summary_line
from opsdecl.view.style import ALARM, CAUTION, GREEN, ink_for
from opsdecl.view.words import count, listed


def render_validation(
    environments: Sequence[str],
    documents: int,
    objects: int,
    diagnostics: Sequence[Diagnostic],
    *,
    color: bool = False,
) -> str:
    """`valid: 44 documents and 312 objects in dev, prod`, or the number of findings in their place."""
    ink = ink_for(color)
    names = [printable(name) for name in environments]
    looked_at = f"{count(documents, 'document')} and {count(objects, 'object')} in {listed(names, 5)}" if names else ""
    style = ALARM if has_errors(diagnostics) else CAUTION if diagnostics else GREEN
    word = "not valid" if has_errors(diagnostics) else "valid"
    parts = [f"{ink(word, style)}: {looked_at}" if looked_at else ink(word, style), summary_line(diagnostics)]
    return " · ".join(part for part in parts if part) + "\n"
