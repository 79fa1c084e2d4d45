"""Memory beside weights, activations and cache: contexts, communication, CUDA graphs."""

from opsdecl.catalog.architectures import StateSpace
from opsdecl.sizing.engines import CONSUMPTION_SINCE, EngineRules, has_delta_kernels
from opsdecl.sizing.types import GIB, Effective, Gpu, Memory, Range, Request

MIB_PER_GRAPH_AND_LAYER = 0.18
FIRST_GRAPH_GIB = 0.15
TRANSIENT_BYTES = 8
ACTIVATIONS_FREED = 0.8
GRAPHS_AT_LEAST = 0.7
"""Share of the estimate of graphs without which a start is in doubt."""
"""What one captured graph takes per layer, as start-up logs show; a large graph of a wide model takes more."""
LARGEST_GRAPH = 512
GRAPHS_OF_DECODING_SINCE = (0, 13, 0)
LAST_STAGE = Range(0.0, 1.0, 2.2)
"""The last stage of V0's pipelines: the one log of one shows 2 GiB more than at the first, and not for what."""
GRAPHS_BY_TRITON = Range(0.3, 1.0, 1.7)
DELTA_CHUNK = 64
DELTA_ROWS = 6
"""Rows of the inner width that Triton's kernels of delta nets hold per token: q and k, v, w, u, new v, output."""
UNIFIED = frozenset({"gb10"})
"""GPUs that share their memory with the system."""


def non_torch(request: Request, rules: EngineRules, effective: Effective, weights: float) -> Range:
    """GiB outside the framework's allocator: NCCL, kernels, libraries, and the context where it counts.

    `weights` in GiB: where GPU and system share memory, files that were read count as taken. What the sampler keeps is
    in here too, since the log counts it with consumption.
    """
    alone = Range(0.02, 0.1, 0.35)
    found = alone if request.world == 1 else _communication(request, rules)
    if rules.context_in_budget:
        found = found + context_of(request.gpu)
    if rules.version >= CONSUMPTION_SINCE:
        kept = rules.sampler_state_bytes * effective.max_num_seqs * request.architecture.vocabulary / GIB
        found = found + Range(kept, kept + 0.15, kept + 0.5)
    if request.settings.pipeline > 1 and rules.generation == "v0":
        found = found + LAST_STAGE
    if request.gpu.name in UNIFIED:
        found = found + Range(0.0, 0.5 + 0.1 * weights, 2.0 + 0.22 * weights)
    return found


def _communication(request: Request, rules: EngineRules) -> Range:
    """NVLink's switches take more than PCIe; consumer GPUs of the newest generation more than those before.

    V0 gathers logits on one GPU, over connections of their own to each of the others.
    """
    capability = request.gpu.capability
    if capability[0] >= 12:
        return Range(0.1, 0.5, 1.2) if request.world <= 2 else Range(0.2, 1.0, 2.0)
    if capability[0] >= 9:
        if request.world <= 2:
            return Range(0.4, 0.75, 1.6)
        if request.world <= 4:
            return Range(0.5, 1.2, 2.4)
        return Range(0.6, 3.0, 7.5) if rules.generation == "v0" else Range(0.6, 1.3, 3.5)
    if capability == (8, 0):
        if request.world <= 4:
            return Range(0.1, 0.5, 1.5)
        return Range(0.4, 2.0, 3.0) if rules.generation == "v0" else Range(0.4, 1.3, 2.5)
    return Range(0.1, 0.3, 1.0)


def context_of(gpu: Gpu) -> Range:
    """What a process takes on the GPU before it allocates anything, and what the driver holds back."""
    if gpu.capability[0] >= 9:
        return Range(0.35, 0.55, 0.75)
    if gpu.capability[0] == 8:
        return Range(0.25, 0.45, 0.75)
    return Range(0.1, 0.2, 0.4)


def taken_at_start(gpu: Gpu) -> Range:
    """GiB that are not free when the engine looks: its own context, and what the driver holds back."""
    if gpu.capability >= (12, 0):
        return Range(0.3, 0.7, 1.1)
    if gpu.capability[0] >= 9:
        return Range(0.45, 0.57, 0.7)
    return Range(0.15, 0.3, 0.5) if gpu.capability[0] == 8 else Range(0.08, 0.15, 0.3)


def graph_count(rules: EngineRules, effective: Effective, only_decoding: bool = False) -> int:
    """Captured batch sizes: 1, 2, 4, by 8 up to 256, by 16 up to the largest; twice where decoding has its own.

    Encoder-decoder models have one of both: those of mixed batches until 0.12, then those of decoding.
    """
    largest = (
        min(2 * effective.max_num_seqs, LARGEST_GRAPH) if rules.generation == "v1" else min(effective.max_num_seqs, 256)
    )
    mixed = _sizes(largest, rules)
    if rules.generation == "v0" or rules.version < (0, 11, 0):
        return mixed
    decoding = _sizes(min(largest, effective.max_num_seqs), rules)
    if only_decoding:
        return decoding if rules.version >= GRAPHS_OF_DECODING_SINCE else mixed
    return mixed + decoding


def _sizes(largest: int, rules: EngineRules) -> int:
    small = sum(1 for size in (1, 2, 4) if size <= largest)
    if rules.version < (0, 12, 0):
        return small + largest // 8
    return small + min(largest, 256) // 8 + max(0, largest - 256) // 16


def graphs(request: Request, rules: EngineRules, effective: Effective) -> Range:
    """GiB of CUDA graphs; nothing where they are switched off."""
    architecture = request.architecture
    if effective.enforce_eager:
        return Range(0, 0, 0)
    count = graph_count(rules, effective, only_decoding=architecture.encoder is not None)
    layers = len(architecture.layers)
    point = FIRST_GRAPH_GIB + count * layers * MIB_PER_GRAPH_AND_LAYER / 1024
    mixer = architecture.state_space
    if rules.transient_graphs and mixer is not None and mixer.kind == "gdn" and not has_delta_kernels(request.gpu):
        transient = delta_bytes(mixer, request.settings.tensor, effective) / GIB
        return Range(0.35 * point, point, 2.2 * point) + GRAPHS_BY_TRITON.scaled(transient)
    if rules.transient_graphs and mixer is not None:
        transient = effective.max_num_batched_tokens * architecture.hidden * TRANSIENT_BYTES / GIB
        return Range(0.35 * point, point + transient, 2.2 * point + 4 * transient)
    return Range(0.35 * point, point, 2.2 * point)


def delta_bytes(mixer: StateSpace, tensor: int, effective: Effective) -> float:
    """Working memory of the batch that the estimate of graphs runs, which it takes for memory of the graph.

    Sequences of the largest graph share the batch: states before and after in 32 bits, one in 16 bits for every chunk
    of 64 tokens, and rows of the inner width for every token.
    """
    sequences = min(LARGEST_GRAPH, effective.max_num_seqs)
    tokens = effective.max_num_batched_tokens
    chunks = max(sequences, tokens / DELTA_CHUNK)
    state = mixer.heads * mixer.head_dim * mixer.state
    rows = DELTA_ROWS * mixer.inner + 2 * DELTA_CHUNK * mixer.heads
    return (8 * sequences * state + 2 * chunks * state + 2 * tokens * rows) / tensor


def room_for_graphs(request: Request, rules: EngineRules, memory: Memory) -> float:
    """GiB for graphs that are captured after the cache: what utilisation leaves over, in V0 what activations left too.

    V1 runs the sampler again after it has captured, so that the room of activations is taken.
    """
    spare = memory.total.point - memory.requested.point - context_of(request.gpu).point
    return spare + (ACTIVATIONS_FREED * memory.activation.point if rules.generation == "v0" else 0.0)
