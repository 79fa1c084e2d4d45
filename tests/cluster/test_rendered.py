"""What is rendered for each environment of the example is what a real API server takes, keeps and runs."""

import json

import pytest

from opsdecl.flows.render import as_files
from tests.support.cluster import ControlPlane
from tests.support.cluster_fixtures import EXAMPLE_NAMESPACES
from tests.support.project import ENVIRONMENTS, built, example_tree


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.usefixtures("example_namespaces")
def test_the_example_runs(cluster: ControlPlane, environment: str) -> None:
    files = as_files(built(example_tree(), environment).manifests.manifests)
    # A Job of another environment by the same name cannot become this one's.
    cluster.kubectl("delete", "jobs", "-A", "--all")
    rendered = b"---\n".join(files.values()).decode()
    said = cluster.attempt("apply", "--server-side", "--field-manager=opsdecl", "-f", "-", stdin=rendered)
    assert (said.returncode, said.stderr) == (0, "")
    assert len(said.stdout.splitlines()) == len(files)

    cluster.kubectl("wait", "--for=condition=Available", "deployment", "-A", "--all", "--timeout=60s")
    cluster.kubectl("wait", "--for=jsonpath={.status.phase}=Bound", "pvc", "-A", "--all", "--timeout=60s")
    if "kind: Job\n" in rendered:
        cluster.kubectl("wait", "--for=condition=Complete", "job", "-A", "--all", "--timeout=60s")
    assert pods_outside_their_pool(cluster) == []

    again = cluster.attempt("diff", "--server-side", "--field-manager=opsdecl", "-f", "-", stdin=rendered)
    assert (again.returncode, again.stdout) == (0, "")


def pods_outside_their_pool(cluster: ControlPlane) -> list[str]:
    """Names of pods that ask for a pool and run on a node of another."""
    nodes = json.loads(cluster.kubectl("get", "nodes", "-o", "json"))["items"]
    pools = {node["metadata"]["name"]: node["metadata"]["labels"]["pool"] for node in nodes}
    pods = [
        pod
        for n in EXAMPLE_NAMESPACES
        for pod in json.loads(cluster.kubectl("get", "pods", "-n", n, "-o", "json"))["items"]
    ]
    assert pods
    asked = {pod["metadata"]["name"]: pod["spec"].get("nodeSelector", {}).get("pool") for pod in pods}
    ran = {pod["metadata"]["name"]: pools[pod["spec"]["nodeName"]] for pod in pods}
    return [name for name, pool in asked.items() if pool and ran[name] != pool]
