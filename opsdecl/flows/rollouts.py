"""The rollouts of a change, simulated together on the pools of the environment."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import MAIN, Address, is_run
from opsdecl.compile.roles import roles_of
from opsdecl.compile.rollout import nodes_of, replicas_of, way_of
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.rules import kind_rule
from opsdecl.diff.types import RolloutForecast
from opsdecl.fleet.strategy import ONE_LESS, ONE_MORE
from opsdecl.fleet.types import RECREATE, Pods, Pool, Rollout
from opsdecl.fleet.verdict import Foreseen, foresee, waves
from opsdecl.flows.build import Built
from opsdecl.flows.loading import drain_of, load_of
from opsdecl.flows.sides import Effective, Sides

NO_PODS = Pods((), 0, 0)
Workload = tuple[str, str]
"""A document and a variant of its objects."""


class Foretold(Struct, frozen=True):
    """The rollouts by name, and how each group of pools goes through with them."""

    rollouts: dict[str, Rollout]
    groups: tuple[Foreseen, ...]

    def forecasts(self) -> Iterator[tuple[str, RolloutForecast]]:
        """Of each document whose pods come or go, and of each of its roles, by `rollout_name`."""
        for group in self.groups:
            order = waves(group.slowest)
            for index, course in enumerate(group.slowest):
                yield course.name, _forecast(self.rollouts[course.name], group, index, order[index])


def foretell(built: Built, sides: Sequence[Sides], most: int, exchanged: Collection[Workload] = ()) -> Foretold:
    """At the fewest replicas (0) or at the most (1). Of workloads in `exchanged` another object takes the place."""
    pools = tuple(
        Pool(name, pool.nodes, pool.gpus_per_node, pool.reserve)
        for name, pool in sorted(built.environment.model.spec.capacity.pools.items())
    )
    found = [
        rollout
        for each in sides
        for role in _role_names(each)
        if (rollout := _rollout(built, each, role, most, exchanged)) is not None
    ]
    rollouts = {rollout.name: rollout for rollout in found}
    if not rollouts:
        return Foretold({}, ())
    steady = [
        _pods(built, role.spec, most)
        for each in sides
        if each.after
        for role in roles_of(each.after.effective["spec"])
        if rollout_name(each, role.name) not in rollouts
    ]
    return Foretold(rollouts, foresee(pools, [pods for pods in steady if pods.gpus], found))


def rollout_name(sides: Sides, role: str) -> str:
    """`LLM.chat`, and of its other role `LLM.chat (prefill)`."""
    return f"{sides.address} ({role})" if role else str(sides.address)


def exchanged_workloads(diffs: Iterable[ReleaseDiff]) -> frozenset[Workload]:
    """Where another object that makes pods takes the place of one, be it of another kind or one that cannot be changed:
    the pods of the one go at once."""
    made: dict[str, set[Workload]] = {"create": set(), "delete": set(), "replace": set()}
    for change in (change for diff in diffs for change in diff.release.changes if change.replaces is None):
        if change.action in made and kind_rule(change.object.kind).pods and not is_run(change.address):
            address = Address.parse(change.address)
            made[change.action].add((str(address.spec), address.variant))
    return frozenset(made["create"] & made["delete"] | made["replace"])


def _role_names(sides: Sides) -> tuple[str, ...]:
    both = [sides.before, sides.after.effective if sides.after is not None else None]
    return tuple(dict.fromkeys(role.name for side in both if side is not None for role in roles_of(side["spec"])))


def _rollout(built: Built, sides: Sides, role: str, most: int, exchanged: Collection[Workload]) -> Rollout | None:
    """None where no pod comes or goes."""
    change = sides.change
    if change is None or change.action in ("noop", "adopt", "forget"):
        return None
    was, now = _spec(sides.before, role), _spec(sides.after.effective if sides.after is not None else None, role)
    before = _pods(built, was, most) if was is not None else NO_PODS
    after = _pods(built, now, most) if now is not None else replace(before, replicas=0)
    handed_over = (before.nodes > 1) != (after.nodes > 1) or (str(sides.address), role or MAIN) in exchanged
    restarts = handed_over or bool(change.effects.restart_field) or change.action != "update"
    if not restarts and before.replicas == after.replicas:
        return None
    pools = built.environment.effective["spec"]["capacity"]["pools"]
    # Another object makes the pods then, and the one before goes at once.
    way = RECREATE if handed_over and before.replicas else way_of(now, pools) if now is not None else ONE_LESS
    load = load_of(sides.after.effective) if sides.after is not None else (0.0, 0.0)
    drain = drain_of(sides.before, sides.address.kind) if sides.before is not None else (0.0, 0.0)
    return Rollout(rollout_name(sides, role), before, after, way, restarts, load, drain)


def _spec(effective: Effective | None, role: str) -> Effective | None:
    if effective is None:
        return None
    return next((each.spec for each in roles_of(effective["spec"]) if each.name == role), None)


def _pods(built: Built, spec: Effective, most: int) -> Pods:
    """Without GPUs where no pool has them: then nothing is known of the nodes, and nothing is claimed."""
    replicas = replicas_of(spec.get("replicas", {}))[most]
    accelerator = spec.get("accelerator")
    if not accelerator:
        return Pods((), 0, replicas)
    declared = built.environment.model.spec.capacity.pools
    named = accelerator.get("pool")
    fitting = sorted(n for n, pool in declared.items() if pool.gpu == accelerator["gpu"] and named in (None, n))
    return Pods(tuple(fitting), accelerator["count"] if fitting else 0, replicas, nodes_of(accelerator))


def _forecast(rollout: Rollout, foreseen: Foreseen, index: int, wave: int) -> RolloutForecast:
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
        nodes=rollout.after.nodes,
        gpus=rollout.after.gpus,
        wave=wave if ended else 0,
    )


def _strategy(rollout: Rollout) -> str:
    if not rollout.restarts:
        return "scale"
    if rollout.way.recreate:
        return "recreate"
    return {ONE_MORE: "one-more", ONE_LESS: "one-less"}.get(rollout.way, "rolling")
