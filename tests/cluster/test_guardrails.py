"""A guarded model on a real API server: what its Service finds, what changes restart it, and that the checks can go."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import ControlPlane, wait_until
from tests.support.git import commit, repository
from tests.support.guarded import CHAT, CHECKS, NAMESPACE, UNGUARDED, write_guarded
from tests.support.project import Ran, opsdecl_here

WITHOUT_OPERATORS = ("platform: {metrics: prometheus-adapter, monitoring: prometheus-operator}", "platform: {}")
METRIC = ("target: {metric: waiting-requests, value: 4}", "target: {metric: cpu, value: 60}")


@pytest.fixture
def project(tmp_path: Path, cluster: ControlPlane) -> Iterator[Path]:
    cluster.delete_namespaces(NAMESPACE)
    cluster.create_namespace(NAMESPACE)
    folder = write_guarded(
        tmp_path / "project", f"main: {{type: cluster, context: {cluster.context}, waitAtMost: 90s}}"
    )
    edit(folder, "environments/prod/environment.yaml", *WITHOUT_OPERATORS)
    edit(folder, CHAT, *METRIC)
    runtimes = folder / "environments/prod/runtimes.yaml"
    runtimes.write_text(runtimes.read_text().partition("---\n")[0])
    yield repository(folder)
    cluster.delete_namespaces(NAMESPACE)


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def ports(cluster: ControlPlane) -> set[int]:
    """That the Service sends requests to, as Kubernetes worked them out of the pods' ports."""
    labels = "kubernetes.io/service-name=chat"
    slices: Any = cluster.kubectl(
        "get", "endpointslices", "-n", NAMESPACE, "-l", labels, "-o", "jsonpath={.items[*].ports[*].port}"
    )
    return {int(port) for port in slices.split()}


@pytest.mark.slow
def test_requests_reach_the_checks_and_nothing_else(cluster: ControlPlane, project: Path) -> None:
    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(project, *arguments, "--env", "prod", env={"KUBECONFIG": str(cluster.kubeconfig)})

    def configuration() -> str:
        pod = cluster.get("deployment", "chat", NAMESPACE)["spec"]["template"]["spec"]
        return next(str(v["configMap"]["name"]) for v in pod["volumes"] if v["name"] == "guardrails")

    first = opsdecl("apply", "--yes")
    assert first.code == 0, first.all
    wait_until(lambda: ports(cluster) == {8090}, "the Service does not send requests to the checks")
    # What the server fills in of a second container is no drift.
    again = opsdecl("plan", "--live", "--exit-code")
    assert again.code == 0, again.all

    before = configuration()
    edit(project, CHECKS, "Is this safe", "Is it safe")
    commit(project, "other words")
    assert "restarts 1–2 pods" in opsdecl("plan", "--live").all
    assert opsdecl("apply", "--yes").code == 0
    assert configuration() != before
    assert opsdecl("plan", "--live", "--exit-code").code == 0

    unguarded = UNGUARDED[CHAT].replace(*METRIC)
    (project / CHAT).write_text(unguarded)
    commit(project, "unguarded")
    assert "nothing checks requests and answers" in opsdecl("plan", "--live").all
    gone = opsdecl("apply", "--yes")
    assert gone.code == 0, gone.all
    wait_until(lambda: ports(cluster) == {8000}, "the Service does not send requests to the engine")
    maps = cluster.kubectl("get", "configmaps", "-n", NAMESPACE, "-o", "name")
    assert "guardrails" not in maps
