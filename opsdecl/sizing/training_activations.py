"""What the forward pass keeps for the backward pass, and what comes on top of everything.

By layer after Korthikanti et al. (arXiv 2205.05198), section 4, with attention that keeps no scores: the inputs of each
matrix, and of each function in between. Checkpointing keeps the input of each layer, and one layer at a time whole.
"""

from opsdecl.catalog.architectures import (
    Attention,
    CompressedAttention,
    Experts,
    FeedForward,
    LatentAttention,
    Layer,
    StateSpace,
)
from opsdecl.sizing.training_types import TrainingRequest
from opsdecl.sizing.types import GIB, Range

SCORES = (0.0, 8.0, 12.0)
"""Bytes for each token and word: none where the loss is reckoned in pieces; else the scores in 16 bits, a copy in 32,
and its gradient."""
DOUBT = (0.7, 1.0, 1.5)
CONTEXT = (0.6, 1.2, 2.0)
"""GiB: the driver's context, the allocator's rounding, and buffers of the links between GPUs."""


def activations(request: TrainingRequest) -> Range:
    tokens = request.per_device * request.length
    width = 4 if request.precision == "fp32" else 2
    hidden = request.architecture.hidden
    each = [_layer(layer, hidden) * width for layer in request.architecture.layers]
    kept = sum(each)
    if request.checkpointing:
        kept = len(each) * hidden * width + max(each, default=0.0)
    layers = tokens * kept / GIB
    words = tokens * request.architecture.vocabulary / GIB
    low, point, high = ((doubt * layers + scores * words) for doubt, scores in zip(DOUBT, SCORES, strict=True))
    return Range(low, point, high)


def overhead(request: TrainingRequest, rest: Range) -> Range:
    """Beside the fixed part, memory that lies between blocks that are in use."""
    low, point, high = CONTEXT
    return Range(low, point + 0.03 * rest.point, high + 0.08 * rest.high)


def _layer(layer: Layer, hidden: int) -> float:
    """Numbers that one token leaves in a layer."""
    kept = 2.0 * hidden  # the inputs of its norms
    for mixer in layer.mixers:
        kept += hidden + _mixer(mixer)
    if isinstance(layer.feed, Experts):
        kept += hidden + 4 * (layer.feed.size * layer.feed.top_k + layer.feed.shared_size)
        kept += hidden * layer.feed.top_k
    elif isinstance(layer.feed, FeedForward):
        kept += hidden + (4 if layer.feed.gated else 2) * layer.feed.size
    return kept


def _mixer(mixer: Attention | LatentAttention | CompressedAttention | StateSpace) -> float:
    match mixer:
        case Attention():
            heads = mixer.heads * (mixer.head_dim + mixer.value_dim)
            # Keys and values, before and after positions are turned into them.
            return heads + mixer.heads * mixer.head_dim + 2.0 * mixer.kv_heads * (mixer.head_dim + mixer.value_dim)
        case LatentAttention():
            wide = mixer.heads * (mixer.nope_dim + mixer.rope_dim)
            return 3.0 * wide + mixer.kv_rank + (mixer.query_rank or 0) + mixer.heads * mixer.value_dim
        case CompressedAttention():
            return 3.0 * mixer.heads * mixer.head_dim + mixer.query_rank + mixer.groups * mixer.output_rank
        case StateSpace():
            return 6.0 * mixer.inner + 2.0 * mixer.key_heads * mixer.state
