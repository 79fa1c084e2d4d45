"""`rollback` and `destroy`: show what would go, ask, write."""

from opsdecl.cli.carrying import confirmed, run_returns
from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session
from opsdecl.cli.report import no_lines, report
from opsdecl.cli.workplace import open_work_tree
from opsdecl.flows.apply import show_returns
from opsdecl.flows.past import only_fatal, plan_backs
from opsdecl.flows.plan import Wanted, open_built
from opsdecl.view.plan.text import render_text


def go_back(
    at: Session,
    wanted: Wanted,
    revision: str | None,
    *,
    yes: bool,
    question: str,
    including_protected: bool,
    approvals: tuple[str, ...] = (),
) -> Exit:
    """To a revision, or to nothing where `revision` is None."""
    tree, memory = open_work_tree(at)
    opened = open_built(tree, wanted, memory)
    if opened.built is None:
        return report(at.process, only_fatal(opened), opened.lines)
    ways = plan_backs(opened, at.root, wanted, revision)
    if ways.value is None:
        return report(at.process, ways.diagnostics, no_lines)
    plan = show_returns(ways.value, opened.environment, revision)
    if not plan.changes:
        at.process.out(
            f"{opened.environment} holds {f'what it held at {revision}' if revision else 'nothing to remove'}"
        )
        return Exit.DONE
    at.process.out(render_text(plan, color=at.process.color, width=at.process.width))
    protected = tuple(finding for way in ways.value for finding in way.protected)
    if protected and not including_protected:
        return report(at.process, protected, opened.lines)
    if not confirmed(at, yes, question.format(environment=opened.environment)):
        return Exit.FAILED
    return run_returns(at, opened.environment, [way for way in ways.value if way.plan.changes], approvals)
