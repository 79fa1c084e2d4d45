"""`opsdecl history`: the revisions of a release."""

import click

from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, format_option, partition_option, target_option


@click.command()
@environment_option
@target_option
@partition_option
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Most revisions.")
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context, environment: str | None, target: str | None, partition: str | None, limit: int, format_: str
) -> int:
    """List who applied what, when, and from which commit."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.past import only_fatal, read_history
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.view.as_json import render_json
    from opsdecl.view.history import render_history

    at, wanted = session(ctx), Wanted(environment, target, partition=partition)
    tree, memory = open_work_tree(at)
    opened = open_built(tree, wanted, memory)
    if opened.built is None:
        return report(at.process, only_fatal(opened), opened.lines)
    found = read_history(opened, at.root, wanted, limit)
    for name, revisions in found.value or ():
        alone = len(found.value or ()) == 1 and not found.diagnostics
        named = opened.environment if alone else f"{opened.environment} · {name}"
        if format_ == "json":
            at.process.out(render_json(environment=opened.environment, target=name, revisions=revisions))
        else:
            at.process.out(
                render_history(
                    named, revisions, headed=named != opened.environment, color=at.process.color, width=at.process.width
                )
            )
    return report(at.process, found.diagnostics, no_lines)
