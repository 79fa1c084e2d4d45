"""What a request goes through before it comes to a classic model, and its answer on the way back."""

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, effect
from opsdecl.spec.kinds.names import Items, NonEmpty
from opsdecl.spec.kinds.scalars import ImageReference
from opsdecl.spec.kinds.serving import Resources
from opsdecl.spec.kinds.variables import EnvVars

_OTHER = effect("behaviour", "requests and answers are transformed differently")
_RESTARTS = effect("rolling", "pods of the transformer restart")


class Transformer(Part):
    """A server before the model, which asks it."""

    image: ImageReference = Field(description="Image of the transformer.", json_schema_extra=_OTHER)
    command: Items[str] = Field(
        default=(), description="Command of the container; the image's own where absent.", json_schema_extra=_OTHER
    )
    args: Items[str] = Field(
        default=(),
        description="Arguments of the command; `--model_name`, `--predictor_host` and `--http_port` are added, as "
        "KServe does.",
        json_schema_extra=_OTHER,
    )
    env: EnvVars = Field(default={}, description="Environment variables of the container.", json_schema_extra=_RESTARTS)
    readiness: NonEmpty | None = Field(
        default=None,
        description="HTTP path that answers 200 when requests may come; the open port counts where absent.",
        json_schema_extra=_RESTARTS,
    )
    resources: Resources = Field(
        default=Resources(), description="CPU and memory of each replica.", json_schema_extra=_RESTARTS
    )
    replicas: int = Field(
        default=1,
        ge=1,
        description="How many of it run.",
        json_schema_extra=effect("capacity", "another number of transformers run"),
    )
