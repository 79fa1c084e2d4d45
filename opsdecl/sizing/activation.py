"""The peak of activations while the engine profiles itself: a full batch, then a sampling step, images before both."""

from opsdecl.catalog.architectures import (
    Architecture,
    Attention,
    Experts,
    FeedForward,
    LatentAttention,
    StateSpace,
    Vision,
    distinct,
)
from opsdecl.sizing.engines import SECOND_RUNNER_SINCE, EngineRules
from opsdecl.sizing.formats import WIDTH
from opsdecl.sizing.types import GIB, Effective, Range, Request

EXPERT_CHUNK = 32768
"""Tokens that go through the experts at a time."""
KEPT_ROWS = 3
"""Rows of the hidden size that live at the peak of a layer: input, residual, output."""


def peak(request: Request, rules: EngineRules, effective: Effective) -> Range:
    """GiB of one rank."""
    forward = forward_bytes(request, effective) / GIB
    sampling = 0.0 if _in_chunks(rules, effective) else sampling_bytes(request, rules, effective) / GIB
    text = max(forward, sampling)
    low, high = (0.9, 1.15) if sampling >= forward else (0.75, 1.45)
    if rules.second_runner:
        low, high = 0.6, 1.8 if rules.version >= SECOND_RUNNER_SINCE else 2.5
    if not request.architecture.known:
        low, high = low * 0.8, high * 1.6
    images = image_range(request, rules, effective)
    return Range(
        max(low * text, images.low),
        max(text, images.point) + _kept(request, rules, effective),
        max(high * text, images.high) + _kept(request, rules, effective) + 0.1,
    )


def _in_chunks(rules: EngineRules, effective: Effective) -> bool:
    """V0 profiles prompts in chunks without a sampling step."""
    return rules.generation == "v0" and effective.max_num_batched_tokens < effective.max_model_len


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
    if vision is None or not request.settings.images or _skips_images(rules):
        return Range(0, 0, 0)
    tokens = max(vision.tokens_per_item, effective.max_num_batched_tokens)
    size = encoder_bytes(vision, tokens, request.settings.tensor) / GIB
    return Range(0.3 * size, size, 1.6 * size)


def _skips_images(rules: EngineRules) -> bool:
    """The second model runner did not profile towers before it ran every model."""
    return rules.second_runner and rules.version < SECOND_RUNNER_SINCE


def encoder_bytes(vision: Vision, tokens: int, tensor: int) -> float:
    """One pass over the patches of `tokens` tokens of images, in 16 bits."""
    patches = tokens * vision.patches_per_token
    return patches * (4 * vision.hidden + 2 * vision.intermediate + 3 * vision.hidden) * 2


def _kept(request: Request, rules: EngineRules, effective: Effective) -> float:
    """Embeddings of images wait in a cache for the language model."""
    vision = request.architecture.vision
    if vision is None or not request.settings.images or _skips_images(rules):
        return 0
    tokens = max(vision.tokens_per_item, effective.max_num_batched_tokens)
    return tokens * request.architecture.hidden * 2 / GIB
