"""Objects of other projects' kinds on a real API server with their real definitions, and no operator behind them.

What each operator would write is done by hand, as tests/operators has it recorded.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cluster import ControlPlane
from tests.support.git import repository
from tests.support.operators import act_as, let_go
from tests.support.platforms import FROM_STORE, NAMESPACES, write_platform
from tests.support.project import Ran, opsdecl_here

SECRETS = "externalsecrets.external-secrets.io"

Command = Callable[..., Ran]
Project = Callable[[str], Command]


@pytest.fixture
def project(tmp_path: Path, cluster: ControlPlane) -> Iterator[Project]:
    """A project for a platform in empty namespaces; answers the command in it."""
    cluster.install_definitions("external-secrets", "externalsecrets")
    cluster.delete_namespaces(*NAMESPACES)
    for name in NAMESPACES:
        cluster.create_namespace(name)

    def write(platform: str) -> Command:
        target = f"main: {{type: cluster, context: {cluster.context}, waitAtMost: 30s}}"
        folder = repository(write_platform(tmp_path / "project", platform, target))
        kubeconfig = {"KUBECONFIG": str(cluster.kubeconfig)}
        return lambda *arguments: opsdecl_here(folder, *arguments, "--env", "prod", env=kubeconfig)

    yield write
    for name in NAMESPACES:
        let_go(cluster, SECRETS, name)
    cluster.delete_namespaces(*NAMESPACES)


@pytest.mark.slow
def test_secrets_from_a_store(cluster: ControlPlane, project: Project) -> None:
    """Nothing starts before its Secret is there; what the operator writes is no drift; values come into no object."""
    opsdecl = project(FROM_STORE)
    waited = opsdecl("apply", "--yes")
    assert "nothing has fetched it yet" in waited.all, waited.all
    assert cluster.attempt("get", "deployment", "chat", "-n", "assist").returncode != 0
    assert act_as(cluster, "external-secrets-1.3.2", "assist") == 2
    assert act_as(cluster, "external-secrets-1.3.2", "risk") == 2

    done = opsdecl("apply", "--yes", "--no-wait")
    assert done.code == 0, done.all
    assert cluster.get("deployment", "chat", "assist")["metadata"]["name"] == "chat"
    assert act_as(cluster, "external-secrets-1.3.2", "assist") == 2
    planned = opsdecl("plan", "--live", "--exit-code")
    assert planned.code == 0, planned.all
    assert json.loads(cluster.kubectl("get", "secrets", "-n", "assist", "-o", "json"))["items"] == []

    # What a person changes is drift.
    store = json.dumps({"spec": {"secretStoreRef": {"name": "other"}}})
    cluster.kubectl("patch", SECRETS, "hf-token", "-n", "assist", "--type=merge", "-p", store)
    drift = opsdecl("drift", "--exit-code")
    assert drift.code == 2, drift.all
    assert "secretStoreRef.name" in drift.all
