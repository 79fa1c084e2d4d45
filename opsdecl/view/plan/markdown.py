"""A plan as the comment of a pull request: verdict first, changes worst first, never larger than its budget."""

from collections.abc import Sequence

from opsdecl.diff.types import Plan
from opsdecl.view.markup import code, comment_marker, plain
from opsdecl.view.plan.budget import Section, briefly, size_of, take, take_in_order
from opsdecl.view.plan.markdown_changes import change_sections
from opsdecl.view.plan.markdown_sections import (
    drift_section,
    finding_section,
    loss_section,
    other_section,
    policy_section,
    release_section,
    transparency_section,
    verdict_table,
)
from opsdecl.view.plan.outline import Outline, outline
from opsdecl.view.plan.phrases import counts_text, severities_text

DEFAULT_BUDGET = 60_000
LEAST_BUDGET = 6_000
MARKER = "plan"
_TITLES = 260
_SHARE_OF_CHANGES = 0.7


def render_markdown(plan: Plan, *, digest: str, budget: int = DEFAULT_BUDGET, whole: str = "") -> str:
    """`digest` is the plan's, as `apply --plan` will demand it. `whole` says where the uncut plan is, in plain words.

    At most `budget` bytes of UTF-8; a budget below `LEAST_BUDGET` counts as that.
    """
    seen = outline(plan)
    head, foot = _head(seen), _foot(plan, digest)
    reserved = size_of(_notice(["x" * _TITLES], plan, whole))
    room = max(budget, LEAST_BUDGET) - size_of(head) - size_of(foot) - reserved
    table = verdict_table(seen)
    if size_of(table) > room:
        return head + _notice(["the summary", "all changes"], plan, whole) + foot
    body, missing = _body(seen, room - size_of(table))
    return head + table + body + (_notice(missing, plan, whole) if missing else "") + foot


def _body(seen: Outline, room: int) -> tuple[str, list[str]]:
    """What fits, in reading order, and what is missing. Findings go before changes, changes before the rest."""
    urgent, cut_urgent, room = take(_present(finding_section(seen), loss_section(seen)), room)
    changes = change_sections(seen)
    shown, behind, unused = take_in_order(changes, int(room * _SHARE_OF_CHANGES))
    room = room - int(room * _SHARE_OF_CHANGES) + unused
    rest, cut_rest, room = take(
        _present(
            transparency_section(seen),
            drift_section(seen),
            policy_section(seen),
            other_section(seen),
            release_section(seen),
        ),
        room,
    )
    brief, lost = briefly(behind, room, _brief_heading)
    title = "\n#### Changes, worst first\n\n" if shown else ""
    text = "".join(s.text for s in urgent) + title + "".join(s.text for s in shown) + brief
    missing = [section.title for section in (*cut_urgent, *cut_rest)] + _cut_changes(len(changes), len(behind), lost)
    return text + "".join(s.text for s in rest), missing


def _cut_changes(every: int, without_details: int, lost: int) -> list[str]:
    """`562 of 1,000 changes and the details of 288 more`."""
    brief = without_details - lost
    parts = [f"{lost:,} of {every:,} changes"] if lost else []
    if brief:
        parts.append(f"the details of {brief:,} more" if lost else f"the details of {brief:,} of {every:,} changes")
    return [" and ".join(parts)] if parts else []


def _present(*sections: Section | None) -> list[Section]:
    return [section for section in sections if section is not None]


def _brief_heading(number: int) -> str:
    return f"\n#### {number:,} more, in short\n\n"


def _head(seen: Outline) -> str:
    environment = seen.plan.environment
    return f"{comment_marker(MARKER, environment)}\n### opsdecl · {plain(environment[:60])} · {verdict(seen)}\n\n"


def verdict(seen: Outline) -> str:
    """The first thing that a reviewer must know."""
    plan = seen.plan
    parts = [
        severities_text(plan.findings),
        "data loss" if seen.losses else "",
        "approval needed" if plan.approvals else "",
        "" if plan.base.known else "before unknown",
    ]
    said = ", ".join(part for part in ["up to date" if seen.is_up_to_date else "", *parts] if part)
    sign = "❌" if any(f.severity == "error" for f in plan.findings) else "⚠️" if any(parts) else "✅"
    return f"{sign} {said or counts_text(plan.summary)}"


def _notice(missing: Sequence[str], plan: Plan, whole: str) -> str:
    place = plain(whole[:120]) if whole else f"{_command(plan)} shows all of it"
    what = "; ".join(missing)
    return f"\n> **Cut to fit.** Not shown: {what}. {place}.\n"


def _foot(plan: Plan, digest: str) -> str:
    command = f"opsdecl apply --env {_word(plan.environment)} --plan plan.json"
    return (
        f"\n---\nPlan {code(digest, 80)} · {code(command)} applies this and nothing beyond it. "
        f"opsdecl {plain(plan.tool_version[:40])}\n"
    )


def _command(plan: Plan) -> str:
    base = f" --base {plan.base.ref[:60]}" if plan.mode == "review" and plan.base.ref else " --live"
    return code(f"opsdecl plan --env {_word(plan.environment)}{base}", 160)


def _word(environment: str) -> str:
    return "".join(char for char in environment[:60] if char.isalnum() or char in "-_.") or "ENV"
