"""What decides that a model does not fit for certain: weights, memory beside them, contexts, states, or free memory."""

from typing import Literal

from msgspec import Struct

from opsdecl.sizing.overhead import taken_at_start
from opsdecl.sizing.types import Request, Sizing

LEAST_USEFUL_LENGTH = 2048
"""Tokens below which a shorter context is no answer: then the GPU is what decides."""

Scarce = Literal["weights", "memory", "context", "states", "free"]
"""`memory`: weights alone would go in, but not with activations and graphs beside them. `free`: the share that the
engine takes is more than what is free when it starts."""


class Shortage(Struct, frozen=True):
    """What there is too little of, in one sentence."""

    of: Scarce
    message: str


def shortage_of(request: Request, sizing: Sizing) -> Shortage | None:
    """None where it fits, and where only CUDA graphs may not find room."""
    if sizing.verdict == "fits":
        return None
    if sizing.memory.cache.point <= 0:
        return _before_any_cache(sizing)
    cache, room = sizing.cache, sizing.memory.cache
    # A refusal is about the optimistic end, a doubt about the pessimistic one.
    decides = room.high if sizing.verdict == "does-not-fit" else room.low
    if cache.needed_gib > decides:
        return Shortage("context", _context(sizing))
    if cache.blocks * max(0.0, decides) / room.point < cache.sequences:
        message = f"the cache holds about {cache.blocks} states and {cache.sequences} sequences may run at once"
        return Shortage("states", message)
    memory, share = sizing.memory, sizing.effective.utilization
    free = memory.total.point - taken_at_start(request.gpu).point
    if memory.requested.point > free:
        said = f"{share:g} of {memory.total.point:.1f} GiB is {memory.requested.point:.1f}"
        return Shortage("free", f"{said}, and about {free:.1f} are free when the engine starts")
    return None


def _before_any_cache(sizing: Sizing) -> Shortage:
    memory = sizing.memory
    gpus = f"each of {sizing.gpu_count} × {sizing.gpu}" if sizing.gpu_count > 1 else f"one {sizing.gpu}"
    offered = f"{gpus} offers {memory.requested.point:.1f}"
    if memory.weights.low > memory.requested.high:
        return Shortage("weights", f"the weights need {memory.weights.point:.1f} GiB, {offered}")
    besides = memory.requested.point - memory.weights.point - memory.activation.point - memory.cache.point
    parts = f"weights of {memory.weights.point:.1f} GiB, activations of {memory.activation.point:.1f}"
    return Shortage("memory", f"{parts} and {besides:.1f} besides leave nothing for a cache: {offered}")


def _context(sizing: Sizing) -> str:
    """A refusal names the most that may be left, a doubt both ends."""
    room, longest = sizing.memory.cache, int(sizing.largest.point)
    need = f"{sizing.requested_length:,} tokens need {sizing.cache.needed_gib:.2f} GiB of KV cache"
    if sizing.verdict == "does-not-fit":
        left = f"{room.point:.2f} are left ({room.high:.2f} at most)"
    else:
        left = f"{max(0, room.low):.2f} to {room.high:.2f} are left"
    return f"{need}, {left}; {f'the longest that fits is about {longest:,}' if longest else 'not even one token fits'}"
