"""`opsdecl trace`: what answered then, and by whose apply; or when a composition did."""

from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import environment_option, format_option, partition_option, target_option

if TYPE_CHECKING:
    from opsdecl.flows.trace import Period


@click.command()
@click.argument("name", metavar="KIND.NAME", required=False)
@environment_option
@target_option
@partition_option
@click.option(
    "--at",
    metavar="TIME",
    help="A day (2026-11-02) or a moment (2026-11-02T14:30+01:00); UTC without an offset. Now where it is left out.",
)
@click.option(
    "--composition",
    metavar="DIGEST",
    help="In place of a name: the digest that a span or evidence has, or its first eight or more digits.",
)
@format_option("text", "json")
@click.pass_context
def command(
    ctx: click.Context,
    name: str | None,
    environment: str | None,
    target: str | None,
    partition: str | None,
    at: str | None,
    composition: str | None,
    format_: str,
) -> int:
    """Tell which weights, adapters, prompt, engine and settings answered as `LLM.chat`, by whose apply and approval."""
    from opsdecl.cli.report import no_lines, report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.compositions import trace_composition
    from opsdecl.flows.past import only_fatal
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.flows.trace import trace
    from opsdecl.view.trace import render_json, render_trace

    here, wanted = session(ctx), Wanted(environment, target, partition=partition)
    digits, period = _asked(name, composition, at), _period(here, at)
    tree, memory = open_work_tree(here)
    opened = open_built(tree, wanted, memory)
    if opened.built is None:
        return report(here.process, only_fatal(opened), opened.lines)
    found = (
        trace(opened.built, here.root, wanted, name, period, here.process.now)
        if name is not None
        else trace_composition(opened.built, here.root, wanted, digits)
    )
    if found.value is not None:
        as_text = render_trace(found.value, color=here.process.color)
        here.process.out(render_json(found.value) if format_ == "json" else as_text)
    code = report(here.process, found.diagnostics, no_lines)
    return code if found.value is not None else code or Exit.FAILED


def _asked(name: str | None, composition: str | None, at: str | None) -> str:
    """The digits of a composition, empty where a name is asked for."""
    from opsdecl.flows.compositions import parse_composition

    if (name is None) == (composition is None):
        raise click.UsageError("name a document, such as LLM.chat, or a --composition")
    if composition is None:
        return ""
    if at is not None:
        raise click.UsageError("--at is for a document: of a composition, every time is told")
    try:
        return parse_composition(composition)
    except ValueError:
        said = f"--composition {composition[:80]}: write a digest (sha256:…), or its first eight or more digits"
        raise click.UsageError(said) from None


def _period(here: Session, at: str | None) -> "Period":
    from opsdecl.flows.trace import Period, parse_period

    if at is None:
        return Period(here.process.now, here.process.now)
    try:
        return parse_period(at)
    except ValueError:
        raise click.UsageError(f"--at {at[:60]}: write a day (2026-11-02) or a moment (2026-11-02T14:30Z)") from None
