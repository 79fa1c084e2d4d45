"""`opsdecl card`: what people should know of a model before they rely on it."""

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, format_option


@click.command()
@click.argument("name", metavar="KIND.NAME")
@environment_option
@format_option("markdown", "json")
@click.pass_context
def command(ctx: click.Context, name: str, environment: str | None, format_: str) -> int:
    """Write the model card of a document (`LLM.chat`, `Model.fraud`, `Adapter.legal`) in an environment."""
    from opsdecl.cli.report import report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.card import make_card
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.view.card import render_json, render_markdown

    at = session(ctx)
    tree, memory = open_work_tree(at)
    opened = open_built(tree, Wanted(environment), memory)
    if opened.built is None:
        return report(at.process, opened.diagnostics, opened.lines)
    made = make_card(opened.built, name, memory)
    if made.value is None:
        report(at.process, (*opened.diagnostics, *made.diagnostics), opened.lines)
        return Exit.FAILED
    at.process.out(render_json(made.value) if format_ == "json" else render_markdown(made.value))
    return report(at.process, (*opened.diagnostics, *made.diagnostics), opened.lines)
