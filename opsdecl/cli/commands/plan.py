"""`opsdecl plan`: what would change, and what it means."""

from pathlib import Path

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import environment_option, exit_code_option, format_option, partition_option, target_option


@click.command()
@environment_option
@target_option
@partition_option
@click.option(
    "--base", metavar="REF", help="Compare with this commit, offline: what merging HEAD into it would change."
)
@click.option("--worktree", is_flag=True, help="With --base: the files as they lie there, in place of the merge.")
@click.option("--live", is_flag=True, help="Compare with what the targets hold now (the default without --base).")
@click.option("--forget", multiple=True, metavar="ADDRESS", help="Let go of an object or document, keep what runs.")
@click.option("--details", is_flag=True, help="Every field of every object.")
@click.option("--out", type=click.Path(path_type=Path), help="Save the plan, for `apply --plan`.")
@click.option("--budget", type=int, default=None, metavar="BYTES", help="Most bytes of the Markdown view.")
@format_option("text", "json", "markdown", "html")
@exit_code_option
@click.pass_context
def command(
    ctx: click.Context,
    environment: str | None,
    target: str | None,
    partition: str | None,
    base: str | None,
    worktree: bool,
    live: bool,
    forget: tuple[str, ...],
    details: bool,
    out: Path | None,
    budget: int | None,
    format_: str,
    exit_code: bool,
) -> int:
    """Show what would change and what it means. Never writes to a target."""
    if base is not None and live:
        raise click.UsageError("--base and --live exclude each other: a plan has one base")
    if worktree and base is None:
        raise click.UsageError("--worktree goes with --base REF; without it the files are used anyway")
    from opsdecl.cli.planning import make_planned, show_planned, write_out
    from opsdecl.flows.plan import Wanted

    at: Session = session(ctx)
    wanted = Wanted(environment, target, forget, partition, at.process.now.date())
    planned = make_planned(at, wanted, base, worktree=worktree, second_opinion=True)
    code = show_planned(at, planned, format_, details=details, budget=budget)
    if planned.plan is None:
        return code
    if out is not None:
        code = write_out(at, planned.plan, out) or code
    changed = bool(planned.plan.changes or planned.plan.documents)
    return Exit.CHANGES if exit_code and code == Exit.DONE and changed else code
