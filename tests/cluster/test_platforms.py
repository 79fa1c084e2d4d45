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
from tests.support.platforms import FROM_STORE, FROM_ZERO, NAMESPACES, RANGE, SCALED, write_platform
from tests.support.project import Ran, opsdecl_here

SECRETS = "externalsecrets.external-secrets.io"
SCALERS = "scaledobjects.keda.sh"

Command = Callable[..., Ran]
Project = Callable[..., Command]


@pytest.fixture
def project(tmp_path: Path, cluster: ControlPlane) -> Iterator[Project]:
    """A project for a platform in empty namespaces; answers the command in it."""
    cluster.install_definitions("external-secrets", "externalsecrets")
    cluster.install_definitions("keda", "scaledobjects")
    cluster.delete_namespaces(*NAMESPACES)
    for name in NAMESPACES:
        cluster.create_namespace(name)

    def write(platform: str, **changed: tuple[str, str]) -> Command:
        target = f"main: {{type: cluster, context: {cluster.context}, waitAtMost: 30s}}"
        folder = repository(write_platform(tmp_path / "project", platform, target, **changed))
        kubeconfig = {"KUBECONFIG": str(cluster.kubeconfig)}
        return lambda *arguments: opsdecl_here(folder, *arguments, "--env", "prod", env=kubeconfig)

    yield write
    for name in NAMESPACES:
        let_go(cluster, SECRETS, name)
        let_go(cluster, SCALERS, name)
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


@pytest.mark.slow
def test_scaling_by_keda(cluster: ControlPlane, project: Project) -> None:
    """The count is the scaler's; what KEDA makes of the object and beside it is neither drift nor ours; from
    Kubernetes' own autoscaler to KEDA in one apply."""
    opsdecl = project("{metrics: prometheus-adapter}", chat=("replicas: {count: 2}", RANGE))
    assert opsdecl("apply", "--yes", "--no-wait").code == 0
    cluster.kubectl("scale", "deployment", "chat", "-n", "assist", "--replicas=3")
    opsdecl = project(SCALED, chat=("replicas: {count: 2}", FROM_ZERO))
    planned = opsdecl("plan", "--live")
    assert "from 0 replicas to the first answer" in planned.all, planned.all
    done = opsdecl("apply", "--yes", "--no-wait")
    assert done.code == 0, done.all
    assert cluster.get("deployment", "chat", "assist")["spec"]["replicas"] == 3
    assert cluster.attempt("get", "hpa", "chat", "-n", "assist").returncode != 0

    assert act_as(cluster, "keda-2.20.2", "assist") == 3
    cluster.kubectl("scale", "deployment", "chat", "-n", "assist", "--replicas=0")
    planned = opsdecl("plan", "--live", "--exit-code")
    assert planned.code == 0, planned.all
    again = opsdecl("apply", "--yes", "--no-wait")
    assert again.code == 0, again.all
    assert cluster.get("deployment", "chat", "assist")["spec"]["replicas"] == 0
    assert cluster.get("hpa", "chat", "assist")["metadata"]["ownerReferences"][0]["kind"] == "ScaledObject"

    bound = json.dumps({"spec": {"maxReplicaCount": 40}})
    cluster.kubectl("patch", SCALERS, "chat", "-n", "assist", "--type=merge", "-p", bound)
    drift = opsdecl("drift", "--exit-code")
    assert drift.code == 2, drift.all
    assert "maxReplicaCount" in drift.all
