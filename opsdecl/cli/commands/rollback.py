"""`opsdecl rollback`: go back to an earlier revision."""

import click

from opsdecl.cli.group import session
from opsdecl.cli.options import (
    approved_option,
    environment_option,
    partition_option,
    protected_option,
    target_option,
    yes_option,
)


@click.command()
@environment_option
@target_option
@partition_option
@click.option("--to", "revision", required=True, metavar="REVISION", help="A revision of `opsdecl history`.")
@protected_option
@approved_option
@yes_option
@click.pass_context
def command(
    ctx: click.Context,
    environment: str | None,
    target: str | None,
    partition: str | None,
    revision: str,
    including_protected: bool,
    approvals: tuple[str, ...],
    yes: bool,
) -> int:
    """Make a target hold again what it held at an earlier revision; git's specs stay as they are."""
    from opsdecl.cli.going_back import go_back
    from opsdecl.flows.plan import Wanted

    question = f"Take {{environment}} back to {revision}?"
    return go_back(
        session(ctx),
        Wanted(environment, target, partition=partition),
        revision,
        yes=yes,
        question=question,
        including_protected=including_protected,
        approvals=approvals,
    )
