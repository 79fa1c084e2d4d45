"""Traces: what a language model tells of its requests, and the collector of an environment that takes it."""

from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Part
from opsdecl.spec.kinds.names import WebUrl
from opsdecl.spec.kinds.serving import AccessPeer


class Tracing(Part):
    """Which requests are traced, and what of them is told."""

    sample: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="Share of the requests that are traced; one that comes with a trace follows the decision of that.",
    )
    record_content: bool = Field(
        default=False,
        description="Whether prompts and answers are recorded; only for engines whose own tracing can.",
    )


class Collector(Part):
    """An OpenTelemetry collector."""

    endpoint: WebUrl = Field(
        description="Address of its OTLP receiver, as pods reach it: `http://collector.observability:4317`."
    )
    protocol: Literal["grpc", "http/protobuf"] = Field(
        default="grpc", description="Protocol of that receiver; for `http/protobuf` the path is `/v1/traces`."
    )
    egress: AccessPeer | None = Field(
        default=None,
        description="Pods of the collector. Where given, traced models get a NetworkPolicy that lets them out to it, "
        "to their judge, their own pods, and what `networkPolicy.egress` names. It keeps them from all else: leave it "
        "out where nothing else does.",
    )
