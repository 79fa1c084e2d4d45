"""What a change means for nodes and money: its rollouts, simulated together, and the cost of both sides."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from opsdecl.addr import SpecAddress
from opsdecl.compile.capacity import POOLS
from opsdecl.compile.costs import currency_of, price_of
from opsdecl.compile.rollout import replicas_of, way_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import fleet as codes
from opsdecl.diff.records import StoredDocument, TargetState
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.types import DocumentChange, FleetTotals, MonthlyCost, RolloutForecast, RunChange
from opsdecl.fleet.cost import cost_of, total
from opsdecl.fleet.strategy import ONE_LESS, ONE_MORE
from opsdecl.fleet.types import Cost, Pods, Pool, Price, Rollout, Way
from opsdecl.fleet.verdict import Foreseen, foresee
from opsdecl.flows.build import Built
from opsdecl.flows.loading import drain_of, load_of
from opsdecl.flows.project import place_of
from opsdecl.spec.types import Json

Effective = Mapping[str, Json]
NO_PODS = Pods((), 0, 0)
SERVED = ("LLM", "Model")


@dataclass(frozen=True, slots=True)
class FleetChange:
    """The rows of a plan, its totals, and what is wrong."""

    runs: tuple[RunChange, ...] = ()
    totals: FleetTotals | None = None
    findings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sides:
    """Effective values of one document. `change` is None where it stays as it is."""

    address: SpecAddress
    before: Effective | None
    after: CompiledDocument | None
    change: DocumentChange | None


def fleet_change(
    built: Built,
    diffs: Sequence[ReleaseDiff],
    states: Iterable[TargetState | None],
    found: Sequence[Diagnostic],
    unknown: Collection[SpecAddress] = (),
) -> FleetChange:
    """`found` are the findings so far: a rollout that cannot finish by itself is not reported twice."""
    held = [state for state in states if state is not None]
    sides = _sides(built, diffs, held, unknown)
    told = frozenset(finding.subject for finding in found if finding.code is codes.ROLLOUT_CANNOT_FINISH)
    fewest, most = _foresee(built, sides, 0), _foresee(built, sides, 1)
    forecasts = {name: forecast for each in fewest for name, forecast in _forecasts(each)}
    rows = (_row(built, each, forecasts) for each in sides if each.change is not None)
    return FleetChange(
        tuple(row for row in rows if row.rollout or row.cost_before != row.cost_after),
        _totals(built, sides, known=bool(held) and not any(address.kind in SERVED for address in unknown)),
        (*_stopped(built, fewest, told), *_stopped_at_most(built, fewest, most, told)),
    )


def _sides(
    built: Built, diffs: Sequence[ReleaseDiff], states: Sequence[TargetState], unknown: Collection[SpecAddress]
) -> tuple[_Sides, ...]:
    changes = {SpecAddress.parse(change.address): change for diff in diffs for change in diff.documents}
    stored: dict[SpecAddress, StoredDocument] = {d.address: d for state in states for d in state.documents}
    after = {d.address: d for d in built.graph.documents if d.address.kind in SERVED}
    for address, document in after.items():
        for name in document.effective["metadata"].get("movedFrom", ()):
            former = stored.pop(SpecAddress(address.kind, name), None)
            stored |= {address: former} if former is not None else {}
    addresses = sorted(a for a in {*stored, *after} if a.kind in SERVED)
    return tuple(
        _Sides(
            address,
            stored[address].effective if address in stored and address not in unknown else None,
            after.get(address),
            changes.get(address),
        )
        for address in addresses
    )


def _foresee(built: Built, sides: Sequence[_Sides], most: int) -> tuple[Foreseen, ...]:
    """At the fewest replicas (0) or at the most (1)."""
    pools = tuple(
        Pool(name, pool.nodes, pool.gpus_per_node, pool.reserve)
        for name, pool in sorted(built.environment.model.spec.capacity.pools.items())
    )
    rollouts = [rollout for each in sides if (rollout := _rollout(built, each, most)) is not None]
    if not rollouts:
        return ()
    moving = {rollout.name for rollout in rollouts}
    steady = [
        _pods(built, each.after.effective, most) for each in sides if each.after and str(each.address) not in moving
    ]
    return foresee(pools, [pods for pods in steady if pods.gpus], rollouts)


def _rollout(built: Built, sides: _Sides, most: int) -> Rollout | None:
    """None where no pod comes or goes."""
    change = sides.change
    if change is None or change.action in ("noop", "adopt", "forget"):
        return None
    before = _pods(built, sides.before, most) if sides.before is not None else NO_PODS
    after = _pods(built, sides.after.effective, most) if sides.after is not None else replace(before, replicas=0)
    restarts = bool(change.effects.restart_field) or change.action != "update"
    if not restarts and before.replicas == after.replicas:
        return None
    way = _way(built, sides.after) if sides.after is not None else ONE_LESS
    load = load_of(sides.after.effective) if sides.after is not None else (0.0, 0.0)
    drain = drain_of(sides.before, sides.address.kind) if sides.before is not None else (0.0, 0.0)
    return Rollout(str(sides.address), before, after, way, restarts, load, drain)


def _way(built: Built, document: CompiledDocument) -> Way:
    return way_of(document.effective["spec"], built.environment.effective["spec"]["capacity"]["pools"])


def _pods(built: Built, effective: Effective, most: int) -> Pods:
    """Without GPUs where no pool has them: then nothing is known of the nodes, and nothing is claimed."""
    spec = effective["spec"]
    replicas = replicas_of(spec.get("replicas", {}))[most]
    accelerator = spec.get("accelerator")
    if not accelerator:
        return Pods((), 0, replicas)
    declared = built.environment.model.spec.capacity.pools
    named = accelerator.get("pool")
    fitting = sorted(n for n, pool in declared.items() if pool.gpu == accelerator["gpu"] and named in (None, n))
    return Pods(tuple(fitting), accelerator["count"] if fitting else 0, replicas)


def _forecasts(foreseen: Foreseen) -> Iterator[tuple[str, tuple[Foreseen, int]]]:
    for index, course in enumerate(foreseen.slowest):
        yield course.name, (foreseen, index)


def _row(built: Built, sides: _Sides, forecasts: Mapping[str, tuple[Foreseen, int]]) -> RunChange:
    name = str(sides.address)
    found = forecasts.get(name)
    rollout = _rollout(built, sides, 0) if found else None
    return RunChange(
        address=name,
        rollout=_forecast(rollout, *found) if rollout and found and sides.before and sides.after else None,
        cost_before=_monthly(built, sides.before) if sides.before is not None else None,
        cost_after=_monthly(built, sides.after.effective) if sides.after is not None else None,
    )


def _forecast(rollout: Rollout, foreseen: Foreseen, index: int) -> RolloutForecast:
    slow, quick = foreseen.slowest[index], foreseen.quickest[index]
    ended = slow.ended is not None and quick.ended is not None
    return RolloutForecast(
        strategy=_strategy(rollout),
        replicas=rollout.before.replicas,
        lowest=slow.lowest,
        outcome="finishes" if ended else foreseen.outcome,
        seconds=(round(quick.ended or 0), round(slow.ended or 0)) if ended else None,
        waits=round(max(0.0, slow.waited - rollout.drain[1])),
        pools=rollout.after.pools,
    )


def _strategy(rollout: Rollout) -> str:
    if not rollout.restarts:
        return "scale"
    if rollout.way.recreate:
        return "recreate"
    return {ONE_MORE: "one-more", ONE_LESS: "one-less"}.get(rollout.way, "rolling")


def _priced(built: Built, effective: Effective) -> tuple[Price, Cost] | None:
    spec = effective["spec"]
    accelerator = spec.get("accelerator")
    if not accelerator:
        return None
    price = price_of(accelerator, built.environment.effective["spec"], built.project.catalog)
    if price is None:
        return None
    return price, cost_of(price, accelerator["count"], *replicas_of(spec.get("replicas", {})))


def _monthly(built: Built, effective: Effective) -> MonthlyCost | None:
    found = _priced(built, effective)
    return _shown(found[1], found[0]) if found is not None else None


def _shown(cost: Cost, price: Price | None = None) -> MonthlyCost:
    return MonthlyCost(
        floor=round(cost.floor, 2),
        expected=round(cost.expected, 2),
        ceiling=round(cost.ceiling, 2),
        currency=cost.currency,
        price_per_hour=price.amount if price else None,
        source=price.source if price else "",
        as_of=price.as_of if price else "",
    )


def _totals(built: Built, sides: Sequence[_Sides], *, known: bool) -> FleetTotals | None:
    before = [each.before for each in sides if each.before is not None]
    after = [(str(each.address), each.after.effective) for each in sides if each.after is not None]
    if not any(effective["spec"].get("accelerator") for effective in (*before, *(e for _, e in after))):
        return None
    currency = currency_of(built.environment.effective["spec"])

    def cost(side: Iterable[Effective]) -> MonthlyCost:
        return _shown(total([found[1] for each in side if (found := _priced(built, each))], currency))

    return FleetTotals(
        gpus_before=_gpus(before) if known else None,
        gpus_after=_gpus([effective for _, effective in after]),
        cost_before=cost(before) if known else None,
        cost_after=cost(effective for _, effective in after),
        unpriced=tuple(n for n, e in after if e["spec"].get("accelerator") and _priced(built, e) is None),
    )


def _gpus(side: Iterable[Effective]) -> tuple[int, int]:
    lowest = highest = 0
    for effective in side:
        accelerator = effective["spec"].get("accelerator")
        if accelerator:
            fewest, most = replicas_of(effective["spec"].get("replicas", {}))
            lowest, highest = lowest + fewest * accelerator["count"], highest + most * accelerator["count"]
    return lowest, highest


def _stopped(built: Built, fewest: Sequence[Foreseen], told: frozenset[str]) -> Iterator[Diagnostic]:
    for group in fewest:
        new = [course for course in group.stopped if course.name not in told]
        if group.outcome != "finishes" and new:
            yield _finding(built, group, "")


def _stopped_at_most(
    built: Built, fewest: Sequence[Foreseen], most: Sequence[Foreseen], told: frozenset[str]
) -> Iterator[Diagnostic]:
    """A pool that is full at the most replicas is reported as such; here, one that would only not roll out."""
    fine = {group.pools for group in fewest if group.outcome == "finishes"}
    for group in most:
        if group.pools in fine and group.outcome != "finishes" and not told & {c.name for c in group.stopped}:
            yield replace(_finding(built, group, " at the most replicas"), code=codes.ROLLOUTS_MAY_STOP)


_FATE: Mapping[str, str] = {
    "cannot-finish": "cannot finish",
    "stops": "stop in every order of events that was tried",
    "may-stop": "stop in some orders of events",
}


def _finding(built: Built, group: Foreseen, when: str) -> Diagnostic:
    stopped = group.stopped
    names = ", ".join(course.name for course in stopped[:4]) + (f" and {len(stopped) - 4} more" if stopped[4:] else "")
    many = "rollouts of" if len(stopped) > 1 else "the rollout of"
    fate = _FATE[group.outcome] if len(stopped) > 1 else _FATE[group.outcome].replace("stop ", "stops ", 1)
    lacking = max(stopped, key=lambda course: course.missing)
    pools = ", ".join(f"`{name}`" for name in group.pools)
    message = f"{many} {names} {fate}{when}: pool {pools} lacks {lacking.missing} GPUs on one node for {lacking.name}"
    return Diagnostic(
        codes.ROLLOUTS_MAY_STOP if group.outcome == "may-stop" else codes.ROLLOUTS_STOP,
        message.replace("lacks 1 GPUs", "lacks 1 GPU"),
        at=place_of(built.graph, built.environment.address, (*POOLS, group.pools[0], "nodes")) if group.pools else None,
        hint=_HINTS[group.remedy](group),
        subject=stopped[0].name if len(stopped) == 1 else str(built.environment.address),
    )


def _in_turn(group: Foreseen) -> str:
    shown = ", then ".join(group.order[:6]) + (" and so on" if group.order[6:] else "")
    return f"change one model at a time: {shown}"


_HINTS: Mapping[str, Callable[[Foreseen], str]] = {
    "": lambda group: "make room in the pool: fewer replicas, or more nodes",
    "one-at-a-time": _in_turn,
    "stop-one-first": lambda group: "let a pod stop first: `rollout: {strategy: rolling, maxSurge: 0}` in these models",
    "recreate": lambda group: "stop all pods first: `rollout: {strategy: recreate}` in these models",
    "one-node-more": lambda group: f"add a node to pool {', '.join(f'`{name}`' for name in group.pools)}",
}
