"""NetworkPolicy: who may call the model."""

from collections.abc import Iterable
from typing import Any

from opsdecl.compile.lower.labels import selector, selector_of_all
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.spec.kinds.environment import EgressPeer
from opsdecl.spec.kinds.serving import Access, AccessPeer

ROLE = "network-policy"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Label that Kubernetes puts on every namespace."""

PROMETHEUS = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}}}
"""Prometheus in whichever namespace it runs, by the label that its charts and operator use."""


def network_policy(
    subject: Subject,
    access: Access | None,
    ports: dict[str, Any],
    *,
    joined: bool = False,
    others: tuple[dict[str, Any], ...] = (),
    scraped: Iterable[str] | None = None,
) -> Resource | None:
    """Only ingress: what a server may reach (hubs, buckets, tracing) is not known here.

    Without `access` the model's own namespace may call; an empty list lets nobody in. `joined`: the model's own pods
    talk to each other, on ports that engines choose as they start. `others`: peers that are let in whoever may call.
    `scraped`: ports with metrics, where they are not those that callers use.
    """
    if not subject.environment.network_policy.enabled:
        return None
    allowed = [{"port": name, "protocol": "TCP"} for name in ports]
    rules = [{"from": _callers(access), "ports": allowed}] if access is None or access.from_ else []
    if joined:
        rules.append({"from": [{"podSelector": {"matchLabels": selector_of_all(subject)}}]})
    if others:
        rules.append({"from": list(others), "ports": allowed})
    if _is_scraped(subject):
        measured = allowed if scraped is None else [{"port": name, "protocol": "TCP"} for name in scraped]
        rules.append({"from": [PROMETHEUS], "ports": measured})
    spec = {"podSelector": {"matchLabels": selector(subject)}, "policyTypes": ["Ingress"], "ingress": rules}
    return make_resource(subject, ROLE, "networking.k8s.io/v1", "NetworkPolicy", {"spec": spec})


def _callers(access: Access | None) -> list[Any]:
    if access is None:
        return [{"podSelector": {}}]
    return [Traced(peer_of(peer), ("spec", "access", "from", index)) for index, peer in enumerate(access.from_)]


def peer_of(peer: AccessPeer | EgressPeer) -> dict[str, Any]:
    namespace = {"matchLabels": {NAMESPACE_NAME: peer.namespace}} if peer.namespace else None
    pods = {"matchLabels": dict(peer.labels)} if peer.labels else None
    return {"namespaceSelector": namespace, "podSelector": pods if pods or namespace else {}}


def _is_scraped(subject: Subject) -> bool:
    platform = subject.environment.platform
    return platform.metrics != "none" or platform.monitoring != "none"
