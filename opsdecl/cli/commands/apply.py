"""`opsdecl apply`: exactly what was reviewed, or nothing."""

from functools import partial
from pathlib import Path

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session
from opsdecl.cli.options import (
    approved_option,
    environment_option,
    format_option,
    partition_option,
    replace_option,
    target_option,
    yes_option,
)


@click.command()
@environment_option
@target_option
@partition_option
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), help="The reviewed plan: nothing beyond it is done."
)
@click.option("--revert-drift", is_flag=True, help="Also undo changes from outside that no reviewed plan names.")
@click.option("--forget", multiple=True, metavar="ADDRESS", help="Let go of an object or document, keep what runs.")
@replace_option
@approved_option
@click.option("--no-wait", is_flag=True, help="Do not wait until what was applied is ready.")
@format_option("text", "json")
@yes_option
@click.pass_context
def command(
    ctx: click.Context,
    environment: str | None,
    target: str | None,
    partition: str | None,
    plan_file: Path | None,
    revert_drift: bool,
    forget: tuple[str, ...],
    replaced: tuple[str, ...],
    approvals: tuple[str, ...],
    no_wait: bool,
    format_: str,
    yes: bool,
) -> int:
    """Carry out a plan on the environment's targets. With `--format json`, what happens is a stream of lines."""
    from opsdecl.cli.carrying import Manner, confirmed, read_plan_file, run_apply
    from opsdecl.cli.planning import make_planned, report_planned, show_planned
    from opsdecl.cli.report import report
    from opsdecl.flows.apply import check_ready
    from opsdecl.flows.plan import Wanted

    at = session(ctx)
    reviewed = read_plan_file(at, plan_file) if plan_file else None
    wanted = Wanted(environment, target, forget, partition, at.process.now.date())
    planned = make_planned(at, wanted, None)
    code = show_planned(at, planned, "text") if format_ == "text" else report_planned(at, planned)
    if planned.plan is None or (code != Exit.DONE and not planned.has_partitions):
        return code
    # A person who is asked has seen drift and replacements in the plan above; `--yes` and a saved plan have not.
    asked = not yes and plan_file is None
    ready = check_ready(planned, reviewed, allow_drift=revert_drift or asked, replace_only=None if asked else replaced)
    if ready.value is None:
        return report(at.process, ready.diagnostics, planned.lines)
    again = partial(make_planned, at, wanted, None)
    idle = not planned.plan.changes and not planned.plan.documents
    manner = Manner(quiet=idle, wait=not no_wait, as_json=format_ == "json", approvals=approvals)
    if idle:
        # What a target writes beside the objects (Argo CD and Flux files) may have changed all the same.
        return run_apply(at, planned, ready.value, manner, again)
    if plan_file is not None:
        at.process.err(f"nothing beyond the reviewed plan {plan_file} ({ready.value[:19]})")
    elif not confirmed(at, yes, f"Apply this to {planned.environment}?"):
        return Exit.FAILED
    return run_apply(at, planned, ready.value, manner, again)
