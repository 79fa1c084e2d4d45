"""`opsdecl catalog`: models, GPUs, nodes and engines that are known, and adding a model."""

from typing import Any

import click

from opsdecl.cli.group import session
from opsdecl.cli.options import format_option

TABLES = ("models", "gpus", "nodes", "engines")


@click.group()
def command() -> None:
    """What is known of models, GPUs, nodes and engines: built in, or from `catalog/*.yaml` of the project."""


@command.command("list")
@click.argument("tables", nargs=-1, type=click.Choice(TABLES))
@click.option("--filter", "text", default="", metavar="TEXT", help="Only entries whose names contain the text.")
@format_option("text", "json")
@click.pass_context
def list_(ctx: click.Context, tables: tuple[str, ...], text: str, format_: str) -> int:
    """List entries; those of the project are marked."""
    from opsdecl.cli.report import report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.catalog import list_entries, open_catalog
    from opsdecl.view.catalog import listing_json, render_listing

    at = session(ctx)
    opened = open_catalog(open_work_tree(at)[0])
    code = report(at.process, opened.diagnostics, opened.lines)
    if opened.catalog is None:
        return code
    found = list_entries(opened.catalog, tables or TABLES, text)
    if format_ == "json":
        at.process.out(listing_json(found.entries, found.own))
    else:
        at.process.out(render_listing(found.entries, found.own, color=at.process.color))
    return code


@command.command()
@click.argument("name")
@format_option("text", "json")
@click.pass_context
def show(ctx: click.Context, name: str, format_: str) -> int:
    """Show one entry: every fact, its source and date, and for models what follows from their shape."""
    from opsdecl.cli.report import report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.catalog import open_catalog, show_entry
    from opsdecl.view.catalog import entry_document, render_entry

    at = session(ctx)
    opened = open_catalog(open_work_tree(at)[0])
    if opened.catalog is None:
        return report(at.process, opened.diagnostics, opened.lines)
    found = show_entry(opened.catalog, name)
    code = report(at.process, (*opened.diagnostics, *found.diagnostics), opened.lines)
    if found.value is None:
        return code
    shown, color = found.value, at.process.color
    at.process.out(entry_document(shown) if format_ == "json" else render_entry(shown, color=color))
    return code


@command.command()
@click.argument("source")
@click.option("--name", default="", metavar="NAME", help="Name of the entry; the repository's where left out.")
@click.option("--uri", default="", metavar="URI", help="Where pods find the weights, for a folder or a config.json.")
@click.option("--license", default="", metavar="ID", help="Licence where the card does not say.")
@click.option("--token-env", metavar="NAME", help="Variable that holds the hub's token; HF_TOKEN where left out.")
@click.option("--replace", is_flag=True, help="Replace the entry's file where it says something else.")
@format_option("text", "json")
@click.pass_context
def add(ctx: click.Context, /, source: str, token_env: str | None, format_: str, **asked: Any) -> int:
    """Write an entry for a model: hf://org/name[@revision], a folder, or a config.json."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.catalog_add import Wanted, add_model
    from opsdecl.view.catalog_add import added_json, render_added

    at = session(ctx)
    token = at.process.env.get(token_env) if token_env else None
    if token_env and not token:
        raise click.UsageError(f"--token-env: the variable {token_env} is not set")
    wanted = Wanted(source, token=token, today=at.process.now.date().isoformat(), **asked)
    done = add_model(open_work_tree(at)[0], at.root, at.start, wanted)
    code = report(at.process, done.diagnostics, no_lines)
    if done.value is not None:
        as_json = format_ == "json"
        at.process.out(added_json(done.value) if as_json else render_added(done.value, color=at.process.color))
    return code
