"""`opsdecl doctor`: is everything there, and does it work?"""

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session


@click.command()
@click.pass_context
def command(ctx: click.Context) -> int:
    """Check the tools, the project and its targets, and say what to do about what is missing."""
    from opsdecl.flows.doctor import examine
    from opsdecl.view.doctor import render_checks

    at = session(ctx)
    checks = examine(at.root)
    at.process.out(render_checks(checks, color=at.process.color))
    return Exit.FAILED if any(check.state == "failed" for check in checks) else Exit.DONE
