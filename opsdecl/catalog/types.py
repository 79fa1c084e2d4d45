"""Facts about models, GPUs and engines, as dated data."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of published weights. `weights_gib` is the size of the checkpoint as loaded in its own dtype."""

    name: str
    uri: str
    revision: str
    weights_gib: float
    max_position: int
    license: str
    source: str
    as_of: str
    gated: bool = False


@dataclass(frozen=True, slots=True)
class GpuFacts:
    """One GPU type. `memory_gib` is what the driver reports; `resource` is the name that Kubernetes schedules by."""

    name: str
    memory_gib: float
    bandwidth_gb_s: float
    compute_capability: str
    resource: str
    product_label: str
    source: str
    as_of: str
    price_per_hour: float | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """All facts in use, and the digest that `opsdecl.lock` records."""

    models: Mapping[str, ModelFacts]
    gpus: Mapping[str, GpuFacts]
    digest: str
