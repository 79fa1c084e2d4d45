"""A plan as text, Markdown and HTML. JSON is the plan's own file format, written by `diff.planfile`."""

from opsdecl.view.plan.failure import render_failure_markdown
from opsdecl.view.plan.html import render_html
from opsdecl.view.plan.markdown import DEFAULT_BUDGET, MARKER, render_markdown
from opsdecl.view.plan.text import render_text

__all__ = ["DEFAULT_BUDGET", "MARKER", "render_failure_markdown", "render_html", "render_markdown", "render_text"]
