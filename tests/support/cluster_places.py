"""Cluster targets over a real control plane, in the namespace that the contract's objects name."""

from typing import Any

import pytest

from opsdecl.addr import Release
from opsdecl.render.types import ManifestSet
from opsdecl.targets.cluster.settings import ClusterSettings
from opsdecl.targets.cluster.target import ClusterTarget
from tests.contracts.builders import RELEASE
from tests.contracts.places import Place
from tests.support.cluster import ControlPlane, wait_until

NAMESPACE = "assist"
_ALL = {
    "/apis/apps/v1": ("deployments",),
    "/apis/batch/v1": ("jobs",),
    "/apis/autoscaling/v2": ("horizontalpodautoscalers",),
    "/apis/coordination.k8s.io/v1": ("leases",),
    "/api/v1": ("services", "persistentvolumeclaims", "configmaps", "resourcequotas"),
}
_FEW = "serviceaccounts,networkpolicies,poddisruptionbudgets"
_KUBERNETES_OWN = "configmap/kube-root-ca.crt"


@pytest.fixture
def assist(cluster: ControlPlane) -> str:
    """The namespace `assist`, empty before each test; deleting it each time would take five seconds."""
    if cluster.attempt("get", "namespace", NAMESPACE).returncode:
        cluster.create_namespace(NAMESPACE)
    # A request for each kind: kubectl would delete one object after the other, five in a second.
    for group, plurals in _ALL.items():
        for plural in plurals:
            cluster.kubectl("delete", "--raw", f"{group}/namespaces/{NAMESPACE}/{plural}")
    cluster.kubectl("delete", _FEW, "-n", NAMESPACE, "--field-selector=metadata.name!=default", "--timeout=60s")
    wait_until(lambda: not left_of(cluster), f"{NAMESPACE} does not become empty")
    return NAMESPACE


def left_of(cluster: ControlPlane) -> set[str]:
    """What is still there of the kinds that are emptied, by kubectl's names."""
    kinds = ",".join(plural for plurals in _ALL.values() for plural in plurals)
    return set(cluster.kubectl("get", kinds, "-n", NAMESPACE, "-o", "name").split()) - {_KUBERNETES_OWN}


def cluster_target(
    cluster: ControlPlane, wanted: ManifestSet | None = None, release: Release = RELEASE, **more: Any
) -> ClusterTarget:
    """A target on the control plane. `wanted` is what plans will compare with; other words are settings."""
    lease_s = more.pop("lease_s", 30)
    settings = {"context": cluster.context, "namespace": NAMESPACE, "kubeconfig": str(cluster.kubeconfig), **more}
    return ClusterTarget(ClusterSettings(**settings), release, wanted, lease_s=lease_s)


def cluster_place(cluster: ControlPlane) -> Place:
    return Place(lambda user: cluster_target(cluster))
