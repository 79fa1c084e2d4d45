"""GPUs that are claimed as devices, on a real API server and its real scheduler; the driver's part is done by hand."""

import json
from pathlib import Path

import pytest

from tests.support.claimed import NAMESPACE, write_claimed
from tests.support.cluster import ControlPlane, wait_until
from tests.support.git import commit, repository
from tests.support.project import opsdecl_here

PRODUCT = "NVIDIA H100 80GB HBM3"
CLASSES = {"gpu.nvidia.com": "gpu", "mig.nvidia.com": "mig"}
WITHOUT_NETWORK_DEVICES = {"  rdma: {resource: rdma/ib}\n": ""}
CLAIMS = "resourceclaims.resource.k8s.io"


def publish(cluster: ControlPlane, node: str, count: int, profile: str = "") -> None:
    """As NVIDIA's driver would, of whole GPUs or of slices of one profile."""
    attributes = {"type": {"string": "mig" if profile else "gpu"}, "productName": {"string": PRODUCT}}
    attributes |= {"profile": {"string": profile}} if profile else {}
    devices = [
        {"name": f"gpu-{index}", "attributes": attributes, "capacity": {"memory": {"value": "80Gi"}}}
        for index in range(count)
    ]
    pool = {"name": node, "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": "gpu.nvidia.com", "nodeName": node, "pool": pool, "devices": devices}
    cluster.create(
        {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": node}, "spec": spec}
    )


def prepare(cluster: ControlPlane) -> None:
    cluster.install_crds("lws")
    cluster.install_definitions("gateway-api", "httproutes")
    cluster.install_definitions("gateway-api-inference-extension", "inferencepools")
    cluster.delete_namespaces(NAMESPACE)
    cluster.create_namespace(NAMESPACE)
    cluster.add_nodes("claimed", 1, 8)
    cluster.add_nodes("slices", 1, 0)
    for name, kind in CLASSES.items():
        test = f'device.driver == "gpu.nvidia.com" && device.attributes["gpu.nvidia.com"].type == "{kind}"'
        spec = {"selectors": [{"cel": {"expression": test}}]}
        cluster.create(
            {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": name}, "spec": spec}
        )
    publish(cluster, "claimed-0", 8)
    publish(cluster, "slices-0", 2, "3g.40gb")


@pytest.mark.slow
def test_pods_get_the_devices_that_they_claim(cluster: ControlPlane, tmp_path: Path) -> None:
    """The server takes templates and pods, a second plan is empty, the scheduler gives the right devices; another
    number of GPUs is another template, which the server would never have let change."""
    prepare(cluster)
    target = f"main: {{type: cluster, context: {cluster.context}, waitAtMost: 30s}}"
    project = repository(write_claimed(tmp_path / "project", target, **WITHOUT_NETWORK_DEVICES))
    env = {"KUBECONFIG": str(cluster.kubeconfig)}
    try:
        done = opsdecl_here(project, "apply", "--yes", "--no-wait", "--env", "prod", env=env)
        assert done.code == 0, done.all
        again = opsdecl_here(project, "plan", "--live", "--exit-code", "--env", "prod", env=env)
        assert again.code == 0, again.all

        def placed() -> dict[str, list[str]]:
            """Devices by the pod that claims them."""
            listed = json.loads(cluster.kubectl("get", CLAIMS, "-n", NAMESPACE, "-o", "json"))["items"]
            held = {}
            for claim in listed:
                owner = claim["metadata"]["ownerReferences"][0]["name"]
                results = claim.get("status", {}).get("allocation", {}).get("devices", {}).get("results", [])
                held[owner] = [f"{each['pool']}/{each['device']}" for each in results]
            return held

        def everything() -> bool:
            held = placed()
            sizes = sorted(len(devices) for pod, devices in held.items() if not pod.startswith("tune"))
            return sizes == [1, 1, 1, 2]

        wait_until(everything, "not every claim was allocated")
        held = placed()
        assert {node for pod, got in held.items() if pod.startswith("small") for node in got} <= {
            "slices-0/gpu-0",
            "slices-0/gpu-1",
        }
        assert all(each.startswith("claimed-0/") for pod, got in held.items() if pod.startswith("chat") for each in got)

        templates = "resourceclaimtemplates.resource.k8s.io"
        names = cluster.kubectl("get", templates, "-n", NAMESPACE, "-o", "name").split()
        (prefill,) = [name.partition("/")[2] for name in names if "chat-prefill-devices" in name]
        patch = json.dumps([{"op": "replace", "path": "/spec/spec/devices/requests/0/exactly/count", "value": 3}])
        refused = cluster.attempt("patch", templates, prefill, "-n", NAMESPACE, "--type=json", "-p", patch)
        assert "immutable" in refused.stderr
        documents = project / "environments/prod/documents.yaml"
        text = documents.read_text().replace(
            "count: 2, pool: h100}, parallelism: {tensor: 2}", "count: 1, pool: h100}, parallelism: {tensor: 1}"
        )
        documents.write_text(text)
        commit(project, "fewer")
        done = opsdecl_here(project, "apply", "--yes", "--no-wait", "--env", "prod", env=env)
        assert done.code == 0, done.all
        after = cluster.kubectl("get", templates, "-n", NAMESPACE, "-o", "name").split()
        assert len(after) == len(names)
        assert not any(prefill in name for name in after)
    finally:
        for kind in ("resourceslices.resource.k8s.io", "deviceclasses.resource.k8s.io"):
            cluster.attempt("delete", kind, "--all")
        cluster.delete_namespaces(NAMESPACE)
        cluster.attempt("delete", "node", "-l", "pool in (claimed,slices)")
