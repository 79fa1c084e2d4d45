"""NetworkPolicies by which models let a Route's gateway in. They add to what the models' own policies allow."""

from collections.abc import Iterable
from typing import Any

from opsdecl.addr import MAIN
from opsdecl.compile.lower.labels import PREFIX, VARIANT
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.network import NAMESPACE_NAME, peer_of
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.routing.backends import Routed, served
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.spec.kinds.route import RouteSpec

PICKER = "inferencepool"
"""Label of the pods of an endpoint picker, with the name of its Service; the chart of the extension sets it."""


def entries(subject: Subject, spec: RouteSpec, models: Iterable[Routed], *, picked: bool = False) -> list[Resource]:
    """One for each model. `picked`: an endpoint picker asks the pods how busy they are."""
    if not subject.environment.network_policy.enabled:
        return []
    by_model = {each.document.address: each for each in models}
    return [_entry(subject, spec, each, picked=picked) for each in by_model.values()]


def _entry(subject: Subject, spec: RouteSpec, each: Routed, *, picked: bool) -> Resource:
    kind = each.document.address.kind
    role = f"entry-{kind.lower()}-{each.base}"
    pods = {f"{PREFIX}/kind": kind, f"{PREFIX}/base": each.base}
    if not served(subject, each).get("split"):
        pods |= {VARIANT: MAIN}
    callers: list[Any] = [Traced(_gateway_pods(subject, spec), ("spec", "gateway"))]
    if picked:
        picker = f"{each.base}{subject.environment.endpoint_picker.suffix}"
        callers.append({"podSelector": {"matchLabels": {PICKER: picker}}})
    ingress = [{"from": callers, "ports": [{"port": "http", "protocol": "TCP"}]}]
    inputs = {"spec": {"podSelector": {"matchLabels": pods}, "policyTypes": ["Ingress"], "ingress": ingress}}
    name = object_name(subject.base, role)
    return make_resource(subject, role, "networking.k8s.io/v1", "NetworkPolicy", inputs, name=name)


def _gateway_pods(subject: Subject, spec: RouteSpec) -> dict[str, Any]:
    """Those that the Environment declares, else all of the Gateway's namespace."""
    declared = subject.environment.gateways.get(spec.gateway.name)
    if declared is not None and declared.pods is not None:
        return peer_of(declared.pods)
    namespace = spec.gateway.namespace or (declared.namespace if declared else None) or subject.namespace
    return {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: namespace}}}
