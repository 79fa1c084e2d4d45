"""What a plan makes nodes keep: copies of datasets whose cache is made, or gets another version."""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdecl.addr import SpecAddress
from opsdecl.compile.node_caches import most_on_a_node, pool_of_cache
from opsdecl.diff.caches import CacheOnNodes
from opsdecl.diff.release import ReleaseDiff
from opsdecl.flows.build import Built
from opsdecl.spec.kinds.environment import EnvironmentSpec

_GIB = 2**30
_COPIED = ("create", "update", "replace")


def caches_of(built: Built, diffs: Sequence[ReleaseDiff]) -> Mapping[str, CacheOnNodes]:
    """By document."""
    changes = (change for diff in diffs for change in diff.release.changes)
    filled = {c.address.partition("/")[0] for c in changes if c.object.kind == "DaemonSet" and c.action in _COPIED}
    found = {name: _cache(built, built.graph.document(SpecAddress.parse(name))) for name in filled}
    return {name: cache for name, cache in found.items() if cache is not None}


def _cache(built: Built, document: Any) -> CacheOnNodes | None:
    environment: EnvironmentSpec = built.environment.model.spec
    cache = document.model.spec.cache if document is not None and document.address.kind == "Dataset" else None
    pool = pool_of_cache(cache, environment)
    if cache is None or pool is None or pool.disk is None:
        return None
    per_node = cache.size.bytes / _GIB
    datasets = (each for each in built.graph.documents if each.address.kind == "Dataset")
    return CacheOnNodes(
        pool=cache.pool,
        nodes=pool.nodes,
        per_node=round(per_node, 3),
        total=round(per_node * pool.nodes, 3),
        kept=cache.keep,
        of_pool=round(most_on_a_node(cache.pool, datasets) / _GIB, 3),
        disk=round(pool.disk.size.bytes / _GIB, 3),
    )
