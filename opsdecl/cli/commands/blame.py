"""`opsdecl blame`: the revision that last changed an object."""

import click

from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, format_option, partition_option, target_option


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="ADDRESS...")
@environment_option
@target_option
@partition_option
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    environment: str | None,
    target: str | None,
    partition: str | None,
    format_: str,
) -> int:
    """Tell which revision last changed an object (`LLM.chat/main/deployment`) or a document's objects (`LLM.chat`)."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.past import only_fatal, read_blame
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.view.as_json import render_json
    from opsdecl.view.blame import render_blame

    at, wanted = session(ctx), Wanted(environment, target, partition=partition)
    tree, memory = open_work_tree(at)
    opened = open_built(tree, wanted, memory)
    if opened.built is None:
        return report(at.process, only_fatal(opened), opened.lines)
    found = read_blame(opened, at.root, wanted, names)
    if found.value is not None:
        as_json = render_json(blame=[{"address": name, "revision": revision} for name, revision in found.value])
        at.process.out(as_json if format_ == "json" else render_blame(found.value, color=at.process.color))
    return report(at.process, found.diagnostics, no_lines)
