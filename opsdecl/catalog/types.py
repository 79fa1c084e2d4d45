"""Facts about models, GPUs and nodes, as dated data. Memory in GiB, prices in USD."""

from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace


class ModelFacts(Struct, frozen=True):
    """What is known of published weights. `weights_gib` is the size of the checkpoint as loaded in its own dtype.

    `parameters` is the published total. What its layers are is in `Catalog.configs`, which only sizing reads.
    `base_models` are addresses of the weights that these were made of, and `base_relation` says how.
    """

    name: str
    uri: str
    revision: str
    weights_gib: float
    max_position: int
    license: str
    source: str
    as_of: str
    gated: bool = False
    aliases: tuple[str, ...] = ()
    parameters: float | None = None
    base_models: tuple[str, ...] = ()
    base_relation: str = ""


class ModelFigures(Struct, frozen=True):
    """What follows from a model's shape. `longest_gib` is the cache of one request of the longest context."""

    family: str
    known: bool
    parameters: int
    layers: int
    quantization: str
    weights_gib: float
    kv_bytes_per_token: int
    longest_gib: float


class GpuPrice(Struct, frozen=True):
    """One GPU for an hour, on demand. `node` is the shape whose price was divided; empty for a price of its own."""

    per_hour: float
    region: str
    as_of: str
    source: str
    node: str = ""
    provider: str = ""


class NodePrice(Struct, frozen=True):
    """A whole node for an hour, on demand, as the provider lists it."""

    per_hour: float
    region: str
    as_of: str
    source: str


class NodeShape(Struct, frozen=True):
    """A node that a provider rents out: `cpu` in hardware threads; `name` is the node's instance-type label."""

    name: str
    provider: str
    gpu: str
    gpus: int
    cpu: int
    memory_gib: float
    source: str
    as_of: str
    price: NodePrice | None = None

    @property
    def gpu_price(self) -> GpuPrice | None:
        """The node's price by GPU; None where the node has no price."""
        if self.price is None:
            return None
        each = round(self.price.per_hour / self.gpus, 4)
        return GpuPrice(each, self.price.region, self.price.as_of, self.price.source, self.name, self.provider)


class GpuFacts(Struct, frozen=True):
    """One GPU type, or a MIG slice of one. `memory_gib` is what the driver reports, `seen` the range that logs show;
    `resource` is the name that Kubernetes schedules by, `labels` what nodes carry besides the product label.
    """

    name: str
    memory_gib: float
    bandwidth_gb_s: float
    compute_capability: str
    resource: str
    product_label: str
    source: str
    as_of: str
    price: GpuPrice | None = None
    """On a node that is usual for it; other nodes have other prices, see `Catalog.gpu_prices`."""
    seen: tuple[float, float] = (0.0, 0.0)
    aliases: tuple[str, ...] = ()
    mig: Mapping[str, float] = field(default_factory=dict)
    """Slices by profile (`3g.40gb`), with the memory that is usable in each."""
    mig_count: Mapping[str, int] = field(default_factory=dict)
    """How many slices of a profile one GPU gives, where it is cut into nothing else."""
    labels: Mapping[str, str] = field(default_factory=dict)
    slice_of: str = ""

    @property
    def price_per_hour(self) -> float | None:
        return self.price.per_hour if self.price else None

    def slice(self, profile: str) -> "GpuFacts | None":
        """The MIG slice of that profile as a GPU of its own; None where this GPU has no such profile.

        It costs its share of the whole GPU, where it is known how many there are.
        """
        profile = profile.removeprefix("mig-")
        memory = self.mig.get(profile)
        if memory is None:
            return None
        name, seen = f"{self.name}:{profile}", (memory * 0.95, memory)
        count, price = self.mig_count.get(profile), self.price
        return replace(
            self,
            name=name,
            memory_gib=memory,
            seen=seen,
            slice_of=self.name,
            price=replace(price, per_hour=round(price.per_hour / count, 4)) if price and count else None,
            mig={},
            mig_count={},
            resource=f"nvidia.com/mig-{profile}",
        )


class Catalog(Struct, frozen=True):
    """All facts in use, and the digest that `opsdecl.lock` records.

    `configs` has what a published `config.json` says of a model's shape, and `files` the digests of its files, both by
    name of the model. `own` has the project's file for each entry that is the project's own, by table and name.
    """

    models: Mapping[str, ModelFacts]
    gpus: Mapping[str, GpuFacts]
    digest: str
    nodes: Mapping[str, NodeShape] = field(default_factory=dict)
    configs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    own: Mapping[tuple[str, str], str] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def published(self, uri: str) -> ModelFacts | None:
        """The model whose weights are at an address such as `hf://org/name`."""
        name = uri.removeprefix("hf://")
        return next((facts for facts in self.models.values() if facts.uri == uri or name in facts.aliases), None)

    def gpu(self, name: str) -> GpuFacts | None:
        """A GPU by its entry, or a slice of one: `h100-80gb:3g.40gb`."""
        whole, _, profile = name.partition(":")
        found = self.gpus.get(whole)
        return found.slice(profile) if found is not None and profile else found

    def gpu_prices(self, gpu: str, *, provider: str = "", region: str = "") -> Iterator[GpuPrice]:
        """Prices of one GPU, cheapest first; those of one provider or region where they are named."""
        prices = [node.gpu_price for node in self.nodes.values() if node.gpu == gpu]
        fitting = (p for p in prices if p and provider in ("", p.provider) and region in ("", p.region))
        return iter(sorted(fitting, key=lambda price: (price.per_hour, price.node)))
