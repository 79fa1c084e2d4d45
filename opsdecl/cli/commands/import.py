"""`opsdecl import`: the way in."""
# ruff: noqa: N999 - the verb has this name, and nobody imports it by a statement

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import environment_option, format_option, partition_option, target_option

if TYPE_CHECKING:
    from opsdecl.flows.import_stack import Imports


@click.command()
@click.argument("engine", type=click.Choice(["pulumi"]))
@environment_option
@target_option
@partition_option
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="A file that `pulumi stack export` wrote; the stack of the environment where it is left out.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Empty folder to write the documents to, a file each.")
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    engine: str,
    environment: str | None,
    target: str | None,
    partition: str | None,
    state: Path | None,
    out: Path | None,
    format_: str,
) -> int:
    """Propose documents for the model servers in a Pulumi stack, and show what an apply of them would change. Nothing
    is applied, and nothing of the project is written."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.import_stack import propose, read_file, read_stack, save_proposals
    from opsdecl.flows.past import only_fatal
    from opsdecl.flows.plan import Wanted, open_built

    at, wanted = session(ctx), Wanted(environment, target, partition=partition)
    tree, memory = open_work_tree(at)
    opened = open_built(tree, wanted, memory)
    if opened.built is None:
        return report(at.process, only_fatal(opened), opened.lines)
    exported = read_file(at.start / state) if state is not None else read_stack(opened, at.root, wanted)
    if exported.value is None:
        return report(at.process, exported.diagnostics, opened.lines)
    found = propose(tree, opened, exported.value, memory.today)
    written = save_proposals(at.start / out, found) if out is not None and found.documents else None
    if written is not None and written.value is None:
        return report(at.process, written.diagnostics, no_lines)
    _show(at, opened.environment, found, format_, printed=out is None)
    return Exit.DONE


def _show(at: Session, environment: str, found: "Imports", format_: str, *, printed: bool) -> None:
    from opsdecl.view.as_json import render_json
    from opsdecl.view.imports import render_document, render_environment, render_head, render_left_out

    if format_ == "json":
        at.process.out(render_json(**_rows(found)))
        return
    color = at.process.color
    parts = [render_head(found.objects, len(found.documents), len(found.left_out) + len(found.odd), color=color)]
    for one in found.documents:
        keys = [each.key for each in one.proposal.objects]
        address, remarks = str(one.proposal.address), one.proposal.remarks
        parts.append(render_document(address, one.file, keys, remarks, one.changes, one.findings, color=color))
    parts.append(render_environment(environment, found.findings, color=color))
    parts.append(render_left_out([(row.key, row.reason) for row in found.left_out], found.odd, color=color))
    parts += ["---\n" + one.text for one in found.documents if printed]
    at.process.out("\n".join(part for part in parts if part))


def _rows(found: "Imports") -> dict[str, object]:
    documents = [
        {
            "address": str(one.proposal.address),
            "file": one.file,
            "document": one.proposal.document,
            "objects": [str(each.key) for each in one.proposal.objects],
            "remarks": one.proposal.remarks,
            "changes": one.changes,
            "findings": [f"{finding.code.id} {finding.message}" for finding in one.findings],
        }
        for one in found.documents
    ]
    left = [{"object": str(row.key), "reason": row.reason} for row in found.left_out]
    said = [f"{finding.code.id} {finding.message}" for finding in found.findings]
    return {"objects": found.objects, "documents": documents, "leftOut": left, "odd": found.odd, "findings": said}
