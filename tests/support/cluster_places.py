"""Cluster targets over a real control plane, in the namespace that the contract's objects name."""

from typing import Any

import pytest

from opsdecl.addr import Release
from opsdecl.render.types import ManifestSet
from opsdecl.targets.cluster.settings import ClusterSettings
from opsdecl.targets.cluster.store import PART_OF
from opsdecl.targets.cluster.target import ClusterTarget
from tests.contracts.builders import RELEASE
from tests.contracts.places import Place
from tests.support.cluster import ControlPlane

NAMESPACE = "assist"
_ALL = "deployments,services,persistentvolumeclaims,horizontalpodautoscalers,configmaps,leases,resourcequotas"
_LABELLED = "serviceaccounts,networkpolicies,poddisruptionbudgets"


@pytest.fixture
def assist(cluster: ControlPlane) -> str:
    """The namespace `assist`, empty before each test; deleting it each time would take five seconds."""
    if cluster.attempt("get", "namespace", NAMESPACE).returncode:
        cluster.create_namespace(NAMESPACE)
    cluster.kubectl("delete", _ALL, "-n", NAMESPACE, "--all", "--timeout=60s")
    cluster.kubectl("delete", _LABELLED, "-n", NAMESPACE, "-l", PART_OF, "--timeout=60s")
    return NAMESPACE


def cluster_target(
    cluster: ControlPlane, wanted: ManifestSet | None = None, release: Release = RELEASE, **more: Any
) -> ClusterTarget:
    """A target on the control plane. `wanted` is what plans will compare with; other words are settings."""
    lease_s = more.pop("lease_s", 30)
    settings = {"context": cluster.context, "namespace": NAMESPACE, "kubeconfig": str(cluster.kubeconfig), **more}
    return ClusterTarget(ClusterSettings(**settings), release, wanted, lease_s=lease_s)


def cluster_place(cluster: ControlPlane) -> Place:
    return Place(lambda user: cluster_target(cluster))
