"""`opsdecl eject`: the way out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, partition_option, target_option

if TYPE_CHECKING:
    from opsdecl.flows.eject import Program


@click.command()
@click.argument("engine", type=click.Choice(["pulumi"]))
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@environment_option
@target_option
@partition_option
@click.pass_context
def command(
    ctx: click.Context, engine: str, directory: Path, environment: str | None, target: str | None, partition: str | None
) -> int:
    """Write the stack of an environment as a Pulumi program in Python, whose preview shows no changes. DIR must be
    empty or not there; the stack itself stays as it is."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.eject import eject_programs, save_programs
    from opsdecl.flows.past import only_fatal
    from opsdecl.flows.plan import Wanted, open_built

    at, wanted = session(ctx), Wanted(environment, target, partition=partition)
    tree, memory = open_work_tree(at)
    opened = open_built(tree, wanted, memory)
    if opened.built is None:
        return report(at.process, only_fatal(opened), opened.lines)
    found = eject_programs(opened, at.root, wanted)
    code = report(at.process, found.diagnostics, opened.lines)
    if found.value is None:
        return code
    written = save_programs(at.start / directory, found.value)
    if written.value is None:
        return report(at.process, written.diagnostics, no_lines)
    at.process.out(_told(found.value, directory))
    return Exit.DONE


def _told(programs: Sequence["Program"], directory: Path) -> str:
    from opsdecl.view.words import count

    rows = []
    for program in programs:
        ejected, folder = program.ejected, directory / program.folder
        held = f"{count(ejected.objects, 'object')} of {count(ejected.documents, 'document')}"
        rows += [
            f"stack {ejected.stack}: {held}, {count(len(ejected.files), 'file')} in {folder}",
            f"  cd {folder} && pulumi install && pulumi preview --stack {ejected.stack}",
        ]
    return "\n".join([*rows, "from here on either opsdecl or this program changes the stack, and not both"])
