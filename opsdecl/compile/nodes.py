"""Whether the nodes of pools hold what documents ask for, and one replica more while one of them is rolled out."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from opsdecl.compile.capacity import POOLS, Demand, demands, who_needs
from opsdecl.compile.rollout import way_of
from opsdecl.compile.scene import Scene
from opsdecl.diag import Code, Diagnostic, Related
from opsdecl.diag.codes import fleet as codes
from opsdecl.fleet.packing import Size, holds_all
from opsdecl.fleet.strategy import fenceposts
from opsdecl.fleet.types import Way

Names = tuple[str, ...]


def nodes_too_few(scene: Scene) -> Iterator[Diagnostic]:
    """Replicas that the nodes cannot hold, and documents that roll out by a pod for which there is no room."""
    everything = [demand for demand in demands(scene) if pools_of(scene, demand)]
    by_pools = {names: _only_there(scene, everything, names) for names in _sets(scene, everything)}
    full = set()
    for names, here in by_pools.items():
        found = _at_fewest(scene, names, here) or _at_most(scene, names, here)
        if found is not None:
            yield found
            full |= {names} if found.code is codes.NODES_CANNOT_HOLD else set()
    for names, here in by_pools.items():
        if names not in full:
            yield from _no_room_to_roll(scene, names, here)


def pools_of(scene: Scene, demand: Demand) -> Names:
    """Pools that the document can go to; none where that is reported already or nothing is declared."""
    pools: Mapping[str, Mapping[str, object]] = scene.settings["capacity"]["pools"]
    fitting = tuple(sorted(name for name, pool in pools.items() if pool.get("gpu") == demand.gpu))
    if demand.pool is not None:
        return (demand.pool,) if demand.pool in fitting else ()
    return fitting


def _sets(scene: Scene, everything: Sequence[Demand]) -> tuple[Names, ...]:
    return tuple(sorted({pools_of(scene, demand) for demand in everything}))


def _only_there(scene: Scene, everything: Sequence[Demand], names: Names) -> tuple[Demand, ...]:
    """Documents that can go nowhere else: whatever else may come, these must be held."""
    return tuple(demand for demand in everything if set(pools_of(scene, demand)) <= set(names))


def _nodes(scene: Scene, names: Names) -> tuple[tuple[int, ...], ...]:
    """GPUs of each node, pool by pool."""
    pools = scene.settings["capacity"]["pools"]
    return tuple((pools[name]["gpusPerNode"],) * pools[name]["nodes"] for name in names)


def _sizes(here: Sequence[Demand], *, most: bool = False) -> Counter[Size]:
    sizes: Counter[Size] = Counter()
    for demand in here:
        sizes[demand.size] += demand.highest if most else demand.lowest
    return sizes


def _is_told(nodes: Sequence[Sequence[int]], here: Sequence[Demand]) -> bool:
    """Whether one of them fits nowhere even by itself, which is reported at its document."""
    return any(
        all(demand.count > max(pool, default=0) or demand.nodes > len(pool) for pool in nodes) for demand in here
    )


def _at_fewest(scene: Scene, names: Names, here: Sequence[Demand]) -> Diagnostic | None:
    nodes = _nodes(scene, names)
    answer = holds_all(nodes, _sizes(here))
    if answer is True or _is_told(nodes, here):
        return None
    needed, there = sum(demand.least for demand in here), sum(map(sum, nodes))
    if answer is None:
        message = f"no way was found to put {needed} GPUs of replicas on {_shown(names)}, and none was ruled out"
        return _at_pool(scene, codes.NODES_MAY_NOT_HOLD, names, here, message, "add a node, or use fewer sizes")
    if needed > there:
        message = f"{_shown(names)} {_has(names)} {there} GPUs, and documents need {needed} at the fewest replicas"
    else:
        flat = [gpus for pool in nodes for gpus in pool]
        message = f"replicas of {_replicas(_sizes(here))} GPUs cannot share {len(flat)} nodes of {_listed(flat)} GPUs"
    return _at_pool(
        scene, codes.NODES_CANNOT_HOLD, names, here, message, "add nodes, lower replicas, or move a document"
    )


def _at_most(scene: Scene, names: Names, here: Sequence[Demand]) -> Diagnostic | None:
    nodes = _nodes(scene, names)
    if _is_told(nodes, here) or holds_all(nodes, _sizes(here, most=True)) is True:
        return None
    needed, there = sum(demand.most for demand in here), sum(map(sum, nodes))
    message = f"{_shown(names)} {_has(names)} {there} GPUs, and documents need {needed} at the most replicas"
    if needed <= there:
        message += ", in sizes that do not go together on its nodes"
    hint = "add nodes, or lower replicas.max"
    return _at_pool(scene, codes.NODES_MAY_NOT_HOLD, names, here, message, hint, most=True)


def _no_room_to_roll(scene: Scene, names: Names, here: Sequence[Demand]) -> Iterator[Diagnostic]:
    """One pod more beside all documents at their fewest replicas, where no pod may stop before it serves; of a canary
    all that come beside those that serve."""
    nodes, sizes = _nodes(scene, names), _sizes(here)

    @cache
    def has_room(size: Size, more: int) -> bool:
        return holds_all(nodes, sizes + Counter({size: more})) is not False

    for demand in here:
        way = _way(scene, demand)
        if pools_of(scene, demand) == names and waits_for_room(way, demand.lowest):
            more = fenceposts(way, demand.lowest)[0] if _is_canary(demand) else 1
            if not has_room(demand.size, more):
                yield _no_canary(scene, demand, names, more) if _is_canary(demand) else _stuck(scene, demand, names)


def _is_canary(demand: Demand) -> bool:
    return bool(demand.document.effective["spec"]["rollout"]["strategy"] == "canary")


def _no_canary(scene: Scene, demand: Demand, names: Names, more: int) -> Diagnostic:
    rollout = demand.document.value.get("spec", {}).get("rollout") or {}
    kept = bool(rollout.get("keepStable"))
    address = demand.document.address
    pods = f"{more} pods" if more > 1 else "a pod"
    return Diagnostic(
        codes.ROLLOUT_CANNOT_FINISH,
        f"a canary needs {pods} beside those that serve, and {_shown(names)} {_has(names)} no room for that",
        at=scene.place(address, ("spec", "rollout", "keepStable" if kept else "strategy")),
        hint="set `keepStable: false`, or add nodes" if kept else "let its steps be smaller, or add a node",
        related=(Related("the nodes", scene.in_environment((*POOLS, names[0], "nodes"))),),
        subject=str(address),
    )


def _lacking(demand: Demand) -> str:
    """`no free GPU`, `no node with 4 free GPUs`, `no 2 nodes with 8 free GPUs each`."""
    gpus = "a free GPU" if demand.count == 1 else f"{demand.count} free GPUs"
    if demand.nodes > 1:
        return f"no {demand.nodes} nodes with {gpus} each"
    return "no free GPU" if demand.count == 1 else f"no node with {gpus}"


def waits_for_room(way: Way, replicas: int) -> bool:
    """Whether a new pod must serve before an old one may go."""
    return replicas > 0 and fenceposts(way, replicas)[1] == 0


def _way(scene: Scene, demand: Demand) -> Way:
    return way_of(demand.role.spec, scene.settings["capacity"]["pools"])


def _stuck(scene: Scene, demand: Demand, names: Names) -> Diagnostic:
    rollout = demand.document.value.get("spec", {}).get("rollout") or {}
    field = next((name for name in ("maxSurge", "maxUnavailable", "strategy") if name in rollout), "")
    path = ("spec", "rollout", field) if field else demand.path("spec", "accelerator", "count")
    address = demand.document.address
    chosen = "" if rollout.get("strategy") == "rolling" else f", since pool `{names[0]}` declares a reserve"
    one = "a replica" if demand.nodes > 1 else "a prefill pod" if demand.role.name else "a pod"
    lacks = f"{_shown(names)} {_has(names)} {_lacking(demand)} for it"
    return Diagnostic(
        codes.ROLLOUT_CANNOT_FINISH,
        f"a rollout starts {one} before it stops one{chosen}, and {lacks}",
        at=scene.place(address, path),
        hint="set `maxSurge: 0` and `maxUnavailable: 1`, or use `strategy: auto`, or add a node"
        if rollout.get("strategy") == "rolling"
        else "correct the pool's reserve, add a node, or set `strategy: rolling` with `maxSurge: 0`",
        related=(Related("the nodes", scene.in_environment((*POOLS, names[0], "nodes"))),),
        subject=str(address),
    )


def _at_pool(
    scene: Scene,
    code: Code,
    names: Names,
    here: Sequence[Demand],
    message: str,
    hint: str,
    *,
    most: bool = False,
) -> Diagnostic:
    at = scene.in_environment((*POOLS, names[0], "nodes"))
    subject = str(scene.environment.address)
    return Diagnostic(code, message, at=at, hint=hint, related=who_needs(scene, here, most=most), subject=subject)


def _shown(names: Names) -> str:
    return f"pool `{names[0]}`" if len(names) == 1 else f"pools {', '.join(names)}"


def _has(names: Names) -> str:
    return "has" if len(names) == 1 else "have"


def _replicas(sizes: Counter[Size]) -> str:
    """`2 × 8, 4 and 4`: those over several nodes first."""
    found = sorted(sizes.elements(), key=lambda size: (-size[1], -size[0]))
    return _joined([f"{nodes} × {gpus}" if nodes > 1 else str(gpus) for gpus, nodes in found])


def _listed(sizes: Sequence[int]) -> str:
    return _joined([str(number) for number in sorted(set(sizes), reverse=True)])


def _joined(words: Sequence[str]) -> str:
    """`3, 3 and 2`; long lists are cut."""
    shown = [*words[:6], *(["…"] if len(words) > 6 else [])]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]
