"""Whether a training fits its GPUs, and the mildest change that helps."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from opsdecl.sizing.training_activations import activations, overhead
from opsdecl.sizing.training_states import FULLY_SHARDED, gradients, states, weights
from opsdecl.sizing.training_types import TrainingMemory, TrainingRequest, TrainingSizing
from opsdecl.sizing.types import Range, Verdict


def size_training(request: TrainingRequest) -> TrainingSizing:
    """A refusal needs the optimistic end not to fit."""
    memory = memory_of(request)
    verdict = _verdict(memory)
    return TrainingSizing(memory, verdict, _remedy(request) if verdict != "fits" else "")


def memory_of(request: TrainingRequest) -> TrainingMemory:
    parts = (weights(request), gradients(request), states(request), activations(request))
    together = parts[0] + parts[1] + parts[2] + parts[3]
    return TrainingMemory(request.gpu.total, *parts, overhead(request, together))


def _verdict(memory: TrainingMemory) -> Verdict:
    needed, total = memory.needed, memory.total
    if needed.low > total.high:
        return "does-not-fit"
    return "fits" if needed.high <= total.low else "tight"


def _remedy(request: TrainingRequest) -> str:
    """The first that fits as far as is known; where none does, the first that may."""
    hopeful = ""
    for words, change in _changes(request):
        memory = memory_of(replace(request, **change))
        if memory.needed.point <= memory.total.point:
            return words
        if not hopeful and _verdict(memory) != "does-not-fit":
            hopeful = words
    return hopeful


def _changes(request: TrainingRequest) -> Iterator[tuple[str, dict[str, Any]]]:
    """Mildest first: what costs time, then what costs links, then what changes the model that comes out."""
    kept: dict[str, Any] = {"checkpointing": True}
    also = "" if request.checkpointing else ", and `activationCheckpointing: true`"
    if not request.checkpointing:
        yield "set `activationCheckpointing: true`", kept
    small = request.per_device
    while small > 1:
        small //= 2
        yield f"set `batch.perDevice: {small}`, more of `accumulate`{also}", {**kept, "per_device": small}
    if request.gpu_count > 1 and request.sharding not in FULLY_SHARDED:
        yield f"set `sharding: fsdp`{also}", {**kept, "sharding": "fsdp", "per_device": small}
    for method in ("lora", "qlora")[("full", "lora").index(request.method) if request.method != "qlora" else 2 :]:
        named = {"method": method, "rank": request.rank or 16, "per_device": small}
        yield f"set `base.method: {method}`{also}", {**kept, **named}
    for count in (2, 4, 8, 16, 32, 64):
        if count > request.gpu_count:
            shared = {"sharding": "fsdp", "gpu_count": count, "per_device": small}
            yield f"take {count} GPUs together, with `sharding: fsdp`{also}", {**kept, **shared}


def shown(memory: Range) -> str:
    """`61.2 GiB (54.0–70.9)`."""
    return f"{memory.point:.1f} GiB ({memory.low:.1f}–{memory.high:.1f})"
