"""`opsdecl adopt`: take over what others hold, once it was shown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, format_option, partition_option, target_option, yes_option

if TYPE_CHECKING:
    from opsdecl.cli.group import Session
    from opsdecl.flows.adopt import Offer


@click.command()
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@environment_option
@target_option
@partition_option
@click.option("--from", "named", multiple=True, metavar="MANAGER", help="Also take what this manager or set holds.")
@click.option("--dry-run", is_flag=True, help="Show what would change hands, and change nothing.")
@click.option("--expect", default="", metavar="DIGEST", help="Only what was shown with this digest, else exit 4.")
@format_option("text", "json")
@yes_option
@click.pass_context
def command(
    ctx: click.Context,
    addresses: tuple[str, ...],
    environment: str | None,
    target: str | None,
    partition: str | None,
    named: tuple[str, ...],
    dry_run: bool,
    expect: str,
    format_: str,
    yes: bool,
) -> int:
    """Take over objects and fields on a cluster that others hold: of client-side `kubectl apply` all, of people what
    differs from the specs, of programs only what `--from` names. ADDRESS is an object or a document; all without one.
    """
    from opsdecl.cli.carrying import Teller, confirmed, signed
    from opsdecl.cli.report import report
    from opsdecl.cli.workplace import open_work_tree
    from opsdecl.flows.adopt import carry_over, check_expected, find_offers
    from opsdecl.flows.past import only_fatal
    from opsdecl.flows.plan import Wanted, open_built
    from opsdecl.flows.source import work_tree_source
    from opsdecl.view.events import outcome_json, render_outcome

    at, wanted = session(ctx), Wanted(environment, target, partition=partition)
    tree, memory = open_work_tree(at)
    opened = open_built(tree, wanted, memory)
    if opened.built is None:
        return report(at.process, only_fatal(opened), opened.lines)
    found = find_offers(opened, at.root, wanted, addresses, named)
    offers = found.value or ()
    _show(at, opened.environment, offers, format_)
    code = report(at.process, (*found.diagnostics, *check_expected(offers, expect)), opened.lines)
    if dry_run or code is not Exit.DONE or not offers:
        return code
    if not confirmed(at, yes, f"Take this over into {opened.environment}?"):
        return Exit.FAILED
    as_json = format_ == "json"
    teller = Teller(at.process, sum(len(offer.adoption.objects) for offer in offers), as_json=as_json)
    commit = work_tree_source(at.root).commit
    done = carry_over(opened, offers, addresses, named, signed(at), commit, teller.tell)
    teller.finish()
    for name, outcome in done.value or ():
        said = outcome_json(opened.environment, name, outcome) + "\n" if as_json else ""
        at.process.out(said or render_outcome(opened.environment, outcome, color=at.process.color))
    return report(at.process, done.diagnostics, opened.lines)


def _show(at: "Session", environment: str, offers: Sequence["Offer"], format_: str) -> None:
    from opsdecl.view.adopt import render_adoption
    from opsdecl.view.as_json import FORMAT_VERSION, plain

    for offer in offers:
        if format_ == "text":
            at.process.out(render_adoption(environment, offer.adoption, color=at.process.color))
        else:
            import json

            row = {"formatVersion": FORMAT_VERSION, "event": "adoption", "environment": environment}
            at.process.out(json.dumps({**row, **plain(offer.adoption)}) + "\n")
