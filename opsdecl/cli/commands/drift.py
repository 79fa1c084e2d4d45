"""`opsdecl drift`: what somebody changed behind git's back."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from opsdecl.cli.exits import Exit
from opsdecl.cli.group import session
from opsdecl.cli.options import environment_option, exit_code_option, format_option, partition_option, target_option

if TYPE_CHECKING:
    from opsdecl.flows.drift import Drift


@click.command()
@environment_option
@target_option
@partition_option
@format_option("text", "json")
@exit_code_option
@click.pass_context
def command(
    ctx: click.Context,
    environment: str | None,
    target: str | None,
    partition: str | None,
    format_: str,
    exit_code: bool,
) -> int:
    """Show what differs from what was applied, and who did it; where the environment says on which cluster the objects
    of a branch run (`observe`), also what differs there."""
    from opsdecl.cli.planning import make_planned
    from opsdecl.cli.report import report
    from opsdecl.flows.drift import drift_of, observed_drift
    from opsdecl.flows.plan import Wanted

    at = session(ctx)
    planned = make_planned(at, Wanted(environment, target, partition=partition), None)
    if planned.plan is None:
        return report(at.process, planned.diagnostics, planned.lines)
    observed = observed_drift(planned)
    code = report(at.process, observed.diagnostics, planned.lines)
    found = drift_of(planned)
    if format_ == "json":
        at.process.out(_json(planned.environment, found, observed.value or ()))
    else:
        at.process.out(_text(planned.environment, (*found, *(observed.value or ())), color=at.process.color))
    is_there = any(one.is_there for one in (*found, *(observed.value or ())))
    return Exit.CHANGES if exit_code and code is Exit.DONE and is_there else code


def _text(environment: str, found: Sequence["Drift"], *, color: bool) -> str:
    from opsdecl.view.drift import render_drift

    return "".join(
        render_drift(
            environment,
            one.objects,
            one.drifted,
            unowned=one.unowned,
            expected=one.expected,
            where=" · ".join(part for part in (one.target, one.cluster) if part) if len(found) > 1 else "",
            observed=bool(one.cluster),
            color=color,
        )
        for one in found
    )


def _json(environment: str, found: Sequence["Drift"], observed: Sequence["Drift"]) -> str:
    """What is on all targets together; `observed` says for each target that is no cluster what is there."""
    from opsdecl.view.as_json import render_json

    return render_json(
        environment=environment,
        objects=sum(one.objects for one in found),
        drifted=[change for one in found for change in one.drifted],
        unowned=[name for one in found for name in one.unowned],
        expected=[name for one in found for name in one.expected],
        observed=observed,
    )
