"""What `plan`, `apply`, `diff` and `drift` share: making a plan, and showing it."""

from pathlib import Path

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session
from opsdecl.cli.report import no_lines, report
from opsdecl.cli.verdict import exit_for
from opsdecl.cli.workplace import open_work_tree
from opsdecl.diff.types import Plan
from opsdecl.flows.files import digest_of_plan, plan_text, save_plan
from opsdecl.flows.plan import Planned, Wanted, plan_live, plan_review
from opsdecl.flows.source import review_sides, work_tree_source


def make_planned(
    at: Session, wanted: Wanted, base: str | None, *, worktree: bool = False, second_opinion: bool = False
) -> Planned:
    """A review plan against `base`, else an execution plan against the targets. `second_opinion`: with what a
    target's own engine says of it."""
    files, memory = open_work_tree(at)
    if base is None:
        source = work_tree_source(at.root)
        return plan_live(files, at.root, wanted, source, memory, second_opinion=second_opinion)
    sides = review_sides(at.root, base, worktree=worktree)
    if sides.value is None:
        return Planned(None, sides.diagnostics, no_lines)
    found = sides.value
    return plan_review(found.desired, found.base, wanted, found.source, found.base_ref, memory)


def show_planned(
    at: Session, planned: Planned, format_: str, *, details: bool = False, budget: int | None = None
) -> Exit:
    """The plan goes to standard output with its findings in it; they go to standard error as well where no person
    reads both, and with their lines where there is no plan to hold them."""
    if planned.plan is None:
        code = report(at.process, planned.diagnostics, planned.lines)
    elif format_ == "text" and at.process.stdout.isatty():
        code = exit_for(planned.diagnostics)
    else:
        code = report(at.process, planned.diagnostics, planned.lines, format_="concise")
    if planned.plan is None:
        if format_ == "markdown":
            at.process.out(_failure(planned, budget))
        return code
    at.process.out(_view(at, planned.plan, format_, details=details, budget=budget))
    return code


def report_planned(at: Session, planned: Planned) -> Exit:
    """The findings alone, for a command whose standard output is for a program."""
    return report(at.process, planned.diagnostics, planned.lines, format_="full" if planned.plan is None else "concise")


def _failure(planned: Planned, budget: int | None) -> str:
    from opsdecl.view.plan.failure import render_failure_markdown
    from opsdecl.view.plan.markdown import DEFAULT_BUDGET

    environment = planned.environment or "unknown"
    return render_failure_markdown(environment, planned.diagnostics, budget=budget or DEFAULT_BUDGET)


def _view(at: Session, plan: Plan, format_: str, *, details: bool, budget: int | None) -> str:
    match format_:
        case "json":
            return plan_text(plan)
        case "markdown":
            from opsdecl.view.plan.markdown import DEFAULT_BUDGET, render_markdown

            return render_markdown(plan, digest=digest_of_plan(plan), budget=budget or DEFAULT_BUDGET)
        case "html":
            from opsdecl.view.plan.html import render_html

            return render_html(plan, digest=digest_of_plan(plan))
        case _:
            from opsdecl.view.plan.text import render_text

            return render_text(plan, color=at.process.color, width=at.process.width, details=details)


def write_out(at: Session, plan: Plan, out: Path) -> Exit:
    """Saves the plan file; relative names are taken from where the command runs."""
    written = save_plan(plan, at.start / out)
    return report(at.process, written.diagnostics, no_lines)
