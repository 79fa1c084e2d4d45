"""The HTTPRoute of a Route: which requests, to which backends, in which shares."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from opsdecl.addr import Address
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.routing.backends import Routed, service_reference
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.route import PathMatch, RouteSpec
from opsdecl.spec.kinds.scalars import Duration

ROLE = "http-route"
API_VERSION, KIND, GROUP = "gateway.networking.k8s.io/v1", "HTTPRoute", "gateway.networking.k8s.io"
MATCH = {"prefix": "PathPrefix", "exact": "Exact"}
EVERY_PATH = PathMatch(path="/")


def http_route(
    subject: Subject,
    spec: RouteSpec,
    backends: Sequence[Mapping[str, Any]],
    filters: Iterable[Mapping[str, Any]] = (),
    *,
    depends_on: tuple[Address, ...] = (),
    ignore_changes: tuple[SpecPath, ...] = (),
) -> Resource:
    """One rule: every path reaches the same backends. `backends` are references with their weights."""
    rule = {
        "matches": [_match(path, index) for index, path in enumerate(spec.paths)] or [_match(EVERY_PATH, None)],
        "filters": list(filters) or None,
        "backendRefs": list(backends),
        "timeouts": _timeouts(spec),
    }
    inputs = {
        "spec": {
            "parentRefs": [_gateway(subject, spec)],
            "hostnames": [traced(name, "spec", "hostnames", index) for index, name in enumerate(spec.hostnames)]
            or None,
            "rules": [rule],
        }
    }
    return make_resource(subject, ROLE, API_VERSION, KIND, inputs, depends_on=depends_on, ignore_changes=ignore_changes)


def mirror(each: Routed) -> dict[str, Any]:
    """A filter that copies requests."""
    percent = Traced(each.entry["percent"], each.at("percent"))
    return {"type": "RequestMirror", "requestMirror": {"backendRef": service_reference(each), "percent": percent}}


def _gateway(subject: Subject, spec: RouteSpec) -> dict[str, Any]:
    declared = subject.environment.gateways.get(spec.gateway.name)
    namespace = spec.gateway.namespace or (declared.namespace if declared else None) or subject.namespace
    return {
        "group": GROUP,
        "kind": "Gateway",
        "name": traced(spec.gateway.name, "spec", "gateway", "name"),
        "namespace": traced(namespace, "spec", "gateway", "namespace"),
        "sectionName": traced(spec.gateway.listener, "spec", "gateway", "listener"),
    }


def _match(path: PathMatch, index: int | None) -> dict[str, Any]:
    found = {"type": MATCH[path.match], "value": path.path}
    return {"path": found if index is None else Traced(found, ("spec", "paths", index))}


def _timeouts(spec: RouteSpec) -> dict[str, Any] | None:
    said = (("request", spec.timeouts.request, "request"), ("backendRequest", spec.timeouts.backend, "backend"))
    found = {
        name: traced(duration(value), "spec", "timeouts", field) for name, value, field in said if value is not None
    }
    return found or None


def duration(value: Duration) -> str:
    """As gateways read it: whole numbers of at most five digits, without fractions."""
    milliseconds = round(value.seconds * 1000)
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        amount, milliseconds = divmod(milliseconds, size)
        parts.append(f"{amount}{unit}" if amount else "")
    return "".join(parts) or "0s"
