"""A model with prefill pods on a real API server, with the real definitions and no operator behind them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cluster import ControlPlane
from tests.support.git import repository
from tests.support.project import Ran, opsdecl_here
from tests.support.split import KSERVE, NAMESPACE, NATIVE, write_split

Command = Callable[..., Ran]


@pytest.fixture
def project(tmp_path: Path, cluster: ControlPlane) -> Iterator[Callable[[str], Command]]:
    cluster.install_definitions("gateway-api", "httproutes")
    cluster.install_definitions("gateway-api-inference-extension", "inferencepools")
    cluster.install_definitions("kserve", "llminferenceservices")
    cluster.delete_namespaces(NAMESPACE)
    cluster.create_namespace(NAMESPACE)

    def write(platform: str) -> Command:
        target = f"main: {{type: cluster, context: {cluster.context}, waitAtMost: 30s}}"
        folder = repository(write_split(tmp_path / platform[1:8], platform, target))
        kubeconfig = {"KUBECONFIG": str(cluster.kubeconfig)}
        return lambda *arguments: opsdecl_here(folder, *arguments, "--env", "prod", env=kubeconfig)

    yield write
    cluster.delete_namespaces(NAMESPACE)


@pytest.mark.slow
def test_both_roles_are_taken_as_they_are(cluster: ControlPlane, project: Callable[[str], Command]) -> None:
    """The server takes every object, a second plan is empty; then the same model on KServe."""
    opsdecl = project(NATIVE)
    done = opsdecl("apply", "--yes", "--no-wait")
    assert done.code == 0, done.all
    again = opsdecl("plan", "--live", "--exit-code")
    assert again.code == 0, again.all
    pods = cluster.get("deployment", "chat-prefill", NAMESPACE)["spec"]["template"]
    assert pods["metadata"]["labels"]["llm-d.ai/role"] == "prefill"
    sidecar = cluster.get("deployment", "chat", NAMESPACE)["spec"]["template"]["spec"]["initContainers"][0]
    assert (sidecar["name"], sidecar["restartPolicy"]) == ("routing-sidecar", "Always")

    opsdecl = project(KSERVE)
    moved = opsdecl("apply", "--yes", "--no-wait")
    assert moved.code == 0, moved.all
    again = opsdecl("plan", "--live", "--exit-code")
    assert again.code == 0, again.all
    service = cluster.get("llminferenceservices.serving.kserve.io", "chat", NAMESPACE)["spec"]
    assert service["prefill"]["parallelism"] == {"tensor": 2}
    assert service["router"] == {"gateway": {}, "route": {}, "scheduler": {}}
    assert cluster.attempt("get", "deployment", "chat-prefill", "-n", NAMESPACE).returncode != 0
