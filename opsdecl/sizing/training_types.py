"""What is asked of the memory of a training, and what is answered. Memory in GiB of one GPU."""

from typing import Literal

from msgspec import Struct

from opsdecl.catalog.architectures import Architecture
from opsdecl.sizing.types import Gpu, Range, Verdict

Method = Literal["full", "lora", "qlora"]
Sharding = Literal["ddp", "zero1", "zero2", "zero3", "fsdp"]
Precision = Literal["mixed-bf16", "mixed-fp16", "bf16", "fp32"]
Optimizer = Literal["adamw", "adamw-8bit", "adafactor", "sgd"]


class TrainingRequest(Struct, frozen=True):
    """One training: `gpu_count` GPUs over all nodes, each with `per_device` sequences of `length` tokens."""

    architecture: Architecture
    gpu: Gpu
    gpu_count: int
    method: Method
    rank: int
    precision: Precision
    optimizer: Optimizer
    sharding: Sharding
    per_device: int
    length: int
    checkpointing: bool

    @property
    def mixed(self) -> bool:
        return self.precision in ("mixed-bf16", "mixed-fp16")


class TrainingMemory(Struct, frozen=True):
    """The parts of one GPU's memory."""

    total: Range
    weights: Range
    gradients: Range
    states: Range
    activations: Range
    overhead: Range

    @property
    def needed(self) -> Range:
        return self.weights + self.gradients + self.states + self.activations + self.overhead


class TrainingSizing(Struct, frozen=True):
    """`remedy` is the mildest change that makes it fit or nearly so, empty where none is known."""

    memory: TrainingMemory
    verdict: Verdict
    remedy: str = ""
