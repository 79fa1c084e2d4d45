"""`opsdecl trace`: what answered then, and by whose apply."""

from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import environment_option, format_option, partition_option, target_option

if TYPE_CHECKING:
    from opsdecl.flows.trace import Period


@click.command()
@click.argument("name", metavar="KIND.NAME")
@environment_option
@target_option
@partition_option
@click.option(
    "--at",
    metavar="TIME",
    help="A day (2026-11-02) or a moment (2026-11-02T14:30+01:00); UTC without an offset. Now where it is left out.",
)
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    environment: str | None,
    target: str | None,
    partition: str | None,
    at: str | None,
    format_: str,
) -> int:
    """Tell which weights, adapters, prompt, engine and settings answered as `LLM.chat`, by whose apply and approval."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.past import only_fatal
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.flows.trace import trace
    from opsdecl.view.trace import render_json, render_trace

    here, wanted = session(ctx), Wanted(environment, target, partition=partition)
    period = _period(here, at)
    tree, memory = open_work_tree(here)
    opened = open_built(tree, wanted, memory)
    if opened.built is None:
        return report(here.process, only_fatal(opened), opened.lines)
    found = trace(opened.built, here.root, wanted, name, period, here.process.now)
    if found.value is not None:
        as_text = render_trace(found.value, color=here.process.color)
        here.process.out(render_json(found.value) if format_ == "json" else as_text)
    code = report(here.process, found.diagnostics, no_lines)
    return code if found.value is not None else code or Exit.FAILED


def _period(here: Session, at: str | None) -> "Period":
    from opsdecl.flows.trace import Period, parse_period

    if at is None:
        return Period(here.process.now, here.process.now)
    try:
        return parse_period(at)
    except ValueError:
        raise click.UsageError(f"--at {at[:60]}: write a day (2026-11-02) or a moment (2026-11-02T14:30Z)") from None
