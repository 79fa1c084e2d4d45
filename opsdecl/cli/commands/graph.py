"""`opsdecl graph`: documents, resources, and what depends on what."""

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, format_option, target_option


@click.command()
@environment_option
@target_option
@format_option("text", "mermaid", "dot", "json")
@click.pass_context
def command(ctx: click.Context, environment: str | None, target: str | None, format_: str) -> int:
    """Show the documents of an environment, the resources that they become, and what waits for what."""
    from opsdecl.cli.report import report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.view.graph import render_dot, render_json, render_mermaid, render_tree

    at = session(ctx)
    tree, memory = open_work_tree(at)
    opened = open_built(tree, Wanted(environment, target), memory)
    code = report(at.process, opened.diagnostics, opened.lines)
    if opened.built is None:
        return code or Exit.FAILED
    graph = opened.built.graph
    if format_ == "text":
        at.process.out(render_tree(graph, color=at.process.color))
    else:
        views = {"mermaid": render_mermaid, "dot": render_dot, "json": render_json}
        at.process.out(views[format_](graph))
    return code
