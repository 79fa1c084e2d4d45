"""A Route through the plain Gateway API: requests to Services, by weight."""

from collections.abc import Iterator, Sequence
from typing import Any

from opsdecl.compile.lower.argo_rollouts.rollout import canary_service_name
from opsdecl.compile.lower.envoy_gateway.checks import beyond_filters, checks_of
from opsdecl.compile.lower.routing.backends import Routed, needed, routed, served, service_reference
from opsdecl.compile.lower.routing.entry import entries
from opsdecl.compile.lower.routing.http_route import http_route, mirror
from opsdecl.compile.lower.routing.limits import beyond_gateway_api
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked, SpecPath
from opsdecl.spec.kinds.route import RouteSpec


def lower_route(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: `beyond_gateway_api`, `beyond_filters`."""
    spec: RouteSpec = subject.document.model.spec
    backends, shadows = list(routed(subject, "backends")), list(routed(subject, "shadow"))
    models, references = (*backends, *shadows), [found for each in backends for found in _references(subject, each)]
    copies, after = [mirror(each) for each in shadows], needed(subject, models)
    checks, moved = checks_of(subject, spec), _moved(subject, backends, len(references))
    # First of all what checks: no request comes in unchecked.
    first = (*after, checks.address) if checks is not None else after
    route = http_route(subject, spec, references, copies, depends_on=first, ignore_changes=moved)
    found = (*beyond_gateway_api(subject, spec, backends), *beyond_filters(subject, spec))
    resources = (route, checks, *entries(subject, spec, models))
    return Checked(tuple(one for one in resources if one is not None), found)


def _references(subject: Subject, each: Routed) -> Iterator[dict[str, Any]]:
    """A canary begins without requests; its controller moves them."""
    yield {**service_reference(each), "weight": Traced(each.weight, each.at("weight"))}
    if served(subject, each)["canary"]:
        yield {**service_reference(each, canary_service_name(each.base)), "weight": 0}


def _moved(subject: Subject, backends: Sequence[Routed], references: int) -> tuple[SpecPath, ...]:
    """Weights that a controller moves."""
    if not any(served(subject, each)["canary"] for each in backends):
        return ()
    return tuple(("spec", "rules", 0, "backendRefs", index, "weight") for index in range(references))
