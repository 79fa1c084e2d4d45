"""What is asked of sizing, and what it answers. Memory in GiB unless a name says bytes."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from opsdecl.catalog.architectures import Architecture, Quantization
from opsdecl.diag import Code, Diagnostic
from opsdecl.sizing.drafting import Drafting

GIB = 1 << 30
Verdict = Literal["fits", "tight", "does-not-fit"]
Cost = Literal["free", "behaviour", "gpus"]


class Range(Struct, frozen=True):
    """An estimate with the bounds between which it is believed to lie."""

    low: float
    point: float
    high: float

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.point + other.point, self.high + other.high)

    def scaled(self, factor: float) -> "Range":
        return Range(self.low * factor, self.point * factor, self.high * factor)


def exactly(value: float) -> Range:
    return Range(value, value, value)


class Gpu(Struct, frozen=True):
    """The GPU that a rank runs on: total memory as the driver reports it, with the range that logs show."""

    name: str
    total: Range
    capability: tuple[int, int]
    is_slice: bool = False
    vendor: Literal["nvidia", "amd"] = "nvidia"
    price_per_hour: float | None = None
    per_node: int = 8
    """How many of them one node has at the most: over those a layer can be split."""
    nodes: int = 64
    """Nodes that a replica may span."""
    known: bool = True
    """False where only the memory is known: `capability` is then a guess that no verdict rests on."""


class Settings(Struct, frozen=True):
    """What a person set; None is the engine's default."""

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    expert: bool = False
    max_model_len: int | None = None
    utilization: float | None = None
    dtype: str = "auto"
    quantization: Quantization | None = None
    kv_cache_dtype: str = "auto"
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    block_size: int | None = None
    enforce_eager: bool = False
    prefix_caching: bool | None = None
    images: bool = True
    """False where the engine was told to take no images (`--limit-mm-per-prompt image=0`)."""
    max_loras: int = 0
    max_lora_rank: int = 16
    draft_layers: int = 0
    """Layers for drafting that are loaded besides (MTP); 0 where there is no speculative decoding."""
    drafting: Drafting | None = None


class Request(Struct, frozen=True):
    """One question: this model on these GPUs under this release of the engine."""

    architecture: Architecture
    gpu: Gpu
    gpu_count: int
    engine: str
    settings: Settings = field(default_factory=Settings)
    draft: Architecture | None = None
    """A second, smaller model that guesses ahead; it is split like the model itself."""

    @property
    def world(self) -> int:
        return self.settings.tensor * self.settings.pipeline * self.settings.data


class Memory(Struct, frozen=True):
    """The memory of one GPU, the one with the least room for the cache."""

    total: Range
    requested: Range
    weights: Range
    activation: Range
    non_torch: Range
    graphs: Range
    cache: Range


class Encoded(Struct, frozen=True):
    """What the cross attention of a request keeps: encoder tokens at most, and how many the engine counts as needed."""

    tokens: int
    counted: int
    bytes_per_token: int
    gib: float
    """Of `counted` tokens, in whole blocks."""


class Cache(Struct, frozen=True):
    """The KV cache as the engine prints it: tokens, and full-length requests at once."""

    bytes_per_token: int
    tokens: Range
    concurrency: Range
    block_size: int
    needed_gib: float
    """What one request of the longest context needs."""
    blocks: int = 0
    sequences: int = 0
    """Blocks that there must be, one for the state of each sequence; 0 where the engine does not ask for it."""
    encoder: Encoded | None = None
    """Of encoder-decoder models; counted in `needed_gib`."""


class Remedy(Struct, frozen=True):
    """A change that makes it fit, checked with the same arithmetic."""

    change: str
    cost: Cost
    gpus: int
    gpu: str
    cache_gib: float
    tokens: int
    concurrency: float
    price_per_hour: float | None = None


class Effective(Struct, frozen=True):
    """The settings as the engine resolves them."""

    generation: Literal["v0", "v1"]
    max_model_len: int
    utilization: float
    max_num_seqs: int
    max_num_batched_tokens: int
    dtype: str
    kv_cache_dtype: str
    enforce_eager: bool
    quantization: str


class Sizing(Struct, frozen=True):
    """The answer. `largest` is the longest context that fits, in tokens."""

    model: str
    gpu: str
    gpu_count: int
    engine: str
    parameters: int
    memory: Memory
    cache: Cache
    requested_length: int
    largest: Range
    verdict: Verdict
    effective: Effective
    short_of: str = ""
    """What decides that it does not fit for certain: `rules` that refuse it, or a name of `shortage.Scarce`."""
    remedies: tuple[Remedy, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


class Objection(Struct, frozen=True):
    """What is wrong with a model, and the value that decides it: a name of `served.FACETS`."""

    code: Code
    message: str
    hint: str
    facet: str


class Assessment(Struct, frozen=True):
    """What sizing says of a model of an environment. Where it cannot be sized, `reason` says why.

    `sizing` may be left out of what was reckoned in an earlier run. `checkpoint_gib` is what a replica reads.
    """

    verdict: Verdict | None
    reason: str = ""
    checkpoint_gib: float | None = None
    objections: tuple[Objection, ...] = ()
    sizing: Sizing | None = None
