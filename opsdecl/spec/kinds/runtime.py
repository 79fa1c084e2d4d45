"""Kind Runtime: an engine in an image, shared by the models that run on it."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Kind, Part, effect
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.engine import FlagName, FlagValue
from opsdecl.spec.kinds.metadata import Metadata
from opsdecl.spec.kinds.names import NonEmpty, PositiveNumber, Version
from opsdecl.spec.kinds.scalars import Duration, ImageReference
from opsdecl.spec.kinds.serving import Resources
from opsdecl.spec.kinds.variables import EnvVars

EngineName = Literal[
    "vllm",
    "sglang",
    "triton",
    "mlserver",
    "kserve-sklearn",
    "kserve-xgboost",
    "kserve-lightgbm",
    "tensorflow-serving",
    "torchserve",
    "custom",
]
LLM_ENGINES: frozenset[str] = frozenset({"vllm", "sglang", "custom"})
"""Engines that serve language models; all but these serve classic models only."""
ADAPTER_ENGINES: frozenset[str] = frozenset({"vllm", "sglang"})
"""Engines that load low-rank adapters."""


class RuntimeProbes(Part):
    """How an engine says that it is ready."""

    path: NonEmpty = Field(default="/health", description="HTTP path that answers 200 when the model is loaded.")
    period: Duration = Field(default=Duration("10s", 10.0), description="Time between two probes.")
    startup_margin: PositiveNumber = Field(
        default=2, description="How many times the expected start-up time a pod is given."
    )


class RuntimeSpec(Part):
    """What an engine is, and how it is run."""

    engine: EngineName = Field(
        description="The engine in the image.", json_schema_extra=effect("behaviour", "another engine answers")
    )
    version: Version = Field(
        description="Version of the engine.",
        json_schema_extra=effect("behaviour", "another version of the engine answers", rule="minor-version"),
    )
    image: ImageReference = Field(
        description="Image of the engine, by digest where the bytes must not move.",
        json_schema_extra=effect("behaviour", "another image answers", rule="minor-version"),
    )
    args: Mapping[FlagName, FlagValue] = Field(
        default={},
        description="Flags of the engine for every model on it, without the leading dashes.",
        json_schema_extra=effect("behaviour", "a flag of the engine may change answers"),
    )
    env: EnvVars = Field(
        default={},
        description="Environment variables for every model on it.",
        json_schema_extra=effect("rolling", "pods restart with other variables"),
    )
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port that the engine listens on; the engine's own where absent.",
        json_schema_extra=effect("rolling", "pods listen on another port"),
    )
    probes: RuntimeProbes = Field(
        default=RuntimeProbes(),
        description="How the engine says that it is ready.",
        json_schema_extra=effect("rolling", "pods are probed differently"),
    )
    resources: Resources = Field(
        default=Resources(),
        description="CPU, memory and storage of models that name none.",
        json_schema_extra=effect("rolling", "pods restart with other resources"),
    )


class Runtime(Document):
    """An engine in an image, shared by the models that run on it."""

    kind: Literal["Runtime"] = Field(description="Kind of the document.")
    metadata: Metadata = Field(description="Name, owner, labels.")
    spec: RuntimeSpec = Field(description="What the engine is, and how it is run.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm, owner: platform}
spec:
  engine: vllm
  version: "0.33.0"
  image: vllm/vllm-openai:v0.33.0
  args: {enable-chunked-prefill: true}
  env: {HF_HUB_DISABLE_TELEMETRY: "1"}
  resources: {cpu: "8", memory: 64Gi}
"""

KIND = Kind("Runtime", Runtime, "An engine in an image, shared by the models that run on it.", EXAMPLE)
