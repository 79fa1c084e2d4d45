"""A Route through the plain Gateway API: requests to Services, by weight."""

from typing import Any

from opsdecl.compile.lower.routing.backends import Routed, needed, routed, service_reference
from opsdecl.compile.lower.routing.entry import entries
from opsdecl.compile.lower.routing.http_route import http_route, mirror
from opsdecl.compile.lower.routing.limits import beyond_gateway_api
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked
from opsdecl.spec.kinds.route import RouteSpec


def lower_route(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: `beyond_gateway_api`."""
    spec: RouteSpec = subject.document.model.spec
    backends, shadows = list(routed(subject, "backends")), list(routed(subject, "shadow"))
    models, references = (*backends, *shadows), [_reference(each) for each in backends]
    after = needed(subject, models)
    route = http_route(subject, spec, references, [mirror(each) for each in shadows], depends_on=after)
    return Checked((route, *entries(subject, spec, models)), tuple(beyond_gateway_api(subject, spec, backends)))


def _reference(each: Routed) -> dict[str, Any]:
    return {**service_reference(each), "weight": Traced(each.weight, each.at("weight"))}
