"""`opsdecl drift`: what somebody changed behind git's back."""

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, exit_code_option, format_option, target_option


@click.command()
@environment_option
@target_option
@format_option("text", "json")
@exit_code_option
@click.pass_context
def command(ctx: click.Context, environment: str | None, target: str | None, format_: str, exit_code: bool) -> int:
    """Show what differs from what was applied, and who did it."""
    from opsdecl.cli.planning import make_planned
    from opsdecl.cli.report import report
    from opsdecl.flows.plan import Wanted
    from opsdecl.view.as_json import render_json
    from opsdecl.view.drift import render_drift

    at = session(ctx)
    planned = make_planned(at, Wanted(environment, target), None)
    if planned.plan is None:
        return report(at.process, planned.diagnostics, planned.lines)
    changes = [change for change in planned.plan.changes if change.cause in ("drift", "both")]
    unowned = [name for state in planned.states.values() for name in state.unowned]
    expected = [name for state in planned.states.values() for name in state.expected]
    objects = sum(len(state.objects) for state in planned.states.values())
    if format_ == "json":
        at.process.out(render_json(environment=planned.environment, objects=objects, drifted=changes, unowned=unowned))
    else:
        at.process.out(
            render_drift(
                planned.environment, objects, changes, unowned=unowned, expected=expected, color=at.process.color
            )
        )
    return Exit.CHANGES if exit_code and (changes or unowned) else Exit.DONE
