"""`opsdecl diff`: field by field, what a target holds against what the specs say."""

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, exit_code_option, format_option, partition_option, target_option


@click.command()
@environment_option
@target_option
@partition_option
@format_option("text", "json")
@exit_code_option
@click.pass_context
def command(
    ctx: click.Context,
    environment: str | None,
    target: str | None,
    partition: str | None,
    format_: str,
    exit_code: bool,
) -> int:
    """Compare what the targets hold with what the specs say, every field of every object."""
    from opsdecl.cli.planning import make_planned, show_planned
    from opsdecl.flows.plan import Wanted

    at = session(ctx)
    planned = make_planned(at, Wanted(environment, target, partition=partition), None)
    code = show_planned(at, planned, format_, details=True)
    differs = planned.plan is not None and bool(planned.plan.changes)
    return Exit.CHANGES if exit_code and differs and code == Exit.DONE else code
