"""A Route through the inference extension: requests to pools, whose endpoint pickers choose a pod for each."""

from collections.abc import Iterator, Sequence
from typing import Any

from opsdecl.compile.lower.envoy_gateway.checks import beyond_filters
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.routing.backends import (
    POOL_GROUP,
    POOL_KIND,
    Routed,
    needed,
    pool_reference,
    routed,
    served,
    service_reference,
)
from opsdecl.compile.lower.routing.entry import entries
from opsdecl.compile.lower.routing.http_route import http_route, mirror
from opsdecl.compile.lower.routing.limits import beyond_inference
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked
from opsdecl.spec.kinds.route import RouteSpec

API_VERSION = "inference.networking.x-k8s.io/v1alpha2"
OBJECTIVE_HEADER = "x-gateway-inference-objective"
"""By which a request names its InferenceObjective."""


def lower_inference_route(subject: Subject) -> Checked[tuple[Resource, ...]]:
    """Errors: `beyond_inference`."""
    spec: RouteSpec = subject.document.model.spec
    backends, shadows = list(routed(subject, "backends")), list(routed(subject, "shadow"))
    found = (*beyond_inference(subject, spec, backends, shadows), *beyond_filters(subject, spec))
    if found:
        return Checked(None, found)
    pooled = any("llm" in each.entry for each in backends)
    filters = [*_named_objective(subject, spec), *(mirror(each) for each in shadows)]
    models = (*backends, *shadows)
    resources = (
        http_route(subject, spec, list(_references(backends)), filters, depends_on=needed(subject, models)),
        *_objective(subject, spec, backends),
        *_rewrite(subject, backends),
        *entries(subject, spec, models, picked=pooled),
    )
    return Checked(resources, found)


def _references(backends: Sequence[Routed]) -> Iterator[dict[str, Any]]:
    """Backends of one pool are one to the gateway: which name answers is decided in the pool."""
    if any("adapter" in each.entry for each in backends):
        yield {**pool_reference(backends[0]), "weight": 1}
        return
    for each in backends:
        reference = pool_reference(each) if "llm" in each.entry else service_reference(each)
        yield {**reference, "weight": Traced(each.weight, each.at("weight"))}


def _named_objective(subject: Subject, spec: RouteSpec) -> Iterator[dict[str, Any]]:
    if spec.priority is not None:
        header = {"name": OBJECTIVE_HEADER, "value": traced(subject.base, "spec", "priority")}
        yield {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [header]}}


def _objective(subject: Subject, spec: RouteSpec, backends: Sequence[Routed]) -> Iterator[Resource]:
    if spec.priority is not None:
        priority = traced(spec.priority, "spec", "priority")
        inputs = {"spec": {"priority": priority, "poolRef": pool_reference(backends[0])}}
        yield make_resource(subject, "objective", API_VERSION, "InferenceObjective", inputs)


def _rewrite(subject: Subject, backends: Sequence[Routed]) -> Iterator[Resource]:
    """Requests for the model, by any of its names, answered by the names of the backends in their shares."""
    if not any("adapter" in each.entry for each in backends):
        return
    names = served(subject, backends[0])["names"]
    matches = [{"model": {"type": "Exact", "value": Traced(name, backends[0].model_at)}} for name in names]
    targets = [
        {
            "modelRewrite": Traced(each.entry.get("adapter") or names[0], each.at("adapter")),
            "weight": Traced(each.weight, each.at("weight")),
        }
        for each in backends
        # A target of weight 0 is refused.
        if each.weight
    ]
    pool = {"group": POOL_GROUP, "kind": POOL_KIND, "name": Traced(backends[0].base, backends[0].model_at)}
    inputs = {"spec": {"poolRef": pool, "rules": [{"matches": matches, "targets": targets}]}}
    name = object_name(subject.base, "rewrite")
    yield make_resource(subject, "rewrite", API_VERSION, "InferenceModelRewrite", inputs, name=name)
