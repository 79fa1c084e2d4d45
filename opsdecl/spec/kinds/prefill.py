"""Prefill pods of a language model: what differs in them from the pods that answer."""

from collections.abc import Mapping

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, effect
from opsdecl.spec.kinds.engine import FlagName, FlagValue, Parallelism, SpreadAccelerator
from opsdecl.spec.kinds.names import Number
from opsdecl.spec.kinds.serving import Replicas, Resources
from opsdecl.spec.kinds.variables import EnvVars


class PrefillEngine(Part):
    """Settings of the engine that may differ between the two roles. What decides how a KV cache looks is the model's,
    and the same in both."""

    max_num_seqs: int | None = Field(
        default=None,
        ge=1,
        description="Most prompts that are worked on at the same time.",
        json_schema_extra=effect("capacity", "another number of prompts are worked on at once"),
    )
    max_num_batched_tokens: int | None = Field(
        default=None,
        ge=1,
        description="Most tokens in one step of the engine.",
        json_schema_extra=effect("capacity", "steps hold another number of tokens"),
    )
    gpu_memory_utilization: Number | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Share of the GPU's memory that the engine takes.",
        json_schema_extra=effect("capacity", "the engine takes another share of the GPU"),
    )
    enforce_eager: bool | None = Field(
        default=None, description="Whether CUDA graphs are off: quicker to start, slower to answer."
    )
    args: Mapping[FlagName, FlagValue] = Field(
        default={},
        description="Further flags, over those of the model.",
        json_schema_extra=effect("behaviour", "a flag of the engine may change answers"),
    )
    env: EnvVars = Field(default={}, description="Environment variables, over those of the model.")


class Prefill(Part):
    """Pods that only work prompts out, and give the KV cache to those that answer. What is absent is the model's."""

    replicas: Replicas = Field(
        default=Replicas(),
        description="How many of these pods run; one where absent.",
        json_schema_extra=effect("capacity", "another number of prefill pods run"),
    )
    accelerator: SpreadAccelerator | None = Field(
        default=None,
        description="GPUs of each of these pods.",
        json_schema_extra=effect("capacity", "prompts are worked out on other GPUs"),
    )
    parallelism: Parallelism | None = Field(
        default=None,
        description="How the model is spread over the GPUs of each of these pods.",
        json_schema_extra=effect("rolling", "the model is spread over its GPUs differently"),
    )
    engine: PrefillEngine = Field(
        default=PrefillEngine(),
        description="Settings of the engine that differ.",
        json_schema_extra=effect("rolling", "prefill pods restart with other settings"),
    )
    resources: Resources | None = Field(
        default=None,
        description="CPU, memory and storage of each of these pods.",
        json_schema_extra=effect("rolling", "prefill pods restart with other resources"),
    )
