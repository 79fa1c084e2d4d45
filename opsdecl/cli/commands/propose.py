"""`opsdecl propose`: what a Maintenance looks after and what has moved, as a commit for review."""

from typing import TYPE_CHECKING

import click
from msgspec import Struct

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import environment_option, format_option
from opsdecl.diag import Checked, has_errors

if TYPE_CHECKING:
    from opsdecl.flows.promote import Commits
    from opsdecl.flows.propose import Proposal


@click.command()
@click.argument("name", metavar="Maintenance.NAME")
@environment_option
@click.option("--alert", "alerts", multiple=True, metavar="NAME", help="An alert that is raised; may be repeated.")
@click.option("--push", "remote", default="", metavar="REMOTE", help="Push the branch to this remote, such as origin.")
@click.option("--push-option", "options", multiple=True, metavar="TEXT", help="For the forge; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Show it and write nothing.")
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    environment: str | None,
    alerts: tuple[str, ...],
    remote: str,
    options: tuple[str, ...],
    dry_run: bool,
    format_: str,
) -> int:
    """Look at what a Maintenance follows, and propose what has moved as one commit on a new branch.

    Works on what is committed. Where nothing moved, or the same was proposed before, nothing is written.
    """
    from opsdecl.cli.report import no_lines, report
    from opsdecl.flows.promote import open_head
    from opsdecl.flows.propose import plan_proposal
    from opsdecl.flows.world import world_of
    from opsdecl.view.propose import render_json, render_proposal

    at = session(ctx)
    commits = open_head(at.root)
    if commits.value is None:
        return report(at.process, commits.diagnostics, no_lines)
    world = world_of(commits.value.repository, at.process.now, alerts)
    found = plan_proposal(commits.value, environment, name, world)
    if found.value is None:
        return report(at.process, found.diagnostics, no_lines)
    made, planned = found.value, found.value.planned
    code = report(at.process, found.diagnostics, no_lines)
    if planned is not None:
        code = report(at.process, planned.diagnostics, planned.lines) or code
    written = Checked(Written()) if dry_run else _write(at, commits.value, made, remote, options)
    if written.value is None:
        return report(at.process, written.diagnostics, no_lines)
    commit, known = written.value.commit, written.value.known
    if format_ == "json":
        at.process.out(render_json(made, commit, known=known))
    else:
        told = render_proposal(made, commit, remote, known=known, color=at.process.color, width=at.process.width)
        at.process.out(told)
    return code or Exit.DONE


class Written(Struct, frozen=True):
    """The commit, empty where there is none; `known`: the same was proposed before."""

    commit: str = ""
    known: bool = False


def _write(
    at: Session, commits: "Commits", made: "Proposal", remote: str, options: tuple[str, ...]
) -> Checked[Written]:
    """Nothing where nothing moved, where the specs have errors, and where it was proposed before."""
    from opsdecl.cli.carrying import signed
    from opsdecl.flows.propose import is_proposed, write_proposal

    planned = made.planned
    if planned is None or planned.plan is None or has_errors(planned.diagnostics):
        return Checked(Written())
    there = is_proposed(commits, made.branch, remote)
    if there.value is None:
        return Checked(None, there.diagnostics)
    if there.value:
        return Checked(Written(known=True))
    by = signed(at)
    done = write_proposal(commits, made, by.who, by.at, remote, options)
    return Checked(Written(done.value) if done.value is not None else None, done.diagnostics)
