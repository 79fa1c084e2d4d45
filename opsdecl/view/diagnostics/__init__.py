"""Findings as text: one module per format, one entry."""

from opsdecl.view.diagnostics.excerpt import Lines
from opsdecl.view.diagnostics.render import FORMATS, Format, render_findings
from opsdecl.view.diagnostics.summary import summary_line

__all__ = ["FORMATS", "Format", "Lines", "render_findings", "summary_line"]
