"""`opsdecl destroy`: remove everything a release owns."""

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
@protected_option
@approved_option
@yes_option
@click.pass_context
def command(
    ctx: click.Context,
    environment: str | None,
    target: str | None,
    partition: str | None,
    including_protected: bool,
    approvals: tuple[str, ...],
    yes: bool,
) -> int:
    """Remove everything that a release owns from its target. What others put there stays."""
    from opsdecl.cli.going_back import go_back
    from opsdecl.flows.plan import Wanted

    question = "Remove everything that opsdecl wrote to {environment}?"
    return go_back(
        session(ctx),
        Wanted(environment, target, partition=partition),
        None,
        yes=yes,
        question=question,
        including_protected=including_protected,
        approvals=approvals,
    )
