"""How a classic model is explained: one answer at a time by a server of its own, and over a table by an evaluation."""

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, effect
from opsdecl.spec.kinds.names import DnsLabel, Items, NonEmpty
from opsdecl.spec.kinds.scalars import ImageReference
from opsdecl.spec.kinds.serving import Resources
from opsdecl.spec.kinds.variables import EnvVars

_RESTARTS = effect("rolling", "pods of the explainer restart")


class Explainer(Part):
    """A server beside the model, which asks it and says what an answer comes from."""

    image: ImageReference = Field(description="Image of the explainer.", json_schema_extra=_RESTARTS)
    command: Items[str] = Field(
        default=(),
        description="Command of the container; the image's own where absent.",
        json_schema_extra=_RESTARTS,
    )
    args: Items[str] = Field(
        default=(),
        description="Arguments of the command; `--model_name`, `--predictor_host` and `--http_port` are added, as "
        "KServe does.",
        json_schema_extra=_RESTARTS,
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
        json_schema_extra=effect("capacity", "another number of explainers run"),
    )


class Explain(Part):
    """What explains a model's answers."""

    explainer: Explainer | None = Field(
        default=None, description="Server that explains one answer at a time; its address is `http://<model>-explain`."
    )
    attribution: DnsLabel | None = Field(
        default=None,
        description="Evaluation with the recipe `attribution` that explains the model over a table; it may run in "
        "another environment. The card shows what it found.",
        json_schema_extra=effect("metadata", "the card names another explanation"),
    )
