"""GPUs that documents ask for against the pools that the environment has."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from opsdecl.compile.roles import Role, path_in, roles_of
from opsdecl.compile.rollout import nodes_of, replicas_of
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, Place, Related, SpecPath
from opsdecl.diag.codes import compile as codes
from opsdecl.diag.codes import fleet, groups
from opsdecl.fleet.packing import Size
from opsdecl.spec.types import Json

ACCELERATOR = ("spec", "accelerator")
POOLS: SpecPath = ("spec", "capacity", "pools")


class Demand(Struct, frozen=True):
    """GPUs of one role of a document: type, pool where it names one, GPUs on each node of a replica, nodes of each, and
    how many replicas. `spec` is what holds for the role."""

    document: CompiledDocument
    gpu: str
    pool: str | None
    count: int
    lowest: int
    highest: int
    nodes: int = 1
    role: Role = Role("", {})

    @property
    def who(self) -> str:
        """The document, and its role where it has two."""
        return f"{self.document.address}{' (prefill)' if self.role.name else ''}"

    def path(self, *path: str) -> SpecPath:
        """Where the document says for the role what it has at a path."""
        return path_in(self.role.name, self.document.value.get("spec") or {}, path)

    @property
    def size(self) -> Size:
        return self.count, self.nodes

    @property
    def least(self) -> int:
        return self.count * self.nodes * self.lowest

    @property
    def most(self) -> int:
        return self.count * self.nodes * self.highest


def demands(scene: Scene) -> tuple[Demand, ...]:
    """Of every document whose pods run all the time and have GPUs."""
    return tuple(
        _demand(document, role)
        for document in scene.lasting()
        for role in roles_of(document.effective["spec"])
        if role.spec.get("accelerator") is not None
    )


def _demand(document: CompiledDocument, role: Role) -> Demand:
    accelerator, (lowest, highest) = role.spec["accelerator"], replicas_of(role.spec.get("replicas", {}))
    pool, nodes = accelerator.get("pool"), nodes_of(accelerator)
    return Demand(document, accelerator["gpu"], pool, accelerator["count"], lowest, highest, nodes, role)


def gpus_without_room(scene: Scene) -> Iterator[Diagnostic]:
    """A GPU that no pool has, or more of them than a node has. Nothing is known where no pool is declared."""
    pools: Mapping[str, Mapping[str, Json]] = scene.settings["capacity"]["pools"]
    for demand in demands(scene):
        named = pools.get(demand.pool) if demand.pool else None
        fitting = {name: pool for name, pool in pools.items() if pool.get("gpu") == demand.gpu}
        if named is not None and named.get("gpu") != demand.gpu:
            yield _other_gpu(scene, demand, named)
        elif pools and not fitting:
            yield _in_no_pool(scene, demand, pools)
        elif fitting:
            possible = [named] if named is not None else [*fitting.values()]
            largest = max(pool["gpusPerNode"] for pool in possible)
            most = max(pool["nodes"] for pool in possible)
            if demand.count > largest:
                yield _too_many(scene, demand, largest)
            elif demand.nodes > most and demand.lowest:
                yield _too_many_nodes(scene, demand, most)
            elif demand.nodes > 1 and len(possible) > 1:
                yield _in_any_pool(scene, demand, fitting)


def _other_gpu(scene: Scene, demand: Demand, pool: Mapping[str, Json]) -> Diagnostic:
    has = f"`{pool['gpu']}`" if "gpu" in pool else "no GPUs"
    return _at_document(
        scene,
        demand,
        codes.POOL_HAS_OTHER_GPU,
        "pool",
        f"pool `{demand.pool}` has {has}, and {demand.who} asks for `{demand.gpu}`",
        "name a pool with that GPU, or leave `pool` out",
        Related("the pool", scene.in_environment((*POOLS, str(demand.pool)))),
    )


def _in_no_pool(scene: Scene, demand: Demand, pools: Mapping[str, Mapping[str, Json]]) -> Diagnostic:
    known = sorted({pool["gpu"] for pool in pools.values() if "gpu" in pool})
    return _at_document(
        scene,
        demand,
        codes.GPU_IN_NO_POOL,
        "gpu",
        f"no node pool of this environment has `{demand.gpu}`",
        f"use one of: {', '.join(known)}" if known else "declare a pool with this GPU",
        Related("the pools", scene.in_environment(POOLS)),
    )


def _too_many(scene: Scene, demand: Demand, largest: int) -> Diagnostic:
    return _at_document(
        scene,
        demand,
        codes.COUNT_EXCEEDS_NODE,
        "count",
        f"a replica asks for {demand.count} × `{demand.gpu}`"
        f"{' on each of its nodes' if demand.nodes > 1 else ''}, and a node has {largest}",
        f"set accelerator.count to {largest} or less" if largest else "choose another pool",
        Related("the pools", scene.in_environment(POOLS)),
    )


def _too_many_nodes(scene: Scene, demand: Demand, most: int) -> Diagnostic:
    names = [demand.pool] if demand.pool else []
    where = f"pool `{names[0]}` has" if names else f"no pool with `{demand.gpu}` has more than"
    return _at_document(
        scene,
        demand,
        groups.NODES_EXCEED_POOL,
        "nodes",
        f"a replica spans {demand.nodes} nodes of one pool, and {where} {most}",
        "add nodes to the pool, or spread the replica over fewer of them",
        Related("the pools", scene.in_environment((*POOLS, *names))),
    )


def _in_any_pool(scene: Scene, demand: Demand, fitting: Mapping[str, Json]) -> Diagnostic:
    names = ", ".join(fitting)
    return _at_document(
        scene,
        demand,
        fleet.NODES_OF_ANY_POOL,
        "nodes",
        f"the {demand.nodes} nodes of a replica may lie in different pools: {names} have `{demand.gpu}`",
        "name one of them in accelerator.pool",
        Related("the pools", scene.in_environment(POOLS)),
    )


def pools_too_small(scene: Scene) -> Iterator[Diagnostic]:
    """GPUs of one type, over all pools that have it, at the fewest replicas."""
    pools: Mapping[str, Mapping[str, Json]] = scene.settings["capacity"]["pools"]
    everything = demands(scene)
    for gpu in sorted({pool["gpu"] for pool in pools.values() if "gpu" in pool}):
        fitting = {name: pool for name, pool in pools.items() if pool.get("gpu") == gpu}
        here = [d for d in everything if d.gpu == gpu]
        yield from _short(scene, [*fitting], here)
        if len(fitting) > 1:
            for name in fitting:
                yield from _short(scene, [name], [d for d in here if d.pool == name])


def _short(scene: Scene, names: Sequence[str], here: Sequence[Demand]) -> Iterator[Diagnostic]:
    pools = [scene.settings["capacity"]["pools"][name] for name in names]
    there = sum(max(0, pool["nodes"] * pool["gpusPerNode"] - pool["reserve"]) for pool in pools)
    needed = sum(d.least for d in here)
    # Where even the reserve is not enough, `compile.nodes` says so, and as an error.
    if there < needed <= sum(pool["nodes"] * pool["gpusPerNode"] for pool in pools):
        shown = f"pool `{names[0]}` has" if len(names) == 1 else f"pools {', '.join(names)} have"
        yield Diagnostic(
            codes.POOL_TOO_SMALL,
            f"{shown} {there} GPUs to give, and documents need {needed} at the fewest replicas",
            at=scene.in_environment((*POOLS, names[0], "nodes")),
            hint="add nodes, lower replicas, or move a document to another GPU",
            related=who_needs(scene, here, most=False),
            subject=str(scene.environment.address),
        )


def who_needs(scene: Scene, here: Sequence[Demand], *, most: bool) -> tuple[Related, ...]:
    """The documents that need GPUs, the hungriest first."""
    needed = [(d.most if most else d.least, d) for d in here]
    ranked = sorted(needed, key=lambda pair: (-pair[0], pair[1].document.address, pair[1].role.name))
    return tuple(Related(f"{demand.who} needs {gpus}", _at(scene, demand, "count")) for gpus, demand in ranked if gpus)


def _at(scene: Scene, demand: Demand, field: str) -> Place:
    return scene.place(demand.document.address, demand.path(*ACCELERATOR, field))


def _at_document(
    scene: Scene, demand: Demand, code: Code, field: str, message: str, hint: str, related: Related
) -> Diagnostic:
    at, subject = _at(scene, demand, field), str(demand.document.address)
    return Diagnostic(code, message, at=at, hint=hint, related=(related,), subject=subject)
