"""How an engine runs a model: GPUs, parallelism, settings, and what shapes its answers."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.declare import Part, Word, effect, excludes, literal_text, reference, refusal
from opsdecl.spec.kinds.names import DnsLabel, GpuName, NonEmpty, Number, PositiveNumber, RelativePath, ResourceName
from opsdecl.spec.kinds.scalars import shown
from opsdecl.spec.kinds.variables import EnvVars

Dtype = Literal["auto", "half", "float16", "bfloat16", "float", "float32"]
KvCacheDtype = Literal["auto", "fp8", "fp8_e4m3", "fp8_e5m2", "bfloat16", "float16"]


def _flag(value: Any) -> Any:
    if isinstance(value, str | bool | int | float | dict):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str | int | float) for item in value):
        return tuple(value)
    hint = "write a text, a number, true, false, a mapping (passed as JSON) or a list of single values"
    raise refusal(codes.WRONG_TYPE, f"expected a flag's value, found {shown(value)}", hint)


FlagValue = Annotated[
    Any,
    Word("flag value"),
    PlainValidator(_flag),
    WithJsonSchema({"type": ["string", "boolean", "integer", "number", "array", "object"]}),
]
FlagName = NonEmpty


class Accelerator(Part):
    """The GPUs of one replica."""

    gpu: GpuName = Field(
        description="GPU type, an entry of the catalogue such as `h100-80gb`, or a slice of one: `h100-80gb:3g.40gb`.",
        json_schema_extra=effect("capacity", "it runs on other GPUs") | reference("catalog/gpus"),
    )
    count: int = Field(
        default=1,
        ge=1,
        description="GPUs of each replica.",
        json_schema_extra=effect("capacity", "each replica takes another number of GPUs"),
    )
    pool: DnsLabel | None = Field(
        default=None,
        description="Node pool to run on, one of the environment's; any pool with that GPU where absent.",
        json_schema_extra=effect("capacity", "it runs in another node pool") | reference("pools"),
    )
    resource: ResourceName | None = Field(
        default=None,
        description="Name by which Kubernetes schedules the GPU; the catalogue's where absent (`nvidia.com/gpu`).",
        json_schema_extra=effect("capacity", "it asks for another resource"),
    )


class SpreadAccelerator(Accelerator):
    """The GPUs of one replica, on one node or on several."""

    count: int = Field(
        default=1,
        ge=1,
        description="GPUs of each replica; of each of its nodes where it spans several.",
        json_schema_extra=effect("capacity", "each replica takes another number of GPUs"),
    )
    nodes: int | None = Field(
        default=None,
        ge=1,
        description="Nodes that each replica spans, with `count` GPUs, `resources` and `rdma` on each of them; one "
        "where absent. More than one needs `platform.multiNode`.",
        json_schema_extra=effect("capacity", "each replica spans another number of nodes"),
    )

    @property
    def spans(self) -> int:
        """Nodes of one replica."""
        return self.nodes or 1

    @property
    def gpus(self) -> int:
        """GPUs of one replica, over all its nodes."""
        return self.spans * self.count


class Parallelism(Part):
    """How a model is spread over the GPUs of a replica; tensor × pipeline × data is the number of GPUs on all its
    nodes."""

    tensor: int = Field(default=1, ge=1, description="GPUs that share each layer.")
    pipeline: int = Field(default=1, ge=1, description="Groups of GPUs that each hold some of the layers.")
    data: int = Field(default=1, ge=1, description="Copies of the model within a replica.")
    expert: bool = Field(default=False, description="Whether experts, not slices of layers, are spread over the GPUs.")


class SizingCheck(Part):
    """What becomes of findings of the memory arithmetic."""

    level: Literal["warn"] = Field(description="Errors become warnings.")
    reason: NonEmpty = Field(description="Why the arithmetic is not believed, for whoever reads it next.")


class ChatTemplate(Part):
    """A chat template: its text, or a file of the project."""

    text: NonEmpty | None = Field(
        default=None, description="The template itself.", json_schema_extra=literal_text() | excludes("file")
    )
    file: RelativePath | None = Field(
        default=None, description="A file of the project that holds the template.", json_schema_extra=excludes("text")
    )


class Parsers(Part):
    """How the engine reads structure out of what the model writes."""

    tool: NonEmpty | None = Field(
        default=None, description="Parser of tool calls, as the engine names it; turns automatic tool choice on."
    )
    reasoning: NonEmpty | None = Field(default=None, description="Parser of reasoning, as the engine names it.")


class Sampling(Part):
    """Sampling defaults for requests that say nothing."""

    temperature: Number | None = Field(default=None, ge=0, le=2, description="Randomness; 0 takes the likeliest token.")
    top_p: Number | None = Field(default=None, gt=0, le=1, description="Share of probability that tokens come from.")
    top_k: int | None = Field(default=None, ge=-1, description="Number of tokens that are considered; -1 is all.")
    min_p: Number | None = Field(default=None, ge=0, le=1, description="Least probability relative to the likeliest.")
    repetition_penalty: PositiveNumber | None = Field(
        default=None, description="Penalty on tokens that occurred already; 1 is none."
    )
    max_tokens: int | None = Field(default=None, ge=1, description="Longest answer where the request names none.")


class Engine(Part):
    """Settings that engines share by meaning, then flags in the engine's own words."""

    max_model_len: int | None = Field(
        default=None,
        ge=1,
        description="Longest context in tokens, prompt and answer together; the model's own where absent.",
        json_schema_extra=effect("capacity", "the longest request and the room for others change"),
    )
    max_num_seqs: int | None = Field(
        default=None,
        ge=1,
        description="Most requests that are worked on at the same time.",
        json_schema_extra=effect("capacity", "another number of requests run at once"),
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
        description="Share of the GPU's memory that the engine takes; the engine's own default where absent.",
        json_schema_extra=effect("capacity", "the engine takes another share of the GPU"),
    )
    dtype: Dtype = Field(
        default="auto",
        description="Number format of weights and activations.",
        json_schema_extra=effect("behaviour", "numbers are rounded differently"),
    )
    quantization: NonEmpty | None = Field(
        default=None,
        description="Quantisation of the weights, as the engine names it (`fp8`); the checkpoint's where absent.",
        json_schema_extra=effect("behaviour", "weights are quantised differently"),
    )
    kv_cache_dtype: KvCacheDtype = Field(
        default="auto",
        description="Number format of the KV cache.",
        json_schema_extra=effect("behaviour", "the KV cache is rounded differently"),
    )
    enforce_eager: bool = Field(
        default=False, description="Whether CUDA graphs are off: quicker to start, slower to answer."
    )
    prefix_caching: bool | None = Field(
        default=None,
        description="Whether prompts that begin alike share work; the engine's default where absent.",
    )
    args: Mapping[FlagName, FlagValue] = Field(
        default={},
        description="Further flags in the engine's own words, without the leading dashes.",
        json_schema_extra=effect("behaviour", "a flag of the engine may change answers"),
    )
    env: EnvVars = Field(default={}, description="Environment variables of the engine's container.")
