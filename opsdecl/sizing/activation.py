"""The peak of activations while the engine profiles itself: a full batch, then a sampling step, images before both."""

from opsdecl.catalog.architectures import (
    Architecture,
    Attention,
    CompressedAttention,
    Experts,
    FeedForward,
    LatentAttention,
    StateSpace,
    Vision,
    distinct,
)
from opsdecl.sizing.compressed import is_compressed
from opsdecl.sizing.encoding import encoded_gib, encoding_peak
from opsdecl.sizing.engines import (
    SAMPLES_IN_CHUNKS_SINCE,
    SECOND_RUNNER_SINCE,
    EngineRules,
    sampler_bytes,
)
from opsdecl.sizing.formats import WIDTH
from opsdecl.sizing.types import GIB, Effective, Range, Request

EXPERT_CHUNK = 32768
"""Tokens that go through the experts at a time."""
SECOND_RUNNER_PEAK = Range(0.0, 0.6, 1.2)
"""GiB of the second model runner's peak. Its source explains what logs of Qwen3 and Gemma 4 print, 0.3 GiB; logs of
Qwen2.5 and Llama print 1.0 GiB for models of 0.5 to 8 billion parameters alike. The point lies between until 0.28.
"""
COMPRESSED_PEAK = Range(1.0, 5.0, 9.0)
"""GiB that two starts of DeepSeek-V4 lack beside what its layers take: indexers' buffers and four residual streams."""
KEPT_ROWS = 3
"""Rows of the hidden size that live at the peak of a layer: input, residual, output."""


def peak(request: Request, rules: EngineRules, effective: Effective) -> Range:
    """GiB of one rank."""
    forward = forward_bytes(request, effective) / GIB
    sampling = 0.0 if _in_chunks(rules, effective) else sampling_bytes(request, rules, effective) / GIB
    text, kept = max(forward, sampling), _kept(request, rules, effective)
    encoded = encoded_gib(request, rules, effective)
    low, high = (0.8, 1.15) if sampling >= forward else (0.75, 1.45)
    if rules.second_runner:
        low, high = 0.6, 1.8
    if not request.architecture.known:
        low, high = low * 0.8, high * 1.6
    images, found = image_range(request, rules, effective), Range(low * text, text + encoded, high * (text + encoded))
    found = _at_least(found, _second_peak(request, rules, effective)) if rules.second_runner else found
    found = _at_least(_at_least(found, images), encoding_peak(request, rules, effective))
    if is_compressed(request.architecture.layers):
        found = found + COMPRESSED_PEAK
    return Range(found.low, found.point + kept, found.high + kept + 0.1)


def _second_peak(request: Request, rules: EngineRules, effective: Effective) -> Range:
    """Before 0.29, the first runner may have run all the same, for what the second could not do yet."""
    if rules.version >= SECOND_RUNNER_SINCE:
        return Range(0, 0, SECOND_RUNNER_PEAK.high)
    first = sampler_bytes(rules.version, second_runner=False) / max(1.0, rules.sampler_bytes)
    return _at_least(SECOND_RUNNER_PEAK, Range(0, 0, first * sampling_bytes(request, rules, effective) / GIB))


def _at_least(one: Range, other: Range) -> Range:
    return Range(max(one.low, other.low), max(one.point, other.point), max(one.high, other.high))


def _in_chunks(rules: EngineRules, effective: Effective) -> bool:
    """V0 profiled prompts in chunks without a sampling step until 0.8."""
    chunked = rules.generation == "v0" and effective.max_num_batched_tokens < effective.max_model_len
    return chunked and rules.version < SAMPLES_IN_CHUNKS_SINCE


def sampling_bytes(request: Request, rules: EngineRules, effective: Effective) -> float:
    """The sampler's dummy run: as many rows as sequences, each as wide as the vocabulary, whatever the parallelism."""
    rows = min(effective.max_num_seqs, effective.max_num_batched_tokens)
    return rules.sampler_bytes * rows * request.architecture.vocabulary


def forward_bytes(request: Request, effective: Effective) -> float:
    """The widest layer for a full batch of tokens."""
    tokens, tensor = effective.max_num_batched_tokens, request.settings.tensor
    width = WIDTH.get(effective.dtype, 2)
    architecture = request.architecture
    rows = KEPT_ROWS * architecture.hidden
    kinds = [layer for layer, _ in distinct(architecture.layers)]
    widest = max((_mixer_row(mixer, tensor) for layer in kinds for mixer in layer.mixers), default=0)
    dense = max((_feed_row(layer.feed, tensor) for layer in kinds), default=0)
    return tokens * (rows + max(widest, dense)) * width + _expert_bytes(architecture, effective, tensor, width)


def _mixer_row(mixer: object, tensor: int) -> float:
    if isinstance(mixer, Attention):
        return (2 * mixer.heads + 2 * mixer.kv_heads) * mixer.head_dim * (1.5 if mixer.gated else 1) / tensor
    if isinstance(mixer, LatentAttention):
        keys = mixer.nope_dim + mixer.rope_dim
        return mixer.heads / tensor * (2 * keys + 2 * mixer.value_dim + mixer.nope_dim) + (mixer.query_rank or 0)
    if isinstance(mixer, CompressedAttention):
        return 3 * mixer.heads * mixer.head_dim / tensor + mixer.query_rank
    if isinstance(mixer, StateSpace):
        return (3 * mixer.inner + 2 * mixer.key_heads * mixer.state) * 2.5 / tensor
    return 0


def _feed_row(feed: FeedForward | Experts | None, tensor: int) -> float:
    if isinstance(feed, FeedForward):
        return (3 if feed.gated else 2) * feed.size / tensor
    if isinstance(feed, Experts):
        return 3 * feed.shared_size / tensor
    return 0


def _expert_bytes(architecture: Architecture, effective: Effective, tensor: int, width: int) -> float:
    """Workspaces of the experts' kernels: every token once per expert that it goes to."""
    feed = architecture.experts
    if feed is None:
        return 0
    tokens = min(effective.max_num_batched_tokens, EXPERT_CHUNK)
    inner = feed.size / tensor
    widest = max(2 * inner, feed.width or architecture.hidden)
    return tokens * feed.top_k * (widest + inner) * width


def image_range(request: Request, rules: EngineRules, effective: Effective) -> Range:
    """What encoding the largest images takes; it stays while the language model runs."""
    vision = request.architecture.vision
    if vision is None or not request.settings.images:
        return Range(0, 0, 0)
    tokens = max(vision.tokens_per_item, effective.max_num_batched_tokens)
    size = encoder_bytes(vision, tokens, request.settings.tensor) / GIB
    return Range(0.3 * size, size, 1.6 * size)


def encoder_bytes(vision: Vision, tokens: int, tensor: int) -> float:
    """One pass over the patches of `tokens` tokens of images, in 16 bits."""
    patches = tokens * vision.patches_per_token
    return patches * (4 * vision.hidden + 2 * vision.intermediate + 3 * vision.hidden) * 2


def _kept(request: Request, rules: EngineRules, effective: Effective) -> float:
    """Embeddings of images wait in a cache for the language model."""
    vision = request.architecture.vision
    if vision is None or not request.settings.images:
        return 0
    tokens = max(vision.tokens_per_item, effective.max_num_batched_tokens)
    return tokens * request.architecture.hidden * 2 / GIB
