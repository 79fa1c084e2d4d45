"""Located findings -> text in one of the formats."""

from collections.abc import Sequence
from typing import Literal, assert_never

from opsdecl.diag import Diagnostic
from opsdecl.view.diagnostics import concise, full, github
from opsdecl.view.diagnostics.excerpt import Lines

Format = Literal["full", "concise", "json", "github", "sarif"]
FORMATS: tuple[Format, ...] = ("full", "concise", "json", "github", "sarif")


def render_findings(
    diagnostics: Sequence[Diagnostic], format: Format, *, lines: Lines, color: bool = False, width: int = 100
) -> str:
    """Findings in the order given; empty text for none in the formats that people read.

    `lines(file)` gives a file's lines without their ends, or None where there is nothing to show. `width` is in
    terminal cells and bounds excerpts only: messages are never cut.
    """
    match format:
        case "full":
            return full.render(diagnostics, lines=lines, color=color, width=width)
        case "concise":
            return concise.render(diagnostics, color=color)
        case "json":
            # The models of the JSON format cost more to build than all other formats together.
            from opsdecl.view.diagnostics import as_json

            return as_json.render(diagnostics)
        case "github":
            return github.render(diagnostics)
        case "sarif":
            from opsdecl.view.diagnostics import sarif

            return sarif.render(diagnostics)
        case _:
            assert_never(format)
