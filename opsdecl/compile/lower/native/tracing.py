"""Tracing of a language model: flags and variables of its engine, the way to the collector, and what cannot be."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from opsdecl.catalog.engines import numbers
from opsdecl.compile.flag_findings import SHOWN
from opsdecl.compile.lower.labels import selector_of_all
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.flags import Flag
from opsdecl.compile.lower.native.network import peer_of
from opsdecl.compile.lower.native.span_attributes import resource_attributes
from opsdecl.compile.lower.native.variables import literal
from opsdecl.compile.lower.native.ways_out import kept_in, ways_out
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import tracing as codes
from opsdecl.spec.kinds.llm import LLMSpec
from opsdecl.spec.kinds.runtime import RuntimeSpec
from opsdecl.spec.kinds.tracing import Collector

ROLE = "tracing-egress"
_AT: SpecPath = ("spec", "tracing")
_PORTS = {"http": 80, "https": 443}
_PUBLISHED = "vllm/vllm-openai"
"""Repository of vLLM's published images."""
_WITHOUT = (((0, 0), (0, 8, 4)), ((0, 9, 2), (0, 17)))
"""vLLM's releases whose package does not ask for OpenTelemetry: each from the first version to before the second."""


def traced_to(subject: Subject, spec: LLMSpec) -> Collector | None:
    """Where spans go; None where nothing is traced."""
    return subject.environment.tracing if spec.tracing is not None else None


def address_of(collector: Collector) -> str:
    """As engines are told: over HTTP they add no path of their own."""
    if collector.protocol == "grpc" or urlsplit(collector.endpoint).path.strip("/"):
        return collector.endpoint
    return f"{collector.endpoint.rstrip('/')}/v1/traces"


def tracing_flags(subject: Subject, spec: LLMSpec, engine: str) -> tuple[Flag, ...]:
    collector = traced_to(subject, spec)
    if collector is None or engine not in SHOWN:
        return ()
    own = (Flag("enable-trace", True, _AT), Flag("otlp-service-name", subject.base, _AT)) if engine == "sglang" else ()
    return (*own, Flag("otlp-traces-endpoint", address_of(collector), _AT))


def tracing_variables(subject: Subject, spec: LLMSpec, engine: str) -> dict[str, Any]:
    """As OpenTelemetry's own libraries read them, whatever the engine is. Where a share is traced, a request that comes
    with a trace follows the decision of that."""
    collector = traced_to(subject, spec)
    if collector is None or spec.tracing is None:
        return {}
    said = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": address_of(collector),
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": collector.protocol,
        "OTEL_RESOURCE_ATTRIBUTES": resource_attributes(subject, spec, engine),
        "OTEL_SERVICE_NAME": subject.base,
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": f"{spec.tracing.sample:g}",
    }
    content = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"} if spec.tracing.record_content else {}
    return {name: Traced(literal(value), _AT) for name, value in {**said, **content}.items()}


def tracing_egress(subject: Subject, spec: LLMSpec) -> Resource | None:
    """A policy beside the model's own, which only says who may come in."""
    collector = _kept_to(subject, spec)
    if collector is None or collector.egress is None:
        return None
    address = urlsplit(collector.endpoint)
    port = {"protocol": "TCP", "port": address.port or _PORTS[address.scheme]}
    policy = {
        "podSelector": {"matchLabels": selector_of_all(subject)},
        "policyTypes": ["Egress"],
        "egress": ways_out(subject, spec, {"to": [Traced(peer_of(collector.egress), _AT)], "ports": [port]}),
    }
    name = object_name(subject.base, "tracing")
    return make_resource(subject, ROLE, "networking.k8s.io/v1", "NetworkPolicy", {"spec": policy}, name=name)


def _kept_to(subject: Subject, spec: LLMSpec) -> Collector | None:
    """The collector where a policy names the way to it, and so closes all that it does not name."""
    collector = traced_to(subject, spec) if subject.environment.network_policy.enabled else None
    return collector if collector is not None and collector.egress is not None else None


def beyond_tracing(subject: Subject, spec: LLMSpec, runtime: RuntimeSpec) -> Iterator[Diagnostic]:
    """Errors: texts of an engine that tells none, and ways out that are closed. Warnings: an image that cannot
    trace."""
    if _kept_to(subject, spec) is not None:
        yield from kept_in(subject, spec)
    if traced_to(subject, spec) is None or spec.tracing is None or runtime.engine not in SHOWN:
        return
    shown, name = SHOWN[runtime.engine], str(subject.document.address)
    if spec.tracing.record_content:
        message = f"{shown} puts neither prompts nor answers into its spans"
        hint = "remove the field, and record texts where requests are made"
        at = subject.place((*_AT, "recordContent"))
        yield Diagnostic(codes.CONTENT_NOT_RECORDED, message, at=at, hint=hint, subject=name)
    if _lacks(runtime):
        message = f"the image of {shown} {runtime.version} has no OpenTelemetry, so pods that trace do not start"
        hint = f"raise the version of runtime `{spec.runtime}` to 0.17.0 or later, or use an image that adds it"
        yield Diagnostic(codes.NO_OPENTELEMETRY, message, at=subject.place(_AT), hint=hint, subject=name)


def _lacks(runtime: RuntimeSpec) -> bool:
    is_published = runtime.engine == "vllm" and runtime.image.repository.endswith(_PUBLISHED)
    at = numbers(runtime.version)
    return is_published and any(first <= at < end for first, end in _WITHOUT)
