"""`opsdecl schema`: JSON Schemas of the kinds, and how an editor finds them."""

from pathlib import Path

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session


@click.command()
@click.argument("kind", required=False)
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write all schemas to.")
@click.option("--editor", is_flag=True, help="Settings of VS Code and of the YAML language server.")
@click.pass_context
def command(ctx: click.Context, kind: str | None, out: Path | None, editor: bool) -> int:
    """Print the schema of a kind, or of any document where no kind is named."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.diag.nearest import did_you_mean
    from opsdecl.flows.files import COMBINED, kind_names, save_files, schema_files, schema_of_kind
    from opsdecl.view.schema import render_editor_settings, render_schema

    at = session(ctx)
    if editor:
        at.process.out(render_editor_settings({f"./schemas/{COMBINED}": ["environments/**/*.yaml"]}))
        return Exit.DONE
    if out is not None:
        files = {name: render_schema(schema).encode() for name, schema in schema_files().items()}
        return report(at.process, save_files(at.start / out, files).diagnostics, no_lines)
    schema = schema_of_kind(kind)
    if schema is None:
        hint = did_you_mean(kind or "", kind_names()) or f"kinds: {', '.join(kind_names())}"
        raise click.UsageError(f"there is no kind `{kind}`; {hint}")
    at.process.out(render_schema(schema))
    return Exit.DONE
