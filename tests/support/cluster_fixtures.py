"""A pytest plugin: `cluster`, one real control plane for a whole run, and namespaces for tests or the example."""

import os
import secrets
from collections.abc import Iterator

import pytest

from tests.support.cluster import ControlPlane, control_plane, label_of

GROUP = "cluster"
EXAMPLE_NAMESPACES = ("assist", "documents", "risk")
CLAIMS_AT_MOST = 10
"""Of one environment of the example; a claim that is deleted uses its volume up."""


@pytest.fixture(scope="session")
def cluster() -> Iterator[ControlPlane]:
    """One control plane, started when the first test asks for it, with the definitions that the example needs."""
    with control_plane(f"test-{os.getpid()}") as running:
        running.install_definitions("prometheus-operator", "podmonitors", "prometheusrules")
        running.install_definitions("gateway-api", "httproutes")
        running.install_crds("argo-rollouts")
        yield running


@pytest.fixture
def namespace(cluster: ControlPlane, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of this test alone, with pod security `restricted`."""
    name = cluster.create_namespace(f"{label_of(request.node.name)}-{secrets.token_hex(3)}")
    yield name
    cluster.delete_namespaces(name, wait=False)


@pytest.fixture
def example_namespaces(cluster: ControlPlane) -> Iterator[tuple[str, ...]]:
    """The namespaces of the worked example, empty, whatever other tests left in them, and volumes for its claims; gone
    afterwards."""
    cluster.delete_namespaces(*EXAMPLE_NAMESPACES)
    for name in EXAMPLE_NAMESPACES:
        cluster.create_namespace(name)
    cluster.add_volumes(CLAIMS_AT_MOST)
    yield EXAMPLE_NAMESPACES
    cluster.delete_namespaces(*EXAMPLE_NAMESPACES)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever uses the control plane is marked `cluster`, and runs in the one worker that has it."""
    for item in items:
        if isinstance(item, pytest.Function) and "cluster" in item.fixturenames:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.xdist_group(GROUP))
