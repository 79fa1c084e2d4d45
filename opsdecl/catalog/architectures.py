"""What a model is made of, as far as memory goes: layers by type, widths, vocabulary, towers, quantisation."""

from collections import Counter
from functools import cached_property
from typing import Literal

from msgspec import Struct, field

QuantizationMethod = Literal[
    "none", "fp8", "fp8-block", "int8", "int4", "nvfp4", "mxfp4", "mxfp8", "bnb-nf4", "bnb-int8", "gguf", "unknown"
]


class Attention(Struct, frozen=True):
    """Attention with keys and values per head. `window` and `chunk` are in tokens; widths of heads in numbers."""

    heads: int
    kv_heads: int
    head_dim: int
    value_dim: int
    bias: bool = False
    output_bias: bool = False
    head_norms: bool = False
    gated: bool = False
    sinks: bool = False
    window: int | None = None
    chunk: int | None = None
    values_are_keys: bool = False
    cross: bool = False
    """Whether keys and values are those of the encoder's tokens."""


class LatentAttention(Struct, frozen=True):
    """Multi-head latent attention: one compressed row per token, shared by all heads."""

    heads: int
    query_rank: int | None
    kv_rank: int
    nope_dim: int
    rope_dim: int
    value_dim: int
    index_heads: int = 0
    index_dim: int = 0


class CompressedAttention(Struct, frozen=True):
    """DeepSeek-V4's attention: a window, and besides it one row for every `ratio` tokens, which a small indexer picks
    from where `ratio` is 4; 0 is the window alone. Outputs are projected in `groups` of heads, over `output_rank`.
    """

    heads: int
    head_dim: int
    query_rank: int
    output_rank: int
    groups: int
    window: int
    ratio: int = 0
    index_heads: int = 0
    index_dim: int = 0


class StateSpace(Struct, frozen=True):
    """A layer with a state of fixed size per request: Mamba, gated delta net, Kimi delta attention, convolution.

    `key_heads` are groups for Mamba-2; `state` is its state size and the key head's width elsewhere.
    """

    kind: Literal["mamba1", "mamba2", "gdn", "kda", "conv"]
    heads: int
    head_dim: int
    key_heads: int
    state: int
    kernel: int
    inner: int
    bias: bool = False
    state_bytes: int | None = None
    """Bytes per number of the recurrent state where the checkpoint fixes them; the engine's default where None."""


class FeedForward(Struct, frozen=True):
    """A dense block: two matrices, three where it is gated."""

    size: int
    gated: bool = True
    bias: bool = False


class Experts(Struct, frozen=True):
    """Routed experts with what every token passes besides: a shared expert, a dense block beside (Gemma 4)."""

    count: int
    top_k: int
    size: int
    shared_size: int = 0
    shared_gate: bool = False
    gated: bool = True
    bias: bool = False
    width: int | None = None
    """Width that experts see where tokens are projected down first; the hidden size where None."""


class Layer(Struct, frozen=True):
    """One block of the stack. `shares_cache` tells that it reads an earlier layer's keys and values."""

    mixers: tuple[Attention | LatentAttention | CompressedAttention | StateSpace, ...] = ()
    feed: FeedForward | Experts | None = None
    norms: int = 2
    shares_cache: bool = False


class Quantization(Struct, frozen=True):
    """How the checkpoint's weights are stored. Modules of `excluded` classes keep the model's own number format."""

    method: QuantizationMethod
    name: str = ""
    bits: float = 16
    group: int = 0
    zero_points: bool = False
    dynamic: bool = True
    excluded: tuple[str, ...] = ()
    kv_cache: str = ""
    only_experts: bool = False
    experts: QuantizationMethod = "none"
    """Another format of the routed experts; `none` is that of the rest."""
    online: bool = False
    by_name: bool = False
    """Read out of a repository's name, so that whoever says a width knows better."""
    guessed: bool = False
    """Read out of a name that leaves open which classes of modules stay in 16 bits (NVFP4)."""


class Vision(Struct, frozen=True):
    """A tower for images: parameters, and what it takes to encode `tokens` patches of width `hidden` at once."""

    parameters: int
    hidden: int
    intermediate: int
    layers: int
    patches_per_token: int
    tokens_per_item: int
    split: bool = True
    """Whether tensor parallelism splits it; some towers are copied to every GPU."""


class Encoder(Struct, frozen=True):
    """A stack of its own that reads a request's input once; cross attention keeps keys and values of its tokens.

    `tokens` is the most that one request has, `computed` what they are padded to. `copied` counts the parameters that
    every GPU holds whole, `states` the hidden states that are kept beside the last one.
    """

    reads: Literal["text", "audio", "images"]
    tokens: int
    computed: int
    hidden: int
    layers: tuple[Layer, ...]
    copied: int
    caches: int
    """Layers that V0 allocates a cache for: those of `num_hidden_layers`, whichever stack that counts."""
    states: int = 0
    masked: bool = False
    """Whether a mask over all pairs of a request's tokens is built."""

    @property
    def inner(self) -> int:
        return max((layer.feed.size for layer in self.layers if isinstance(layer.feed, FeedForward)), default=0)


class RotaryTable(Struct, frozen=True):
    """A table of cosines and sines: rows × width numbers."""

    rows: int
    width: int


class Architecture(Struct, frozen=True, dict=True):
    """A model by its shape. `known` is False where the family is not one that the tool has read: figures are wider."""

    name: str
    family: str
    hidden: int
    vocabulary: int
    layers: tuple[Layer, ...]
    max_position: int
    tied: bool = False
    rotary: tuple[RotaryTable, ...] = ()
    vision: Vision | None = None
    encoder: Encoder | None = None
    """Of encoder-decoder models."""
    quantization: Quantization = field(default_factory=lambda: Quantization("none"))
    dtype: str = "bfloat16"
    extra_parameters: int = 0
    """Parameters outside the stack, the embedding and the tower (per-layer embeddings and the like)."""
    draft_layers: int = 0
    known: bool = True
    learned_positions: int = 0
    copied_vocabulary: bool = False
    """Whether every GPU holds the whole embedding, however far the model is split."""

    @cached_property
    def experts(self) -> Experts | None:
        return next((layer.feed for layer in self.layers if isinstance(layer.feed, Experts)), None)

    @cached_property
    def dense(self) -> FeedForward | None:
        return next((layer.feed for layer in self.layers if isinstance(layer.feed, FeedForward)), None)

    @cached_property
    def attention(self) -> Attention | None:
        """The first layer of plain attention; full attention before windows."""
        mixers = (mixer for layer in self.layers for mixer in layer.mixers)
        found = [mixer for mixer in mixers if isinstance(mixer, Attention) and not mixer.cross]
        return next((one for one in found if one.window is None and one.chunk is None), found[0] if found else None)

    @cached_property
    def latent(self) -> LatentAttention | None:
        return next((m for layer in self.layers for m in layer.mixers if isinstance(m, LatentAttention)), None)

    @cached_property
    def state_space(self) -> StateSpace | None:
        return next((m for layer in self.layers for m in layer.mixers if isinstance(m, StateSpace)), None)


def distinct(layers: tuple[Layer, ...]) -> list[tuple[Layer, int]]:
    """Layers with how often each occurs, in order. Equal layers of an architecture are one object."""
    counted = Counter(map(id, layers))
    return [(layer, counted[key]) for key, layer in {id(layer): layer for layer in layers}.items()]
