"""Checks of what a language model is asked and answers, by an engine of their own in front of the model's."""

from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, effect, excludes, literal_text, reference
from opsdecl.spec.kinds.names import DnsLabel, Items, NonEmpty, RelativePath, Version
from opsdecl.spec.kinds.scalars import CpuQuantity, ImageReference, Quantity
from opsdecl.spec.kinds.variables import EnvVars

PORT = 8090
"""Where the checks listen unless told otherwise: no engine's own port."""
JUDGE = "judge"
"""What checks call the judge where `tasks` says nothing: `content safety check input $model=judge`."""


class GuardConfig(Part):
    """What the checks work by: prompts, patterns, thresholds, in the words of their engine."""

    text: NonEmpty | None = Field(
        default=None, description="The configuration itself.", json_schema_extra=literal_text() | excludes("file")
    )
    file: RelativePath | None = Field(
        default=None, description="A file of the project that holds it.", json_schema_extra=excludes("text")
    )


class GuardStreaming(Part):
    """How answers are checked while they are written."""

    chunk_tokens: int = Field(default=200, ge=1, description="Tokens that are checked, and let out, at a time.")
    context_tokens: int = Field(default=50, ge=0, description="Tokens of those before that are looked at once more.")


class GuardResources(Part):
    """CPU and memory of the checks in each replica."""

    cpu: CpuQuantity = Field(default=CpuQuantity.parse("500m"), description="CPU cores that are reserved.")
    memory: Quantity = Field(
        default=Quantity.parse("1Gi"), description="Memory that is reserved, which is also the limit."
    )


class Guardrails(Part):
    """Checks in front of a model. Whoever asks the model asks them."""

    engine: Literal["nemo-guardrails", "custom"] = Field(description="The engine in the image.")
    version: Version | None = Field(
        default=None,
        description="Version of the engine.",
        json_schema_extra=effect("behaviour", "another version of the engine checks", rule="minor-version"),
    )
    image: ImageReference = Field(
        description="Image of the engine, by digest where the bytes must not move.",
        json_schema_extra=effect("behaviour", "another image checks", rule="minor-version"),
    )
    config: GuardConfig | None = Field(
        default=None,
        description="What the checks work by. NeMo Guardrails: `prompts`, `instructions` and `rails.config`; models "
        "and lists of checks are written by opsdecl.",
    )
    input: Items[NonEmpty] = Field(
        default=(),
        description="Checks of what is asked, in their order.",
        json_schema_extra=effect(
            "behaviour", "requests are checked differently", gone="a check of requests is left out"
        ),
    )
    output: Items[NonEmpty] = Field(
        default=(),
        description="Checks of what is answered, in their order.",
        json_schema_extra=effect("behaviour", "answers are checked differently", gone="a check of answers is left out"),
    )
    judge: DnsLabel | None = Field(
        default=None,
        description="Model that checks ask, an LLM of the same environment; the model itself where absent.",
        json_schema_extra=effect("behaviour", "another model judges") | reference("LLM"),
    )
    tasks: Items[NonEmpty] = Field(
        default=(JUDGE,),
        description="Names by which checks ask for the judge, as NeMo Guardrails calls the type of a model: "
        "`llama_guard`, or that of `$model=…`.",
        json_schema_extra=effect("behaviour", "other checks ask the judge"),
    )
    streaming: GuardStreaming | None = Field(
        default=None,
        description="Lets answers be streamed, each piece once it is checked. Where absent, a request for a stream is "
        "refused if answers are checked.",
    )
    path: NonEmpty | None = Field(
        default=None,
        description="HTTP path that answers 200 when the checks can work; the engine's own where absent.",
        json_schema_extra=effect("rolling", "pods are probed differently"),
    )
    port: int = Field(
        default=PORT,
        ge=1024,
        le=65535,
        description="Port that the checks listen on, which the Service sends requests to.",
        json_schema_extra=effect("rolling", "pods listen on another port"),
    )
    env: EnvVars = Field(default={}, description="Environment variables of the checks' container.")
    resources: GuardResources = Field(
        default=GuardResources(),
        description="CPU and memory of the checks in each replica.",
        json_schema_extra=effect("rolling", "pods restart with other resources"),
    )
