"""A pytest plugin: `cluster`, one real control plane for all tests of a run, and `namespace`, one per test."""

import os
import secrets
from collections.abc import Iterator

import pytest

from tests.support.cluster import ControlPlane, control_plane, label_of

GROUP = "cluster"


@pytest.fixture(scope="session")
def cluster() -> Iterator[ControlPlane]:
    """One control plane, started when the first test asks for it."""
    with control_plane(f"test-{os.getpid()}") as running:
        yield running


@pytest.fixture
def namespace(cluster: ControlPlane, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of this test alone, with pod security `restricted`."""
    name = cluster.create_namespace(f"{label_of(request.node.name)}-{secrets.token_hex(3)}")
    yield name
    cluster.delete_namespaces(name, wait=False)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever uses the control plane is marked `cluster`, and runs in the one worker that has it."""
    for item in items:
        if isinstance(item, pytest.Function) and "cluster" in item.fixturenames:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.xdist_group(GROUP))
