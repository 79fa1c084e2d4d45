"""Kind Route: which requests from outside reach which models, and in which shares."""

from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Example, Kind, Part, effect, reference
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.gateway_checks import GatewayChecks
from opsdecl.spec.kinds.metadata import ServedMetadata
from opsdecl.spec.kinds.names import DnsLabel, DnsSubdomain, Hostname, Items, NonEmpty, RequestPath
from opsdecl.spec.kinds.scalars import Duration
from opsdecl.spec.kinds.serving import Patch

MOST_HOSTNAMES, MOST_PATHS, MOST_BACKENDS = 16, 64, 16
"""What an HTTPRoute takes."""


class GatewayReference(Part):
    """The listener that requests come in by."""

    name: DnsSubdomain = Field(description="Name of the Gateway, an object of the cluster that others keep.")
    namespace: DnsLabel | None = Field(
        default=None,
        description="Namespace of the Gateway; that of `gateways` in the Environment, or the Route's own, where "
        "absent.",
    )
    listener: DnsSubdomain | None = Field(
        default=None, description="Listener of the Gateway, its `sectionName`; all of them where absent."
    )


class PathMatch(Part):
    """Paths of requests."""

    path: RequestPath = Field(description="Path of the requests, such as `/v1`.")
    match: Literal["prefix", "exact"] = Field(
        default="prefix", description="Whether paths below it count too, or only this very path."
    )


class Destination(Part):
    """A model of this environment: one of `llm` and `model`."""

    llm: DnsLabel | None = Field(
        default=None, description="Language model that answers.", json_schema_extra=reference("LLM")
    )
    model: DnsLabel | None = Field(
        default=None, description="Classic model that answers.", json_schema_extra=reference("Model")
    )


class Backend(Destination):
    """A model that answers, and its share of the requests."""

    adapter: DnsLabel | None = Field(
        default=None,
        description="Adapter of the language model that answers in its place; needs the inference extension.",
    )
    weight: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Share of the requests in percent; all shares make 100. Not needed where there is one backend.",
    )


class Shadow(Destination):
    """A model that gets copies of requests, and whose answers nobody sees."""

    percent: int = Field(default=100, ge=1, le=100, description="Share of the requests that are copied, in percent.")


class RequestLimit(Part):
    """Most that a team may ask for."""

    team: NonEmpty = Field(description="Team that asks.")
    requests_per_minute: int | None = Field(default=None, ge=1, description="Most requests in a minute.")
    tokens_per_minute: int | None = Field(default=None, ge=1, description="Most tokens in a minute.")


class RouteTimeouts(Part):
    """How long requests may take."""

    request: Duration | None = Field(default=None, description="From the first byte of a request to the last answer.")
    backend: Duration | None = Field(default=None, description="Of one try at a model; at most that of the request.")


class RouteSpec(Part):
    """Which requests reach which models, and in which shares."""

    gateway: GatewayReference = Field(
        description="The listener that requests come in by.",
        json_schema_extra=effect("reload", "requests come in by another listener"),
    )
    hostnames: Items[Hostname] = Field(
        default=(),
        max_length=MOST_HOSTNAMES,
        description="Host names of the requests; all those of the listener where absent.",
        json_schema_extra=effect("removal", "requests to this name are no longer answered", rule="removed"),
    )
    paths: Items[PathMatch] = Field(
        default=(),
        max_length=MOST_PATHS,
        description="Paths of the requests; all of them where absent.",
        json_schema_extra=effect("removal", "requests to this path are no longer answered", rule="removed"),
    )
    backends: Items[Backend] = Field(
        min_length=1,
        max_length=MOST_BACKENDS,
        description="Models that answer, with their shares.",
        json_schema_extra=effect("behaviour", "other models answer, or in other shares", shown="backends"),
    )
    shadow: Items[Shadow] = Field(
        default=(),
        description="Models that get copies of the requests.",
        json_schema_extra=effect("capacity", "other models get copies of the requests", shown="shadow"),
    )
    fallbacks: Items[Destination] = Field(
        default=(),
        description="Models that answer where those before them cannot; neither the Gateway API nor its inference "
        "extension does this.",
        json_schema_extra=effect("behaviour", "other models answer in an emergency"),
    )
    limits: Items[RequestLimit] = Field(
        default=(),
        description="Most that teams may ask for; neither the Gateway API nor its inference extension counts.",
        json_schema_extra=effect("reload", "teams may ask for other amounts"),
    )
    timeouts: RouteTimeouts = Field(
        default=RouteTimeouts(),
        description="How long requests may take; what the gateway allows where absent.",
        json_schema_extra=effect("reload", "requests may take another time"),
    )
    guardrails: GatewayChecks | None = Field(
        default=None,
        description="Checks of what is asked and answered by this Route, at its gateway; needs platform.filters "
        "`envoy-gateway`. Nothing is checked there where absent.",
        json_schema_extra=effect(
            "behaviour",
            "requests and answers are checked differently",
            gone="nothing checks requests and answers at the gateway",
        ),
    )
    priority: int | None = Field(
        default=None,
        ge=-1000,
        le=1000,
        description="Where GPUs are scarce, requests of higher priority come first, and those below 0 are turned "
        "away first; needs the inference extension.",
        json_schema_extra=effect("reload", "requests come before others, or after them"),
    )
    patches: Items[Patch] = Field(
        default=(),
        description="Fields of rendered objects that the kind does not model.",
        json_schema_extra=effect("reload", "a rendered object is patched"),
    )


class Route(Document):
    """Which requests from outside reach which models."""

    kind: Literal["Route"] = Field(description="Kind of the document.")
    metadata: ServedMetadata = Field(description="Name, owner, labels; the namespace is that of its models.")
    spec: RouteSpec = Field(description="Which requests reach which models, and in which shares.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Route
metadata: {name: chat, namespace: assist, owner: team-assist}
spec:
  gateway: {name: public, namespace: gateways, listener: https}
  hostnames: [chat.example.com]
  paths: [{path: /v1}]
  backends:
    - {llm: chat, weight: 90}
    - {llm: chat-next, weight: 10}
  timeouts: {request: 120s}
"""

ADAPTERS = Example(
    "A tenth of the requests for a model answered by one of its adapters, where `platform.routing` of the Environment "
    "is `inference-extension`:",
    """\
apiVersion: opsdecl.dev/v1
kind: Route
metadata: {name: legal, owner: team-legal}
spec:
  gateway: {name: public, namespace: gateways}
  hostnames: [legal.example.com]
  backends:
    - {llm: chat, weight: 90}
    - {llm: chat, adapter: contracts, weight: 10}
  priority: 10
""",
)

CHECKED = Example(
    "Requests and answers checked at the gateway, where `platform.filters` of the Environment is `envoy-gateway`:",
    """\
apiVersion: opsdecl.dev/v1
kind: Route
metadata: {name: chat, namespace: assist, owner: team-assist}
spec:
  gateway: {name: public, namespace: gateways}
  hostnames: [chat.example.com]
  backends: [{llm: chat}]
  guardrails:
    service: {name: checks, port: 9002}
    input: full-duplex-streamed
    output: full-duplex-streamed
    timeout: 20s
""",
)

KIND = Kind("Route", Route, "Which requests from outside reach which models.", EXAMPLE, (ADAPTERS, CHECKED))
