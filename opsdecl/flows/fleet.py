"""What a change means for nodes and money: its rollouts, simulated together, and the cost of both sides."""

from collections.abc import Collection, Iterable, Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.roles import PREFILL
from opsdecl.compile.rollout import replicas_of
from opsdecl.diag import Diagnostic
from opsdecl.diff.records import TargetState
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.types import FleetTotals, RolloutForecast, RunChange
from opsdecl.flows.build import Built
from opsdecl.flows.costs import Needs, needs_of, totals_of
from opsdecl.flows.loading import load_of
from opsdecl.flows.rollouts import exchanged_workloads, foretell, rollout_name
from opsdecl.flows.sides import SERVED, Effective, Sides, sides_of
from opsdecl.flows.stopped import stopped_rollouts


class FleetChange(Struct, frozen=True):
    """The rows of a plan, its totals, and what is wrong."""

    runs: tuple[RunChange, ...] = ()
    totals: FleetTotals | None = None
    findings: tuple[Diagnostic, ...] = ()


def fleet_change(
    built: Built,
    earlier: Built,
    diffs: Sequence[ReleaseDiff],
    states: Iterable[TargetState | None],
    found: Sequence[Diagnostic],
    unknown: Collection[SpecAddress] = (),
) -> FleetChange:
    """`found` are the findings so far; `earlier` has the prices of the side before."""
    held = [state for state in states if state is not None]
    sides = sides_of(built, diffs, held, unknown)
    exchanged = exchanged_workloads(diffs)
    fewest, most = foretell(built, sides, 0, exchanged), foretell(built, sides, 1, exchanged)
    needs, forecasts = needs_of(earlier, built, sides), dict(fewest.forecasts())
    known = bool(held) and not any(address.kind in SERVED for address in unknown)
    return FleetChange(
        tuple(_rows(sides, needs, forecasts)),
        totals_of(built, needs, known=known),
        tuple(stopped_rollouts(built, fewest.groups, most.groups, found)),
    )


def _rows(sides: Sequence[Sides], needs: Sequence[Needs], forecasts: dict[str, RolloutForecast]) -> Iterable[RunChange]:
    """Of the documents that change; a rollout has pods on both sides."""
    for each, need in zip(sides, needs, strict=True):
        both = each.before is not None and each.after is not None
        row = RunChange(
            address=str(each.address),
            rollout=forecasts.get(rollout_name(each, "")) if both else None,
            prefill_rollout=forecasts.get(rollout_name(each, PREFILL)) if both and _prefills(each) else None,
            cold_start=_cold_start(each.after.effective) if each.after is not None else None,
            cost_before=need.before.monthly if need.before is not None else None,
            cost_after=need.after.monthly if need.after is not None else None,
        )
        starts_otherwise = row.cold_start is not None and row.cold_start != _cold_start(each.before)
        rolls = row.rollout is not None or row.prefill_rollout is not None
        if each.change is not None and (rolls or row.cost_before != row.cost_after or starts_otherwise):
            yield row


def _prefills(sides: Sides) -> bool:
    """Whether pods of that role are exchanged, and none are made for the first time or go for good."""
    both = (sides.before, sides.after.effective if sides.after is not None else None)
    return all(side is not None and side["spec"].get(PREFILL) for side in both)


def _cold_start(effective: Effective | None) -> tuple[int, int] | None:
    """Of models that may be without a replica."""
    if effective is None or replicas_of(effective["spec"].get("replicas", {}))[0]:
        return None
    quick, slow = load_of(effective)
    return round(quick), round(slow)
