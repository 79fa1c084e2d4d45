"""The matrices of a model, layer by layer, and how tensor parallelism cuts each."""

from collections.abc import Iterator
from math import ceil
from typing import Literal

from msgspec import Struct

from opsdecl.catalog.architectures import (
    Architecture,
    Attention,
    CompressedAttention,
    Encoder,
    Experts,
    FeedForward,
    LatentAttention,
    Layer,
    StateSpace,
    distinct,
)

Kind = Literal["attention", "dense", "experts", "shared", "state", "router", "small"]


class Matrix(Struct, frozen=True):
    """rows (outputs) × columns (inputs), `count` times. `units` of the cut side can go to GPUs of their own.

    `cut` names the side that is split; None is copied to every GPU.
    """

    rows: int
    columns: int
    kind: Kind
    cut: Literal["rows", "columns"] | None = None
    units: int = 1
    count: int = 1

    @property
    def cells(self) -> int:
        return self.rows * self.columns * self.count

    def on_rank(self, tensor: int) -> tuple[int, int]:
        """Rows and columns of one GPU; what cannot be cut further is copied."""
        if self.cut is None or tensor == 1:
            return self.rows, self.columns
        share = max(1, ceil(self.units / tensor)) / self.units
        if self.cut == "rows":
            return round(self.rows * share), self.columns
        return self.rows, round(self.columns * share)


def layer_matrices(layer: Layer, hidden: int) -> tuple[Matrix, ...]:
    """Everything of one layer that has parameters; biases and norms are single columns."""
    made: list[Matrix] = [Matrix(layer.norms * hidden, 1, "small")]
    for mixer in layer.mixers:
        if isinstance(mixer, Attention):
            made += _attention(mixer, hidden, layer.shares_cache)
        elif isinstance(mixer, LatentAttention):
            made += _latent(mixer, hidden)
        elif isinstance(mixer, CompressedAttention):
            made += _compressed(mixer, hidden)
        else:
            made += _state_space(mixer, hidden)
    if isinstance(layer.feed, Experts):
        made += _experts(layer.feed, hidden)
    elif layer.feed is not None:
        made += _dense(layer.feed, hidden)
    return tuple(made)


def _attention(mixer: Attention, hidden: int, shares_cache: bool) -> Iterator[Matrix]:
    query = mixer.heads * mixer.head_dim * (2 if mixer.gated else 1)
    keys, values = mixer.kv_heads * mixer.head_dim, mixer.kv_heads * mixer.value_dim
    if shares_cache:
        keys = values = 0
    values = 0 if mixer.values_are_keys else values
    yield Matrix(query, hidden, "attention", "rows", mixer.heads)
    if keys:
        yield Matrix(keys + values, hidden, "attention", "rows", mixer.kv_heads)
    yield Matrix(hidden, mixer.heads * mixer.value_dim, "attention", "columns", mixer.heads)
    if mixer.bias:
        yield Matrix(query, 1, "small", "rows", mixer.heads)
        yield Matrix(keys + values, 1, "small", "rows", mixer.kv_heads)
    if mixer.output_bias:
        yield Matrix(hidden, 1, "small")
    if mixer.head_norms:
        yield Matrix(2 * mixer.head_dim, 1, "small")


def _latent(mixer: LatentAttention, hidden: int) -> Iterator[Matrix]:
    query = mixer.heads * (mixer.nope_dim + mixer.rope_dim)
    if mixer.query_rank:
        yield Matrix(mixer.query_rank, hidden, "attention")
        yield Matrix(query, mixer.query_rank, "attention", "rows", mixer.heads)
    else:
        yield Matrix(query, hidden, "attention", "rows", mixer.heads)
    yield Matrix(mixer.kv_rank + mixer.rope_dim, hidden, "attention")
    yield Matrix(mixer.heads * (mixer.nope_dim + mixer.value_dim), mixer.kv_rank, "attention", "rows", mixer.heads)
    yield Matrix(hidden, mixer.heads * mixer.value_dim, "attention", "columns", mixer.heads)
    if mixer.index_heads:
        yield Matrix(mixer.index_heads * mixer.index_dim, mixer.query_rank or hidden, "attention")
        yield Matrix(mixer.index_dim + mixer.index_heads, hidden, "small")


def _compressed(mixer: CompressedAttention, hidden: int) -> Iterator[Matrix]:
    """What makes compressed rows is copied to every GPU, in 16 bits."""
    inner, outputs = mixer.heads * mixer.head_dim, mixer.groups * mixer.output_rank
    yield Matrix(mixer.query_rank + mixer.head_dim, hidden, "attention")
    yield Matrix(inner, mixer.query_rank, "attention", "rows", mixer.heads)
    yield Matrix(outputs, inner // mixer.groups, "attention", "rows", mixer.groups)
    yield Matrix(hidden, outputs, "attention", "columns", mixer.groups)
    if mixer.ratio:
        yield Matrix((4 if mixer.ratio == 4 else 2) * mixer.head_dim, hidden, "small")
    if mixer.index_heads:
        yield Matrix(mixer.index_heads * mixer.index_dim, mixer.query_rank, "attention")
        yield Matrix(4 * mixer.index_dim + mixer.index_heads, hidden, "small")


def _state_space(mixer: StateSpace, hidden: int) -> Iterator[Matrix]:
    keys = mixer.key_heads * mixer.state
    match mixer.kind:
        case "mamba2":
            groups = Matrix(2 * keys, hidden, "state", "rows", mixer.key_heads)
            yield from (Matrix(2 * mixer.inner + mixer.heads, hidden, "state", "rows", mixer.heads), groups)
            yield Matrix(mixer.inner + 2 * keys, mixer.kernel + 1, "small", "rows", mixer.heads)
            yield Matrix(mixer.inner + 3 * mixer.heads, 1, "small", "rows", mixer.heads)
        case "gdn":
            yield Matrix(2 * keys + 2 * mixer.inner, hidden, "state", "rows", mixer.heads)
            yield Matrix(2 * mixer.heads, hidden, "small", "rows", mixer.heads)
            yield Matrix(2 * keys + mixer.inner, mixer.kernel, "small", "rows", mixer.heads)
        case "kda":
            yield Matrix(3 * mixer.inner, hidden, "state", "rows", mixer.heads)
            yield Matrix(2 * mixer.head_dim, hidden, "state")
            yield Matrix(2 * mixer.inner, mixer.head_dim, "state", "rows", mixer.heads)
            yield Matrix(mixer.heads, hidden, "small", "rows", mixer.heads)
            yield Matrix(3 * mixer.inner, mixer.kernel, "small", "rows", mixer.heads)
        case "mamba1":
            rank = ceil(hidden / 16)
            yield Matrix(2 * mixer.inner, hidden, "state", "rows", mixer.inner)
            yield Matrix(rank + 2 * mixer.state, mixer.inner, "state", "columns", mixer.inner)
            yield Matrix(mixer.inner, rank + mixer.kernel + 2 * mixer.state, "small", "rows", mixer.inner)
        case "conv":
            yield Matrix(3 * mixer.inner, hidden, "state", "rows", mixer.inner)
            yield Matrix(mixer.inner, mixer.kernel, "small", "rows", mixer.inner)
    yield Matrix(hidden, mixer.inner, "state", "columns", mixer.inner if mixer.kind == "conv" else mixer.heads)


def _dense(feed: FeedForward, hidden: int, kind: Kind = "dense") -> Iterator[Matrix]:
    inputs = 2 if feed.gated else 1
    yield Matrix(inputs * feed.size, hidden, kind, "rows", feed.size)
    yield Matrix(hidden, feed.size, kind, "columns", feed.size)
    if feed.bias:
        yield Matrix(inputs * feed.size, 1, "small", "rows", feed.size)


def _experts(feed: Experts, hidden: int) -> Iterator[Matrix]:
    width, inputs = feed.width or hidden, 2 if feed.gated else 1
    yield Matrix(feed.count, hidden, "router")
    yield Matrix(inputs * feed.size, width, "experts", "rows", feed.size, feed.count)
    yield Matrix(width, feed.size, "experts", "columns", feed.size, feed.count)
    if feed.width:
        yield Matrix(2 * width, hidden, "dense")
    if feed.bias:
        yield Matrix(feed.count * inputs * feed.size, 1, "small", "rows", feed.size)
        yield Matrix(feed.count * hidden, 1, "small")
    if feed.shared_size:
        yield from _dense(FeedForward(feed.shared_size, feed.gated), hidden, "shared")
    if feed.shared_gate:
        yield Matrix(1, hidden, "small")


def parameter_count(architecture: Architecture) -> int:
    """All parameters, as a publisher counts them: towers included, layers for drafting not."""
    stack = sum(
        count * sum(matrix.cells for matrix in layer_matrices(layer, architecture.hidden))
        for layer, count in distinct(architecture.layers)
    )
    ends = architecture.vocabulary * architecture.hidden * (1 if architecture.tied else 2)
    tower = architecture.vision.parameters if architecture.vision else 0
    rest = architecture.extra_parameters + architecture.learned_positions * architecture.hidden
    return stack + ends + architecture.hidden + tower + rest + encoder_parameters(architecture.encoder)


def encoder_parameters(encoder: Encoder | None) -> int:
    if encoder is None:
        return 0
    stack = (
        count * sum(matrix.cells for matrix in layer_matrices(layer, encoder.hidden))
        for layer, count in distinct(encoder.layers)
    )
    return encoder.copied + sum(stack)
