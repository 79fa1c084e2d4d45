"""`opsdecl unlock`: take a release out of the hands of an apply that is no more."""

import click

from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, partition_option, target_option


@click.command()
@environment_option
@target_option
@partition_option
@click.option("--force", is_flag=True, help="Although the holder still renews its hold: it then writes nothing more.")
@click.pass_context
def command(ctx: click.Context, environment: str | None, target: str | None, partition: str | None, force: bool) -> int:
    """Say who holds a release on a cluster, and let others in where nobody renews the hold any more.

    There is seldom a need: a hold that is not renewed ends by itself within half a minute.
    """
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.past import only_fatal
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.flows.status import unlock

    at, wanted = session(ctx), Wanted(environment, target, partition=partition)
    tree, memory = open_work_tree(at)
    opened = open_built(tree, wanted, memory)
    if opened.built is None:
        return report(at.process, only_fatal(opened), opened.lines)
    done = unlock(opened, at.root, wanted, force=force)
    for name, holder in done.value or ():
        at.process.out(f"{opened.environment} · {name}: taken from {holder}\n")
    return report(at.process, done.diagnostics, no_lines)
