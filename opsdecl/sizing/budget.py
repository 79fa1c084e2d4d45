"""From a question to the answer: budget, cache, verdict, the longest context that fits."""

from collections.abc import Sequence
from math import hypot

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.sizing import activation, overhead
from opsdecl.sizing.cache import STATES, Pool, pool_of
from opsdecl.sizing.engines import (
    FREE_CHECKED_SINCE,
    GRAPHS_BUDGETED_SINCE,
    EngineRules,
    cache_format,
    long_context_is_chunked,
    rules_for,
    runs_eagerly,
)
from opsdecl.sizing.parameters import parameter_count
from opsdecl.sizing.types import GIB, Cache, Effective, Memory, Range, Request, Sizing, Verdict, exactly
from opsdecl.sizing.weights import Stage, number_format, quantization_in_use, rank_weights, stages_of

MULTIMODAL_BATCH = 5120


class Stand(Struct, frozen=True):
    """One stage's memory and the pool that its cache comes from."""

    memory: Memory
    pool: Pool

    @property
    def room(self) -> int:
        return self.pool.blocks(self.memory.cache.point * GIB)


def size(request: Request) -> Sizing:
    """The arithmetic alone: findings and remedies are added by `rules` and `remedies`."""
    rules = rules_for(request)
    effective = effective_settings(request, rules)
    stand = tightest(request, rules, effective)
    memory, pool = stand.memory, stand.pool
    longest = longest_context(request, effective)
    largest = Range(*(float(largest_that_fits(pool, rules, room * GIB, longest)) for room in _ends(memory.cache, pool)))
    return Sizing(
        model=request.architecture.name,
        gpu=request.gpu.name,
        gpu_count=request.gpu_count,
        engine=request.engine,
        parameters=parameter_count(request.architecture),
        memory=memory,
        cache=replace(
            cache_of(pool, rules, memory.cache, effective.max_model_len),
            sequences=least_blocks(pool, rules, effective),
            blocks=pool.blocks(memory.cache.point * GIB),
        ),
        requested_length=effective.max_model_len,
        largest=largest,
        verdict=verdict_of(request, pool, rules, memory, effective),
        effective=effective,
    )


def tightest(request: Request, rules: EngineRules, effective: Effective) -> Stand:
    """The pipeline stage with the least room: its number of blocks is used everywhere."""
    stages = stages_of(request.architecture, request.settings.pipeline)
    return min((_stand(request, rules, effective, stage) for stage in stages), key=lambda stand: stand.room)


def effective_settings(request: Request, rules: EngineRules) -> Effective:
    """What the engine makes of the settings, its defaults filled in."""
    settings, architecture = request.settings, request.architecture
    length = settings.max_model_len or architecture.max_position
    sequences = settings.max_num_seqs or rules.sequences
    batched = settings.max_num_batched_tokens or _default_batch(request, rules, length)
    if rules.generation == "v1" and settings.max_num_batched_tokens is None:
        batched = max(min(batched, sequences * length), sequences if settings.max_num_seqs else 0)
    cache = settings.kv_cache_dtype
    if cache == "auto":
        cache = cache_format(rules.version, architecture, quantization_in_use(request))
    return Effective(
        generation=rules.generation,
        max_model_len=length,
        utilization=rules.utilization if settings.utilization is None else settings.utilization,
        max_num_seqs=sequences,
        max_num_batched_tokens=batched,
        dtype=number_format(request),
        kv_cache_dtype=cache,
        enforce_eager=runs_eagerly(rules.version, request),
        quantization=quantization_in_use(request).name or "none",
    )


def _default_batch(request: Request, rules: EngineRules, length: int) -> int:
    if rules.generation == "v1":
        return rules.batched_tokens
    if long_context_is_chunked(request.architecture, length):
        return rules.batched_tokens
    encoder = request.architecture.encoder
    multimodal = request.architecture.vision is not None or (encoder is not None and encoder.reads != "text")
    return max(length, 2048, MULTIMODAL_BATCH if multimodal else 0)


def _stand(request: Request, rules: EngineRules, effective: Effective, stage: Stage) -> Stand:
    total = request.gpu.total
    requested = total.scaled(effective.utilization)
    weights = rank_weights(request, rules, stage)
    peak = activation.peak(request, rules, effective)
    outside = overhead.non_torch(request, rules, effective, weights.point)
    graphs = overhead.graphs(request, rules, effective)
    cache = difference(requested, [weights, peak, outside, _counted(graphs, rules)])
    memory = Memory(total, requested, weights, peak, outside, graphs, cache)
    return Stand(memory, pool_of(request, rules, effective, stage.layers))


def _counted(graphs: Range, rules: EngineRules) -> Range:
    """What the budget loses to graphs. Where the second model runner is the default, it may still have been refused."""
    if rules.graphs_in_budget:
        return graphs
    return Range(0, 0, graphs.point if rules.version >= GRAPHS_BUDGETED_SINCE else 0)


def difference(whole: Range, parts: Sequence[Range]) -> Range:
    """What is left of a whole. Errors of the parts are independent, so that their squares add up on each side."""
    point = whole.point - sum(part.point for part in parts)
    below = hypot(whole.point - whole.low, *(part.high - part.point for part in parts))
    above = hypot(whole.high - whole.point, *(part.point - part.low for part in parts))
    return Range(point - below, point, point + above)


def longest_context(request: Request, effective: Effective) -> int:
    return max(effective.max_model_len, request.architecture.max_position)


def _ends(room: Range, pool: Pool) -> tuple[float, float, float]:
    """What the pool is believed to make of the room: less, as reckoned, more."""
    less, more = pool.doubt
    return min(room.low, less * room.low), room.point, max(room.high, more * room.high)


def cache_of(pool: Pool, rules: EngineRules, room: Range, length: int) -> Cache:
    """Tokens and concurrency as this release prints them."""
    tokens, concurrency = [], []
    for available in _ends(room, pool):
        blocks = pool.blocks(available * GIB)
        per_request = pool.blocks_for(length)
        concurrency.append(printed_concurrency(pool, rules, blocks, length))
        tokens.append(float(printed_tokens(pool, rules, blocks, blocks / per_request if per_request else 0.0, length)))
    return Cache(
        bytes_per_token=pool.bytes_per_token(),
        tokens=Range(tokens[0], tokens[1], tokens[2]),
        concurrency=Range(concurrency[0], concurrency[1], concurrency[2]),
        block_size=pool.block,
        needed_gib=needed(pool, rules, length) / GIB,
        encoder=pool.encoder,
    )


def printed_tokens(pool: Pool, rules: EngineRules, blocks: int, concurrency: float, length: int) -> int:
    match rules.printed:
        case "blocks":
            return blocks * pool.block
        case "pool":
            return blocks // max(1, len(pool.groups)) * pool.block
        case _:
            return int(concurrency * length)


def printed_concurrency(pool: Pool, rules: EngineRules, blocks: int, length: int) -> float:
    if rules.printed == "blocks":
        return blocks * pool.block / length
    per_request = pool.blocks_for(length)
    return blocks / per_request if per_request else 0.0


def needed(pool: Pool, rules: EngineRules, length: int) -> float:
    """Bytes that one request of this length takes: what the engine asks for at start-up, and V0's encoder besides."""
    if rules.printed == "blocks":
        return asked_at_start(pool, rules, length) + pool.encoder_blocks * pool.page
    return pool.needed(length) + (pool.page if rules.null_block else 0)


def asked_at_start(pool: Pool, rules: EngineRules, length: int) -> float:
    """V0 starts without room for what a request's encoder takes; such a request is then never admitted."""
    if rules.printed == "blocks":
        return -(-length // pool.block) * pool.page
    return needed(pool, rules, length)


def largest_that_fits(pool: Pool, rules: EngineRules, available: float, longest: int) -> int:
    """The engine's own search: the longest context whose need is within what is available; 0 where none is."""
    if available <= 0 or needed(pool, rules, 1) > available:
        return 0
    if needed(pool, rules, longest) <= available:
        return longest
    low, high = 1, longest
    while low < high:
        middle = (low + high + 1) // 2
        if needed(pool, rules, middle) <= available:
            low = middle
        else:
            high = middle - 1
    return low


def verdict_of(request: Request, pool: Pool, rules: EngineRules, memory: Memory, effective: Effective) -> Verdict:
    """A refusal needs the optimistic end not to fit; a promise needs the pessimistic end to fit."""
    need = needed(pool, rules, effective.max_model_len)
    least = least_blocks(pool, rules, effective)
    taken = overhead.taken_at_start(request.gpu) if rules.version >= FREE_CHECKED_SINCE else exactly(0)
    free = difference(memory.total, [taken])
    lowest, _, highest = _ends(memory.cache, pool)
    refused = max(asked_at_start(pool, rules, effective.max_model_len), needed(pool, rules, 1))
    if refused > highest * GIB or highest <= 0 or pool.blocks(highest * GIB) < least:
        return "does-not-fit"
    if memory.requested.point > free.high:
        return "does-not-fit"
    captured = rules.graphs_in_budget or effective.enforce_eager or graphs_find_room(request, rules, memory)
    holds = (
        captured
        and memory.requested.point <= free.point
        and need <= lowest * GIB
        and pool.blocks(lowest * GIB) >= least
    )
    return "fits" if holds else "tight"


def graphs_find_room(request: Request, rules: EngineRules, memory: Memory) -> bool:
    return overhead.GRAPHS_AT_LEAST * memory.graphs.point <= overhead.room_for_graphs(request, rules, memory)


def least_blocks(pool: Pool, rules: EngineRules, effective: Effective) -> int:
    """Blocks that there must be: with graphs of decoding, each sequence needs a block for its state."""
    states = any(cache.kind in STATES for cache, _ in pool.layers)
    return effective.max_num_seqs if states and rules.states_checked and not effective.enforce_eager else 0
