"""Checks of a Route as Envoy Gateway makes them: an EnvoyExtensionPolicy, by which it asks an external processor."""

from collections.abc import Iterator
from typing import Any

from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.routing.http_route import GROUP, KIND, duration
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import guardrails as codes
from opsdecl.spec.kinds.gateway_checks import CheckingService, GatewayChecks
from opsdecl.spec.kinds.route import RouteSpec

ROLE = "guardrails"
API_VERSION = "gateway.envoyproxy.io/v1alpha1"
_AT: SpecPath = ("spec", "guardrails")
_BODIES = {"buffered": "Buffered", "full-duplex-streamed": "FullDuplexStreamed"}


def checks_of(subject: Subject, spec: RouteSpec) -> Resource | None:
    """None where nothing is checked at the gateway."""
    chosen = spec.guardrails
    if chosen is None or subject.environment.platform.filters != "envoy-gateway":
        return None
    target = {"group": GROUP, "kind": KIND, "name": object_name(subject.base)}
    processor = {
        "backendRefs": [_service(subject, chosen.service)],
        # Without this an error of the server would let the request through.
        "failOpen": False,
        "messageTimeout": traced(duration(chosen.timeout), *_AT, "timeout"),
        "processingMode": _modes(chosen),
    }
    inputs = {"spec": {"targetRefs": [target], "extProc": [processor]}}
    return make_resource(subject, ROLE, API_VERSION, "EnvoyExtensionPolicy", inputs)


def beyond_filters(subject: Subject, spec: RouteSpec) -> Iterator[Diagnostic]:
    """Errors: gateways that ask no program, and requests that go to pools."""
    platform, name = subject.environment.platform, subject.environment_name
    if spec.guardrails is None:
        return
    if platform.routing == "inference-extension":
        message = "platform.routing `inference-extension` sends requests to pools, and Envoy Gateway only to Services"
        hint = f"put `guardrails` on the models, or set platform.routing of {name} to gateway-api"
        yield _finding(subject, message, hint)
    elif platform.filters != "envoy-gateway":
        message = f"platform.filters `{platform.filters}` of environment {name}: its gateways hand bodies to nobody"
        hint = "put `guardrails` on the models, or set platform.filters to envoy-gateway where its Gateways are"
        yield _finding(subject, message, hint)


def _service(subject: Subject, service: CheckingService) -> dict[str, Any]:
    """Everything that the API server would fill in is said, so that what comes back is what was sent."""
    return {
        "group": "",
        "kind": "Service",
        "name": traced(service.name, *_AT, "service", "name"),
        "namespace": traced(service.namespace or subject.namespace, *_AT, "service", "namespace"),
        "port": traced(service.port, *_AT, "service", "port"),
        "weight": 1,
    }


def _modes(chosen: GatewayChecks) -> dict[str, Any]:
    """A part that is left out is not handed over at all, its headers included."""
    said = (("request", "input", chosen.input), ("response", "output", chosen.output))
    return {part: {"body": traced(_BODIES[mode], *_AT, name)} for part, name, mode in said if mode is not None}


def _finding(subject: Subject, message: str, hint: str) -> Diagnostic:
    at = subject.place(_AT)
    return Diagnostic(codes.BEYOND_FILTERS, message, at=at, hint=hint, subject=str(subject.document.address))
