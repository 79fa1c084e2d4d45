"""The KV cache of one rank: what each layer keeps, how layers are grouped, how many blocks there are."""

from collections import Counter
from math import ceil, lcm
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.catalog.architectures import Attention, CompressedAttention, LatentAttention, Layer, StateSpace, distinct
from opsdecl.sizing.compressed import DOUBT, is_compressed, pool_pages
from opsdecl.sizing.encoding import counted_tokens, tokens_of
from opsdecl.sizing.engines import (
    CHECKPOINTS_SINCE,
    LATENT_STATE_BLOCKS_SINCE,
    PADDED_LATENT,
    WIDE_STATE_BLOCKS,
    EngineRules,
    has_delta_kernels,
)
from opsdecl.sizing.formats import WIDTH
from opsdecl.sizing.types import GIB, Effective, Encoded, Request

CacheKind = Literal["full", "window", "chunk", "state", "history", "latent", "index", "cross"]
"""`state`: some blocks for a request; `history`: one in every block of its tokens; `cross`: those of its encoder's."""
STATES: tuple[CacheKind, ...] = ("state", "history")
MAMBA_CHUNK = 256
"""Tokens to which blocks with a state in each are aligned, as most configurations have it."""
LATENT_PADDED = 1280
"""Bytes per token of latent attention where rows are padded to 256 bytes."""
FP8_LATENT = 656
SCALE_BYTES = 4
NEVER = (999, 0, 0)
INDEX_BYTES = 132


class LayerCache(Struct, frozen=True):
    """What one layer keeps: bytes of a block (`page`), tokens in a block, and the reach of its attention."""

    kind: CacheKind
    page: int
    block: int
    reach: int = 0

    def blocks_for(self, length: int, in_flight: int, states: int) -> int:
        """Blocks of one request of `length` tokens while `in_flight` tokens are being worked on."""
        match self.kind:
            case "window":
                return ceil(min(self.reach - 1 + in_flight, length) / self.block) + 1
            case "chunk":
                return ceil(min(self.reach + in_flight, length) / self.block)
            case "state":
                return states
            case "cross":
                return ceil(self.reach / self.block)
            case _:
                return ceil(length / self.block)


class Group(Struct, frozen=True):
    """Layers that share one table of blocks."""

    cache: LayerCache
    layers: int


class Pool(Struct, frozen=True):
    """The caches of one rank: `page` bytes are one block of every layer of a group at once."""

    groups: tuple[Group, ...]
    page: int
    layers: tuple[tuple[LayerCache, int], ...]
    in_flight: int
    states: int
    encoder: Encoded | None = None
    doubt: tuple[float, float] = (1.0, 1.0)
    """What it may hold less and more, where how an engine packs pages is not known for certain."""

    def blocks(self, available: float) -> int:
        return max(0, int(available // self.page)) if self.page else 0

    def blocks_for(self, length: int) -> int:
        """Blocks of one request over all groups."""
        return sum(group.cache.blocks_for(length, self.in_flight, self.states) for group in self.groups)

    def needed(self, length: int) -> int:
        """Bytes that one request of `length` tokens needs, layer by layer, as the engine checks it."""
        return sum(
            count * cache.page * cache.blocks_for(length, self.in_flight, self.states) for cache, count in self.layers
        )

    def bytes_per_token(self) -> int:
        """Of layers whose cache grows with every token; of windows where there are no others."""
        growing = [(c, n) for c, n in self.layers if c.kind in ("full", "latent", "index")]
        growing = growing or [(c, n) for c, n in self.layers if c.kind in ("window", "chunk")]
        return sum(round(count * cache.page / cache.block) for cache, count in growing)

    @property
    def block(self) -> int:
        return min((group.cache.block for group in self.groups if group.cache.kind not in STATES), default=16)

    @property
    def encoder_blocks(self) -> int:
        """Blocks that V0 gives a request's encoder, of all layers at once."""
        return ceil(self.encoder.counted / self.block) if self.encoder else 0


def pool_of(request: Request, rules: EngineRules, effective: Effective, layers: tuple[Layer, ...]) -> Pool:
    counted = layer_caches(request, rules, effective, layers)
    grouped = _groups(counted, rules)
    page = max((g.cache.page * g.layers for g in grouped), default=0)
    if rules.generation == "v0":
        page = sum(cache.page * count for cache, count in counted)
    in_flight = rules.in_flight * effective.max_num_batched_tokens
    doubt = DOUBT if is_compressed(layers) else (1.0, 1.0)
    encoded = _encoded(request, rules, effective, counted)
    return Pool(grouped, page, counted, in_flight, _states_of_request(request, rules), encoded, doubt)


def _encoded(
    request: Request, rules: EngineRules, effective: Effective, caches: tuple[tuple[LayerCache, int], ...]
) -> Encoded | None:
    """V0 gives an encoder's tokens blocks of all layers, V1 only of those that attend across."""
    if request.architecture.encoder is None:
        return None
    kept = [(c, n) for c, n in caches if rules.generation == "v0" or c.kind == "cross"]
    counted = counted_tokens(request, rules, effective)
    whole = sum(n * cache.page * ceil(counted / cache.block) for cache, n in kept)
    return Encoded(tokens_of(request), counted, sum(n * c.page // c.block for c, n in kept), whole / GIB)


def _states_of_request(request: Request, rules: EngineRules) -> int:
    """One; where prefixes are cached that of the last block besides, and one that a long prompt leaves on its way."""
    if not rules.aligned_states:
        return 1
    mixer = request.architecture.state_space
    cached = caches_prefixes(request, rules)
    since = CHECKPOINTS_SINCE.get(mixer.kind, NEVER) if mixer is not None else NEVER
    able = mixer is not None and (mixer.kind != "gdn" or has_delta_kernels(request.gpu))
    checkpoint = cached and able and rules.version >= since
    return 1 + int(cached) + int(checkpoint) + guessed_tokens(request)


def caches_prefixes(request: Request, rules: EngineRules) -> bool:
    """Of a model with states."""
    asked = request.settings.prefix_caching
    return rules.prefixes_of_states if asked is None else asked


def _keeps_history(request: Request, rules: EngineRules) -> bool:
    mixer = request.architecture.state_space
    mamba = mixer is not None and mixer.kind in ("mamba1", "mamba2")
    return mamba and rules.states_by_block and caches_prefixes(request, rules)


def layer_caches(
    request: Request, rules: EngineRules, effective: Effective, layers: tuple[Layer, ...]
) -> tuple[tuple[LayerCache, int], ...]:
    """Caches with the number of layers that have them, states made to match blocks of attention."""
    if is_compressed(layers):
        page, tables = pool_pages(layers, request.settings.draft_layers)
        return tuple((LayerCache(each.kind, page, each.block, each.reach), count) for each, count in tables)
    width = cache_width(effective)
    block = _block_size(request, rules)
    made = Counter[LayerCache]()
    for layer, times in _with_caches(request, rules, layers):
        for mixer in () if layer.shares_cache else layer.mixers:
            for cache in _caches_of(mixer, request, rules, effective, width, block):
                made[cache] += times
    if request.settings.draft_layers:
        made.update(_draft_caches(made))
    for layer, times in distinct(request.draft.layers) if request.draft else ():
        for mixer in () if layer.shares_cache else layer.mixers:
            for cache in _caches_of(mixer, request, rules, effective, width, block):
                made[cache] += times
    counted = made if rules.grouped else _flattened(made)
    if rules.generation == "v0":
        return tuple((cache, count) for cache, count in counted.items() if cache.kind != "state")
    return _aligned(dict(counted), rules, request)


def _with_caches(request: Request, rules: EngineRules, layers: tuple[Layer, ...]) -> list[tuple[Layer, int]]:
    """V0 gives each of the configuration's `num_hidden_layers` layers one cache, for both kinds of attention."""
    encoder, attention = request.architecture.encoder, request.architecture.attention
    if encoder is None or attention is None or rules.generation == "v1":
        return distinct(layers)
    return [(Layer((attention,)), encoder.caches)]


def _draft_caches(made: Counter[LayerCache]) -> list[LayerCache]:
    """The layer for drafting keeps a cache like the last of the others."""
    return [cache for cache in made if cache.kind in ("full", "latent")][-1:]


def cache_width(effective: Effective) -> int:
    """Bytes of one number in the cache."""
    kind = effective.kv_cache_dtype
    if kind.startswith(("fp8", "int8")):
        return 1
    return WIDTH.get(kind, WIDTH.get(effective.dtype, 2))


def _head_bytes(numbers: int, kind: str, width: int) -> int:
    """Keys and values of one token of one head, with the scales that packed formats keep beside them."""
    if kind.startswith("nvfp4"):
        return numbers // 2 + numbers // 16
    if kind.endswith("_per_token_head"):
        return (numbers // 2 if kind.startswith("int4") else numbers) + 2 * SCALE_BYTES
    return numbers * width


def _block_size(request: Request, rules: EngineRules) -> int:
    if rules.generation == "v0":
        return 16
    asked = request.settings.block_size
    latent = request.architecture.latent
    if latent is not None:
        return max(asked or 0, 64 if rules.version >= (0, 10, 0) or request.gpu.capability[0] >= 9 else 16)
    return asked or 16


def _caches_of(
    mixer: Attention | LatentAttention | CompressedAttention | StateSpace,
    request: Request,
    rules: EngineRules,
    effective: Effective,
    width: int,
    block: int,
) -> tuple[LayerCache, ...]:
    tensor = request.settings.tensor
    if isinstance(mixer, StateSpace):
        return (LayerCache("state", state_bytes(mixer, tensor, effective, guessed_tokens(request)), 1),)
    if isinstance(mixer, CompressedAttention):
        return ()
    if isinstance(mixer, LatentAttention):
        return _latent_caches(mixer, rules, effective, width, block, tensor)
    heads = max(1, mixer.kv_heads // tensor)
    page = block * heads * _head_bytes(mixer.head_dim + mixer.value_dim, effective.kv_cache_dtype, width)
    if mixer.cross:
        return (LayerCache("cross", page, block, counted_tokens(request, rules, effective)),)
    if mixer.window is not None:
        return (LayerCache("window", page, block, mixer.window),)
    if mixer.chunk is not None:
        return (LayerCache("chunk", page, block, mixer.chunk),)
    return (LayerCache("full", page, block),)


def _latent_caches(
    mixer: LatentAttention, rules: EngineRules, effective: Effective, width: int, block: int, tensor: int
) -> tuple[LayerCache, ...]:
    row = (mixer.kv_rank + mixer.rope_dim) * width
    if rules.generation == "v0":
        if rules.version < (0, 7, 0):
            row = 2 * 256 * max(1, mixer.heads // tensor) * width
        elif PADDED_LATENT[0] <= rules.version < PADDED_LATENT[1]:
            row = LATENT_PADDED * width // 2
    elif mixer.index_heads and effective.kv_cache_dtype.startswith("fp8"):
        row = FP8_LATENT
    caches = (LayerCache("latent", block * row, block),)
    if mixer.index_heads and rules.generation == "v1":
        return (*caches, LayerCache("index", block * INDEX_BYTES, block))
    return caches


def guessed_tokens(request: Request) -> int:
    """Tokens that are guessed ahead in a step; 0 without speculative decoding."""
    return request.settings.drafting.tokens if request.settings.drafting else 0


def state_bytes(mixer: StateSpace, tensor: int, effective: Effective, guessed: int = 0) -> int:
    """Bytes of the convolution's and the recurrence's state of one request in one layer of one rank.

    The convolution of delta nets reaches back over tokens that were guessed as well.
    """
    width = WIDTH.get(effective.dtype, 2)
    deep = mixer.state_bytes or width
    keys = mixer.key_heads * mixer.state
    heads = ceil(mixer.heads / tensor)
    match mixer.kind:
        case "gdn":
            convolution = (mixer.kernel - 1 + guessed) * (2 * keys + mixer.inner) // tensor * width
            return convolution + heads * mixer.head_dim * mixer.state * deep
        case "kda":
            convolution = 3 * (mixer.kernel - 1) * mixer.inner // tensor * width
            return convolution + heads * mixer.head_dim**2 * 4
        case "mamba2":
            groups = mixer.key_heads if mixer.key_heads % tensor == 0 else tensor
            convolution = (mixer.kernel - 1) * (mixer.inner + 2 * groups * mixer.state) // tensor * width
            return convolution + heads * mixer.head_dim * mixer.state * deep
        case "mamba1":
            return mixer.inner // tensor * ((mixer.kernel - 1) * width + mixer.state * deep)
        case _:
            return (mixer.kernel - 1) * mixer.inner // tensor * width


def _flattened(made: Counter[LayerCache]) -> Counter[LayerCache]:
    """Releases without groups treat windows as full attention where both kinds are present."""
    if not any(cache.kind == "full" for cache in made):
        return made
    flat = Counter[LayerCache]()
    for cache, count in made.items():
        flat[replace(cache, kind="full", reach=0) if cache.kind in ("window", "chunk") else cache] += count
    return flat


def _aligned(
    counted: dict[LayerCache, int], rules: EngineRules, request: Request
) -> tuple[tuple[LayerCache, int], ...]:
    """Blocks of attention grow until one holds a state; the state is padded to it."""
    states = [cache for cache in counted if cache.kind == "state"]
    grown = [cache for cache in counted if cache.kind != "state"]
    if not states or not grown:
        return tuple(counted.items())
    largest = max(cache.page for cache in states)
    token = min(cache.page // cache.block for cache in grown)
    history = _keeps_history(request, rules)
    step = lcm(_alignment(request, rules, grown), MAMBA_CHUNK if history else 1)
    block = max(max(cache.block for cache in grown), step * ceil(largest / (step * token)))
    page = max(cache.page // cache.block for cache in grown) * block
    wide = {replace(c, page=c.page // c.block * block, block=block): counted[c] for c in grown}
    padded = Counter[LayerCache]()
    for cache in states:
        kept = replace(cache, page=page, kind="history", block=block) if history else replace(cache, page=page)
        padded[kept] += counted[cache]
    return (*wide.items(), *padded.items())


def _alignment(request: Request, rules: EngineRules, grown: list[LayerCache]) -> int:
    if any(cache.kind == "latent" for cache in grown):
        return 128 if rules.version >= LATENT_STATE_BLOCKS_SINCE else 64
    attention = request.architecture.attention
    wide = attention is not None and attention.head_dim == 256 and request.gpu.capability[0] == 10
    return 32 if wide and WIDE_STATE_BLOCKS[0] <= rules.version < WIDE_STATE_BLOCKS[1] else 16


def _groups(counted: tuple[tuple[LayerCache, int], ...], rules: EngineRules) -> tuple[Group, ...]:
    """Groups of equally many layers that draw from one pool."""
    kinds = _one_page(counted)
    if len(kinds) <= 1:
        return tuple(Group(cache, count) for cache, count in kinds)
    if all(cache.kind in ("full", "latent", "index") for cache, _ in kinds):
        whole = sum(cache.page * count for cache, count in kinds)
        return (Group(replace(kinds[0][0], page=whole), 1),)
    size = min(count for _, count in kinds)
    most = max(count for _, count in kinds)
    if most < size * rules.group_slack:
        size = most
    return tuple(Group(cache, size) for cache, count in kinds for _ in range(ceil(count / size)))


def _one_page(counted: tuple[tuple[LayerCache, int], ...]) -> list[tuple[LayerCache, int]]:
    """Caches with smaller pages get longer blocks, so that all pages are of one size."""
    kinds = [(cache, count) for cache, count in counted]
    if all(cache.kind in ("full", "latent", "index") for cache, _ in kinds):
        return kinds
    largest = max((cache.page for cache, _ in kinds), default=0)
    return [
        (replace(c, page=largest, block=c.block * largest // c.page) if c.kind not in STATES and c.page else c, n)
        for c, n in kinds
    ]
