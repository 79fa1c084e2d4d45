"""How long a pod takes from its start until it serves: weights are fetched and read, then the engine starts."""

from collections.abc import Mapping
from typing import Any

Seconds = tuple[float, float]
"""Quickest and slowest."""

READ_MB_S: Mapping[str, tuple[float, float]] = {
    "hub": (100, 1000),
    "s3": (200, 2000),
    "pvc": (300, 2000),
    "oci": (300, 2000),
    "training": (300, 2000),
}
"""Megabytes per second by source, slowest and quickest: hubs and buckets over shared and over own links, network
volumes, images that the node has or pulls. Estimates: a cluster that measured better shows it in its start-up logs."""
CACHED_MB_S = (300, 3000)
"""Of weights that an earlier pod left: on a network volume, and in the memory or on the disk of the node."""
ENGINE_START_S: Seconds = (40, 150)
"""Beside reading weights: imports, NCCL, torch.compile, memory profiling, CUDA graphs (start-up logs show 40-140 s)."""


def load_time(weights_gib: float, source: str, *, cached: bool = False) -> Seconds:
    """`cached` says that an earlier pod may have left the weights: the quickest start finds them, the slowest does not.

    `source` is a key of `READ_MB_S`.
    """
    slow, quick = READ_MB_S[source]
    megabytes = weights_gib * 2**30 / 1e6
    best = max(quick, CACHED_MB_S[1]) if cached else quick
    return megabytes / best + ENGINE_START_S[0], megabytes / slow + ENGINE_START_S[1]


def load_time_of(effective: Mapping[str, Any]) -> Seconds | None:
    """Of a language model by its effective values; None where nobody knows how large its weights are."""
    weights = effective["spec"].get("weights") or {}
    size = (effective.get("model") or {}).get("weightsGiB")
    if size is None:
        return None
    source = weights.get("source", {}).get("type", "hub")
    return load_time(float(size), source, cached=weights.get("cache", {}).get("type", "none") in ("pvc", "hostPath"))
