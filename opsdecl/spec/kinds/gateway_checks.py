"""Checks of what is asked and answered where requests enter the cluster, by a server that a gateway asks."""

from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, effect
from opsdecl.spec.kinds.names import DnsLabel
from opsdecl.spec.kinds.scalars import Duration

BodyMode = Literal["buffered", "full-duplex-streamed"]
"""How a gateway hands bodies over, in Envoy's words. Its other ways let a part out unchecked."""


class CheckingService(Part):
    """A Service that others keep."""

    name: DnsLabel = Field(description="Name of the Service.")
    namespace: DnsLabel | None = Field(
        default=None, description="Namespace of the Service; that of the Route where absent."
    )
    port: int = Field(ge=1, le=65535, description="Port of the Service.")


class GatewayChecks(Part):
    """Checks at the gateway. Where they cannot be made, the request fails."""

    service: CheckingService = Field(
        description="Server that checks. It speaks gRPC, as `envoy.service.ext_proc.v3.ExternalProcessor`.",
        json_schema_extra=effect("behaviour", "another server checks"),
    )
    input: BodyMode | None = Field(
        default=None,
        description="How bodies of requests are handed to it: whole, or in pieces that it lets out itself. Requests "
        "are not checked where absent.",
        json_schema_extra=effect("behaviour", "requests are checked differently", gone="requests are not checked"),
    )
    output: BodyMode | None = Field(
        default=None,
        description="How bodies of answers are handed to it; answers are not checked where absent.",
        json_schema_extra=effect("behaviour", "answers are checked differently", gone="answers are not checked"),
    )
    timeout: Duration = Field(
        default=Duration("10s", 10.0),
        description="Most time that the server may take over headers, and over a whole body; then the request fails. "
        "Bodies in pieces have no such bound.",
        json_schema_extra=effect("reload", "checks may take another time"),
    )
