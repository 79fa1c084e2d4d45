"""The comment for a plan that could not be made. It replaces the last one, so that nobody reads a stale verdict."""

from collections.abc import Sequence

from opsdecl.diag import Diagnostic
from opsdecl.view.diagnostics.as_json import finding_of
from opsdecl.view.markup import comment_marker, plain
from opsdecl.view.plan.budget import size_of
from opsdecl.view.plan.markdown import DEFAULT_BUDGET, LEAST_BUDGET, MARKER
from opsdecl.view.plan.markdown_sections import finding_row
from opsdecl.view.plan.outline import worst_findings_first
from opsdecl.view.plan.phrases import severities_text

UNKNOWN = (
    "which objects change",
    "which pods restart, and on which GPUs",
    "whether something is removed or data is lost",
    "which approvals are needed",
)


def render_failure_markdown(
    environment: str,
    diagnostics: Sequence[Diagnostic],
    *,
    reason: str = "",
    missing: Sequence[str] = UNKNOWN,
    budget: int = DEFAULT_BUDGET,
) -> str:
    """`reason` is for failures that are no finding (`time ran out after 300 s, while rendering`)."""
    findings = worst_findings_first([finding_of(d) for d in diagnostics])
    why = reason or severities_text(findings) or "it could not be made"
    head = f"{comment_marker(MARKER, environment)}\n### opsdecl · {plain(environment[:60])} · ❌ no plan: "
    head += f"{plain(why[:120])}\n\n**Not known:** " + "; ".join(plain(item[:80]) for item in missing[:6]) + ".\n"
    foot = "\n---\nNothing was changed. An earlier plan in this place no longer counts.\n"
    room = max(budget, LEAST_BUDGET) - size_of(head) - size_of(foot) - 100
    return head + _rows([finding_row(finding) for finding in findings], room) + foot


def _rows(rows: Sequence[str], room: int) -> str:
    shown: list[str] = []
    for row in rows:
        room -= size_of(row) + 1
        if room < 0:
            break
        shown.append(row)
    hidden = len(rows) - len(shown)
    rest = [f"- and {hidden:,} more: `opsdecl validate` shows all of them"] if hidden else []
    return "\n#### Findings\n\n" + "\n".join([*shown, *rest]) + "\n" if rows else ""
