"""Findings as workflow commands, which GitHub shows beside the lines of a pull request."""

from collections.abc import Sequence

from opsdecl.diag import Diagnostic, Place, Severity, Span
from opsdecl.view.diagnostics.summary import summary_line

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(diagnostics: Sequence[Diagnostic]) -> str:
    if not diagnostics:
        return ""
    return "\n".join([*(_command(d) for d in diagnostics), summary_line(diagnostics)]) + "\n"


def _command(diagnostic: Diagnostic) -> str:
    properties = {**_place(diagnostic.at), "title": f"{diagnostic.code.id}: {diagnostic.code.title}"}
    listed = ",".join(f"{name}={escape_property(str(value))}" for name, value in properties.items())
    text = diagnostic.message + (f"\nhelp: {diagnostic.hint}" if diagnostic.hint else "")
    return f"::{_COMMANDS[diagnostic.severity]} {listed}::{escape_message(text)}"


def _place(at: Place | Span | None) -> dict[str, str | int]:
    if not isinstance(at, Span):
        return {"file": at.file} if at else {}
    place: dict[str, str | int] = {"file": at.file, "line": at.line, "endLine": at.end_line}
    # GitHub takes columns only where a stretch begins and ends on one line, and counts the end inclusively.
    if at.line == at.end_line:
        place |= {"col": at.column, "endColumn": max(at.column, at.end_column - 1)}
    return place


def escape_message(text: str) -> str:
    """The runner splits commands at line ends and decodes percent signs; other line breaks would end a log line."""
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(char, code)
    return _one_line(text)


def escape_property(text: str) -> str:
    return escape_message(text).replace(":", "%3A").replace(",", "%2C")


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
