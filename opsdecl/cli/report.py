"""Findings to the terminal: the one place where commands hand them over."""

from collections.abc import Sequence

from opsdecl.cli.exits import Exit
from opsdecl.cli.process import Process
from opsdecl.cli.verdict import exit_for
from opsdecl.diag import Diagnostic
from opsdecl.view.diagnostics import FORMATS, Lines, render_findings


def report(
    process: Process,
    findings: Sequence[Diagnostic],
    lines: Lines,
    *,
    format_: str = "full",
    to_stdout: bool = False,
) -> Exit:
    """Prints located findings and answers the exit code that they deserve."""
    chosen = next(f for f in FORMATS if f == format_)
    text = render_findings(findings, chosen, lines=lines, color=process.color, width=process.width)
    (process.out if to_stdout else process.err)(text)
    return exit_for(findings)


def no_lines(_file: str) -> Sequence[str] | None:
    """For findings that are about no file."""
    return None
