"""`opsdecl bom`: what an environment is made of, as a CycloneDX bill of materials."""

from datetime import UTC, datetime

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import Session, session
from opsdecl.cli.options import environment_option, format_option


@click.command()
@click.argument("names", nargs=-1, metavar="[KIND.NAME]...")
@environment_option
@format_option("json", "xml")
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], environment: str | None, format_: str) -> int:
    """Write weights, adapters, base models, licences, engines and images of an environment, or of some documents.

    Its time is that of the last commit that changed the specs, or SOURCE_DATE_EPOCH; none where neither is known.
    """
    from opsdecl.cli.report import report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.bom import make_bill
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.view.bom.document import render_json, render_xml

    at = session(ctx)
    tree, memory = open_work_tree(at)
    opened = open_built(tree, Wanted(environment), memory)
    if opened.built is None:
        return report(at.process, opened.diagnostics, opened.lines)
    made = make_bill(opened.built, names, memory)
    if made.value is None:
        report(at.process, (*opened.diagnostics, *made.diagnostics), opened.lines)
        return Exit.FAILED
    at.process.out((render_json if format_ == "json" else render_xml)(made.value, _made_at(at)))
    return report(at.process, opened.diagnostics, opened.lines)


def _made_at(at: Session) -> datetime | None:
    from opsdecl.flows.source import specs_changed_at

    epoch = at.process.env.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return specs_changed_at(at.root)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise click.UsageError(f"SOURCE_DATE_EPOCH is {epoch[:40]!r}, and no number of seconds") from None
