"""`opsdecl doctor`: is everything there, and does it work?"""

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session


@click.command()
@click.option(
    "--install-pulumi",
    is_flag=True,
    help="First install Pulumi and its Kubernetes provider, as targets of type pulumi need them, in ~/.pulumi.",
)
@click.pass_context
def command(ctx: click.Context, install_pulumi: bool) -> int:
    """Check the tools, the project and its targets, and say what to do about what is missing."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.flows.doctor import bring_pulumi, examine
    from opsdecl.view.doctor import render_checks

    at = session(ctx)
    brought = bring_pulumi() if install_pulumi else None
    if brought is not None and brought.value is None:
        return report(at.process, brought.diagnostics, no_lines)
    first = (brought.value,) if brought is not None and brought.value is not None else ()
    checks = (*first, *examine(at.root, at.process.now.date()))
    at.process.out(render_checks(checks, color=at.process.color))
    return Exit.FAILED if any(check.state == "failed" for check in checks) else Exit.DONE
