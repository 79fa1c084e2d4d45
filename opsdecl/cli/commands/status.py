"""`opsdecl status`: what runs of a release, and what does not."""

import time
from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import environment_option, format_option, partition_option, target_option

if TYPE_CHECKING:
    from opsdecl.flows.plan import Wanted

PAUSE_S = 2.0


@click.command()
@environment_option
@target_option
@partition_option
@click.option(
    "--watch", is_flag=True, help="Look again every 2 s: on a terminal until interrupted, elsewhere until all is ready."
)
@click.option("--exit-code", is_flag=True, help="Exit 2 where something is not ready.")
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    environment: str | None,
    target: str | None,
    partition: str | None,
    watch: bool,
    exit_code: bool,
    format_: str,
) -> int:
    """Show each document with its pods, and why what is not ready is not."""
    from opsdecl.flows.plan import Wanted

    at, shown = session(ctx), ""
    wanted = Wanted(environment, target, partition=partition)
    while True:
        text, ready, code = _look(at, wanted, format_)
        if at.process.progress and watch:
            at.process.out(f"\x1b[H\x1b[2J{text}")
        elif text != shown:
            at.process.out(text)
        shown = text
        if code is not Exit.DONE or not watch or (ready and not at.process.progress):
            return Exit.CHANGES if exit_code and not ready and code is Exit.DONE else code
        time.sleep(PAUSE_S)


def _look(at: Session, wanted: "Wanted", format_: str) -> tuple[str, bool, Exit]:
    """What there is to print, whether all is ready, and how it went."""
    from opsdecl.cli.report import report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.past import only_fatal
    from opsdecl.flows.plan import open_built
    from opsdecl.flows.project import located
    from opsdecl.flows.status import read_status
    from opsdecl.view.as_json import render_json
    from opsdecl.view.status import is_ready, render_status

    tree, memory = open_work_tree(at)
    opened = open_built(tree, wanted, memory)
    if opened.built is None:
        return "", False, report(at.process, only_fatal(opened), opened.lines)
    found = read_status(opened, at.root, wanted)
    code = report(at.process, located(opened.built.project, tree, found.diagnostics), opened.lines)
    statuses = found.value or ()
    if format_ == "json":
        parts = [render_json(environment=opened.environment, target=name, status=status) for name, status in statuses]
    else:
        color = at.process.color
        parts = [render_status(opened.environment, name, status, color=color) for name, status in statuses]
    return "".join(parts), all(is_ready(status) for _, status in statuses), code
