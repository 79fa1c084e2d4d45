"""`opsdecl promote`: what answers in one environment, proposed for another."""

from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import complete_environment, format_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsdecl.flows.promote import Promotion
    from opsdecl.view.promote import Row


@click.command()
@click.argument("names", nargs=-1, metavar="[KIND.NAME]...")
@click.option("--from", "source", required=True, metavar="ENV", shell_complete=complete_environment, help="Where from.")
@click.option("--to", "target", required=True, metavar="ENV", shell_complete=complete_environment, help="Where to.")
@click.option(
    "--winner", metavar="EVALUATION", default="", help="Carry over the winner of this evaluation's selection."
)
@click.option("--with-missing", is_flag=True, help="Carry over documents too that are named and that ENV lacks.")
@click.option("--branch", metavar="NAME", help="Branch that gets the commit; named by what it holds where left out.")
@click.option("--dry-run", is_flag=True, help="Show it and write nothing.")
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    source: str,
    target: str,
    winner: str,
    with_missing: bool,
    branch: str | None,
    dry_run: bool,
    format_: str,
) -> int:
    """Carry model, revision, adapters, prompt, engine and whatever else changes answers into another environment.

    Works on what is committed, and writes one commit on a new branch: overlays, with their comments.
    """
    from opsdecl.cli.carrying import signed
    from opsdecl.cli.report import no_lines, report
    from opsdecl.diag import has_errors
    from opsdecl.flows.promote import open_head, plan_promotion, write_promotion
    from opsdecl.view.promote import path_text, render_promotion_json, render_written

    at = session(ctx)
    _refuse(source, target, names, winner)
    commits = open_head(at.root)
    if commits.value is None:
        return report(at.process, commits.diagnostics, no_lines)
    found = plan_promotion(
        commits.value, source, target, names, winner, at.process.now.date(), with_missing=with_missing
    )
    if found.value is None:
        return report(at.process, found.diagnostics, no_lines)
    made, planned = found.value, found.value.planned
    rows = [(str(m.address), path_text(m.path), m.value, m.file) for m in made.moves]
    code, commit, name = report(at.process, planned.diagnostics, planned.lines), "", branch or made.branch
    if made.moves and not dry_run and planned.plan is not None and not has_errors(planned.diagnostics):
        by = signed(at)
        written = write_promotion(commits.value, made, name, by.who, by.at)
        if written.value is None:
            return report(at.process, written.diagnostics, no_lines)
        commit = written.value
    if format_ == "json":
        at.process.out(render_promotion_json(source, target, rows, name if commit else "", commit, planned.plan))
        return code
    _show(at, made, rows)
    if commit:
        at.process.out("\n" + render_written(target, name, commit, commits.value.head))
    return code or Exit.DONE


def _refuse(source: str, target: str, names: "Sequence[str]", winner: str) -> None:
    if source == target:
        raise click.UsageError("--from and --to are the same environment")
    if winner and names:
        raise click.UsageError("--winner names the document; name no others beside it")


def _show(at: Session, made: "Promotion", rows: "Sequence[Row]") -> None:
    """The winner where one was asked for, what is carried over, and what it means."""
    from opsdecl.view.evidence import render_selection
    from opsdecl.view.plan.text import render_text
    from opsdecl.view.promote import render_promotion

    color, plan = at.process.color, made.planned.plan
    if made.selected is not None:
        at.process.out(render_selection(made.selected, color=color) + "\n")
    at.process.out(render_promotion(made.source, made.target, rows, color=color))
    if made.moves and plan is not None:
        at.process.out("\n" + render_text(plan, color=color, width=at.process.width))
