"""`opsdecl validate`: everything that the files alone can tell."""

import click

from opsdecl.cli.group import session
from opsdecl.cli.options import FINDING_FORMATS, complete_environment, format_option


@click.command()
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Only these; all where it is left out.",
)
@click.option("--update-lock", is_flag=True, help="Write opsdecl.lock anew from the tool and tables in use.")
@format_option(*FINDING_FORMATS)
@click.pass_context
def command(ctx: click.Context, environments: tuple[str, ...], update_lock: bool, format_: str) -> int:
    """Check every spec, policy and environment of the project."""
    from opsdecl.cli.report import report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.lock import update_lock as write_lock
    from opsdecl.flows.validate import validate
    from opsdecl.view.validation import render_validation

    at = session(ctx)
    locked = write_lock(at.root, open_work_tree(at)[0]) if update_lock else ()
    tree, memory = open_work_tree(at)
    found = validate(tree, environments=environments or None, memory=memory)
    to_stdout = format_ not in ("full", "concise")
    code = report(at.process, (*locked, *found.diagnostics), found.lines, format_=format_, to_stdout=to_stdout)
    if not to_stdout and code == 0:
        at.process.out(
            render_validation(
                found.environments, found.documents, found.objects, found.diagnostics, color=at.process.color
            )
        )
    return code
