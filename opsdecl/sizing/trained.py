"""What a training's document asks of sizing."""

from collections.abc import Mapping
from typing import Any

from opsdecl.sizing.assess import Shapes, gpu_of
from opsdecl.sizing.training_types import TrainingRequest

_SIZED = ("torch", "jax")
SEQUENCE = ("spec", "batch", "sequenceLength")


def is_sized(effective: Mapping[str, Any]) -> bool:
    """Whether it is the fine-tuning of a language model on GPUs: of anything else nothing is known."""
    spec = effective["spec"]
    return bool(spec.get("base") and spec.get("accelerator")) and spec["framework"] in _SIZED


def training_request(effective: Mapping[str, Any], shapes: Shapes) -> TrainingRequest | str:
    """A text says why there is none. Only where `is_sized`."""
    spec = effective["spec"]
    base, accelerator, batch = spec["base"], spec["accelerator"], spec["batch"]
    model = base["model"]
    architecture = shapes.find(model if isinstance(model, str) else str(model["uri"]).removeprefix("hf://"))
    if architecture is None:
        return "the shape of its model is not known"
    gpu = gpu_of(shapes.gpu(accelerator["gpu"]))
    if gpu is None:
        return f"GPU {accelerator['gpu']} is not known"
    if "sequenceLength" not in batch:
        return "`batch.sequenceLength` is not said"
    return TrainingRequest(
        architecture=architecture,
        gpu=gpu,
        gpu_count=accelerator["count"] * accelerator.get("nodes", 1),
        method=base["method"],
        rank=base.get("rank", 0),
        precision=spec["precision"],
        optimizer=spec["optimizer"],
        sharding=spec["sharding"],
        per_device=batch["perDevice"],
        length=batch["sequenceLength"],
        checkpointing=spec["activationCheckpointing"],
    )
