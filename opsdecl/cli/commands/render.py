"""`opsdecl render`: the objects themselves."""

import json
from pathlib import Path

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, format_option, target_option


@click.command()
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@environment_option
@target_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write one file an object to.")
@format_option("yaml", "json", "pulumi")
@click.pass_context
def command(
    ctx: click.Context,
    addresses: tuple[str, ...],
    environment: str | None,
    target: str | None,
    out: Path | None,
    format_: str,
) -> int:
    """Write the objects of an environment: all of them, of a document (`LLM.chat`), or one."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.files import save_files
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.flows.render import as_files, as_pulumi, as_stream, choose
    from opsdecl.view.rendering import render_summary

    at = session(ctx)
    if out is not None and format_ != "yaml":
        raise click.UsageError("--out writes YAML files: leave --format out")
    tree, memory = open_work_tree(at)
    opened = open_built(tree, Wanted(environment, target), memory)
    code = report(at.process, opened.diagnostics, opened.lines)
    if opened.built is None or code != Exit.DONE:
        return code
    manifests = opened.built.manifests
    chosen = choose(manifests, addresses)
    if addresses and not chosen:
        raise click.UsageError(f"nothing is rendered for {', '.join(addresses)}: `opsdecl graph` lists what there is")
    if out is not None:
        written = save_files(at.start / out, as_files(chosen))
        at.process.out(render_summary(manifests, folder=str(out), color=at.process.color))
        return report(at.process, written.diagnostics, no_lines)
    if format_ == "pulumi":
        at.process.out(json.dumps(as_pulumi(manifests), indent=2, ensure_ascii=False))
    elif format_ == "json":
        at.process.out(json.dumps([m.data for m in chosen], indent=2, ensure_ascii=False))
    else:
        at.process.out(as_stream(chosen))
    return code
