"""Kind LLM: a language model behind an engine that speaks the OpenAI protocol."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from opsdecl.spec.kinds.declare import Example, Kind, branch, branch_by_shape, effect, reference
from opsdecl.spec.kinds.document import Document, ServedSpec
from opsdecl.spec.kinds.engine import (
    ChatTemplate,
    Engine,
    Parallelism,
    Parsers,
    Sampling,
    SizingCheck,
    SpreadAccelerator,
)
from opsdecl.spec.kinds.guardrails import Guardrails
from opsdecl.spec.kinds.metadata import ServedMetadata
from opsdecl.spec.kinds.names import CatalogName, DnsLabel, Items, NonEmpty
from opsdecl.spec.kinds.prefill import Prefill
from opsdecl.spec.kinds.scheduling import Rdma
from opsdecl.spec.kinds.tracing import Tracing
from opsdecl.spec.kinds.weights import InlineModel, Weights

ModelChoice = Annotated[
    Annotated[CatalogName, branch("text")] | Annotated[InlineModel, branch("mapping")],
    Discriminator(branch_by_shape),
]


class LLMSpec(ServedSpec):
    """What a language model is, and how it is served."""

    model: ModelChoice = Field(
        description="The model: an entry of the catalogue, or its address on a hub.",
        json_schema_extra=effect("behaviour", "another model answers") | reference("catalog/models"),
    )
    weights: Weights = Field(
        default=Weights(),
        description="Where the weights come from and where they stay.",
        json_schema_extra=effect("rolling", "pods fetch the weights another way"),
    )
    served_names: Items[NonEmpty] = Field(
        default=(),
        description="Names that requests may use for the model; the document's name where absent.",
        json_schema_extra=effect("behaviour", "requests must use other names"),
    )
    adapters: Items[DnsLabel] = Field(
        default=(),
        description="Adapters that are loaded beside the model; requests name one in place of the model.",
        json_schema_extra=effect("behaviour", "other adapters can be asked for") | reference("Adapter"),
    )
    chat_template: ChatTemplate | None = Field(
        default=None,
        description="Template that turns a conversation into a prompt; the model's own where absent.",
        json_schema_extra=effect("behaviour", "prompts are put together differently"),
    )
    parsers: Parsers = Field(
        default=Parsers(),
        description="How tool calls and reasoning are read out of answers.",
        json_schema_extra=effect("behaviour", "answers are taken apart differently"),
    )
    sampling: Sampling | None = Field(
        default=None,
        description="Sampling defaults for requests that say nothing; the model's own where absent.",
        json_schema_extra=effect("behaviour", "answers are sampled differently"),
    )
    guardrails: Guardrails | None = Field(
        default=None,
        description="Checks of what is asked and answered, in front of the model; nothing is checked where absent.",
        json_schema_extra=effect(
            "behaviour", "requests and answers are checked differently", gone="nothing checks requests and answers"
        ),
    )
    runtime: DnsLabel = Field(
        description="Runtime that serves it: image, engine version, default flags.",
        json_schema_extra=effect("behaviour", "another engine answers") | reference("Runtime"),
    )
    accelerator: SpreadAccelerator | None = Field(
        default=None,
        description="GPUs of each replica; none where absent.",
        json_schema_extra=effect("capacity", "it runs on other GPUs"),
    )
    parallelism: Parallelism = Field(
        default=Parallelism(),
        description="How the model is spread over the GPUs of a replica.",
        json_schema_extra=effect("rolling", "the model is spread over its GPUs differently"),
    )
    engine: Engine = Field(
        default=Engine(),
        description="Settings of the engine.",
        json_schema_extra=effect("rolling", "pods restart with other settings"),
    )
    sizing: SizingCheck | None = Field(
        default=None,
        description="Takes the edge off what is found about memory, where the arithmetic is known to be wrong.",
        json_schema_extra=effect("none", "only what is said about memory changes"),
    )
    rdma: Rdma | None = Field(
        default=None,
        description="Network devices for traffic between GPUs.",
        json_schema_extra=effect("rolling", "pods restart with other devices"),
    )
    tracing: Tracing | None = Field(
        default=None,
        description="Traces its requests by OpenTelemetry, tied to what answers come from; not where absent.",
        json_schema_extra=effect("rolling", "pods restart with other tracing"),
    )
    prefill: Prefill | None = Field(
        default=None,
        description="Pods of their own that work prompts out, so that the others only decode; none where absent. The "
        "model's other fields are then those of the pods that decode.",
        json_schema_extra=effect("capacity", "prompts are worked out by other pods"),
    )

    @property
    def for_prefill(self) -> "LLMSpec":
        """The model as its prefill pods serve it: with what differs in them, and without `prefill`."""
        role = self.prefill or Prefill()
        given = {name: getattr(role, name) for name in ("accelerator", "parallelism", "resources")}
        said = {name: value for name, value in role.engine if value is not None}
        maps = {name: {**getattr(self.engine, name), **said[name]} for name in ("args", "env")}
        return self.model_copy(
            update={
                **{name: value for name, value in given.items() if value is not None},
                "replicas": role.replicas,
                "engine": self.engine.model_copy(update={**said, **maps}),
                "prefill": None,
            }
        )


class LLM(Document):
    """A language model that is served."""

    kind: Literal["LLM"] = Field(description="Kind of the document.")
    metadata: ServedMetadata = Field(description="Name, owner, labels.")
    spec: LLMSpec = Field(description="What the model is, and how it is served.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata:
  name: chat
  namespace: assist
  owner: team-assist
spec:
  model: llama-3.1-8b-instruct
  weights:
    source: {type: hub, token: {secret: hf-token, key: token}}
    cache: {type: pvc, size: 60Gi, accessMode: ReadWriteMany}
  runtime: vllm
  accelerator: {gpu: h100-80gb, count: 1, pool: h100}
  engine:
    maxModelLen: 16384
    maxNumSeqs: 256
    gpuMemoryUtilization: 0.9
  resources: {cpu: "8", memory: 64Gi}
  replicas: {min: 2, max: 6, target: {metric: waiting-requests, value: 4}}
  drain: {longestGeneration: 60s}
  slo: {ttft: {p95: 800ms}, availability: 99.9%}
  card: {intendedUse: Answers questions of staff., license: llama3.1, riskClass: limited}
"""

OVER_NODES = Example(
    "A replica over two nodes with eight GPUs each, where `platform.multiNode` of the Environment joins them:",
    """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: large, owner: team-assist}
spec:
  model: deepseek-v3
  weights: {cache: {type: pvc, size: 900Gi, accessMode: ReadWriteMany}}
  runtime: vllm
  accelerator: {gpu: h100-80gb, count: 8, nodes: 2}
  parallelism: {tensor: 8, pipeline: 2}
  engine: {maxModelLen: 8192}
  replicas: {count: 2}
""",
)

SPLIT = Example(
    "Prompts worked out by pods of their own, where `platform.routing` is `inference-extension` or `platform.serving` "
    "is `kserve`:",
    """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: summarise, owner: team-assist}
spec:
  model: llama-3.1-8b-instruct
  runtime: vllm
  accelerator: {gpu: h100-80gb, count: 1}
  engine: {maxModelLen: 32768, maxNumSeqs: 128}
  rdma: {resource: rdma/ib, count: 1}
  replicas: {count: 4}
  prefill:
    replicas: {count: 2}
    engine: {maxNumSeqs: 8, maxNumBatchedTokens: 16384}
""",
)

KIND = Kind("LLM", LLM, "A language model that is served.", EXAMPLE, (OVER_NODES, SPLIT))
