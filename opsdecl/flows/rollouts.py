"""The rollouts of a change, simulated together on the pools of the environment."""

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.compile.rollout import nodes_of, replicas_of, way_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.diff.types import RolloutForecast
from opsdecl.fleet.strategy import ONE_LESS, ONE_MORE
from opsdecl.fleet.types import RECREATE, Pods, Pool, Rollout, Way
from opsdecl.fleet.verdict import Foreseen, foresee, waves
from opsdecl.flows.build import Built
from opsdecl.flows.loading import drain_of, load_of
from opsdecl.flows.sides import Effective, Sides

NO_PODS = Pods((), 0, 0)


class Foretold(Struct, frozen=True):
    """The rollouts by name, and how each group of pools goes through with them."""

    rollouts: dict[str, Rollout]
    groups: tuple[Foreseen, ...]

    def forecasts(self) -> Iterator[tuple[str, RolloutForecast]]:
        """Of each document whose pods come or go, by its address."""
        for group in self.groups:
            order = waves(group.slowest)
            for index, course in enumerate(group.slowest):
                yield course.name, _forecast(self.rollouts[course.name], group, index, order[index])


def foretell(built: Built, sides: Sequence[Sides], most: int) -> Foretold:
    """At the fewest replicas (0) or at the most (1)."""
    pools = tuple(
        Pool(name, pool.nodes, pool.gpus_per_node, pool.reserve)
        for name, pool in sorted(built.environment.model.spec.capacity.pools.items())
    )
    found = [rollout for each in sides if (rollout := _rollout(built, each, most)) is not None]
    rollouts = {rollout.name: rollout for rollout in found}
    if not rollouts:
        return Foretold({}, ())
    steady = [
        _pods(built, each.after.effective, most) for each in sides if each.after and str(each.address) not in rollouts
    ]
    return Foretold(rollouts, foresee(pools, [pods for pods in steady if pods.gpus], found))


def _rollout(built: Built, sides: Sides, most: int) -> Rollout | None:
    """None where no pod comes or goes."""
    change = sides.change
    if change is None or change.action in ("noop", "adopt", "forget"):
        return None
    before = _pods(built, sides.before, most) if sides.before is not None else NO_PODS
    after = _pods(built, sides.after.effective, most) if sides.after is not None else replace(before, replicas=0)
    handed_over = (before.nodes > 1) != (after.nodes > 1)
    restarts = handed_over or bool(change.effects.restart_field) or change.action != "update"
    if not restarts and before.replicas == after.replicas:
        return None
    way = _way(built, sides.after) if sides.after is not None else ONE_LESS
    # Another object makes the pods then, and the one before goes at once.
    way = RECREATE if handed_over and before.replicas else way
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
