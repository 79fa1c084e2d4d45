"""A model over several nodes on a real API server with LeaderWorkerSet's definition, and no operator behind it.

What the operator would do with pods is done here by hand: labels and variables as it sets them, pods of both templates.
"""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import ControlPlane, wait_until
from tests.support.git import commit, repository
from tests.support.large import MODEL, NAMESPACE, write_large
from tests.support.project import Ran, opsdecl_here

GROUPS = "leaderworkersets.leaderworkerset.x-k8s.io"
OPERATOR = "leaderworkerset.sigs.k8s.io"


@pytest.fixture
def installed(cluster: ControlPlane) -> Iterator[ControlPlane]:
    cluster.install_crds("lws")
    cluster.delete_namespaces(NAMESPACE)
    cluster.create_namespace(NAMESPACE)
    cluster.add_volumes(1)
    yield cluster
    cluster.attempt("delete", GROUPS, "--all", "-n", NAMESPACE)
    cluster.delete_namespaces(NAMESPACE)


@pytest.fixture
def project(tmp_path: Path, cluster: ControlPlane, installed: ControlPlane) -> Path:
    target = f"main: {{type: cluster, context: {cluster.context}, waitAtMost: 60s}}"
    return repository(write_large(tmp_path / "project", target))


def edit(project: Path, old: str, new: str) -> None:
    text = (project / MODEL).read_text()
    assert old in text
    (project / MODEL).write_text(text.replace(old, new))
    commit(project, "edited")


def live(cluster: ControlPlane) -> Any:
    return cluster.get(GROUPS, "large-group", NAMESPACE)


def report(cluster: ControlPlane, **status: Any) -> None:
    """As the operator would, in the status of the object."""
    seen = {"observedGeneration": live(cluster)["metadata"]["generation"], **status}
    patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": seen}))
    cluster.kubectl("patch", GROUPS, "large-group", "-n", NAMESPACE, *patch)


def pods_of_group(spec: Any, index: int) -> Iterator[dict[str, Any]]:
    for worker in range(spec["leaderWorkerTemplate"]["size"]):
        template = spec["leaderWorkerTemplate"]["workerTemplate" if worker else "leaderTemplate"]
        pod = copy.deepcopy(template)
        labels = {f"{OPERATOR}/name": "large-group", f"{OPERATOR}/group-index": str(index)}
        labels[f"{OPERATOR}/worker-index"] = str(worker)
        pod["metadata"]["labels"] |= labels
        name = f"large-group-{index}" + (f"-{worker}" if worker else "")
        # A volume that no storage provider fills would hold the pod up before it is scheduled.
        pod["spec"]["volumes"] = [v if v["name"] != "cache" else CACHE for v in pod["spec"]["volumes"]]
        yield {"apiVersion": "v1", "kind": "Pod", **pod, "metadata": {**pod["metadata"], "name": name}}


CACHE = {"name": "cache", "emptyDir": {}}


@pytest.mark.slow
def test_apply_plan_drift_and_destroy(installed: ControlPlane, project: Path) -> None:
    cluster = installed

    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(project, *arguments, "--env", "prod", env={"KUBECONFIG": str(cluster.kubeconfig)})

    first = opsdecl("apply", "--yes", "--no-wait")
    assert first.code == 0, first.all
    assert opsdecl("plan", "--live", "--exit-code").code == 0
    again = opsdecl("apply", "--yes", "--no-wait")
    assert again.code == 0, again.all
    assert live(cluster)["metadata"]["generation"] == 1

    # What the operator's admission fills in, the autoscaler's number, and the operator's own status are no drift.
    cluster.kubectl("scale", GROUPS, "large-group", "-n", NAMESPACE, "--replicas=2")
    report(cluster, replicas=2, readyReplicas=1, updatedReplicas=2)
    assert opsdecl("plan", "--live", "--exit-code").code == 0
    assert "1 of 2 replicas have all their pods ready" in opsdecl("status").all

    # What a person changes is.
    size = json.dumps([{"op": "replace", "path": "/spec/leaderWorkerTemplate/size", "value": 3}])
    cluster.kubectl("patch", GROUPS, "large-group", "-n", NAMESPACE, "--type=json", "-p", size)
    drift = opsdecl("drift", "--exit-code")
    assert drift.code == 2, drift.all
    assert "leaderWorkerTemplate.size" in drift.all
    assert opsdecl("apply", "--yes", "--no-wait", "--revert-drift").code == 0
    assert live(cluster)["spec"]["leaderWorkerTemplate"]["size"] == 2

    edit(project, "maxModelLen: 8192", "maxModelLen: 16384")
    planned = opsdecl("plan", "--live")
    assert "restarts 2–4 pods, 16–32 × h100-80gb" in planned.all
    assert opsdecl("apply", "--yes", "--no-wait").code == 0
    assert opsdecl("plan", "--live", "--exit-code").code == 0
    report(cluster, replicas=2, readyReplicas=2, updatedReplicas=2)
    assert opsdecl("apply", "--yes").code == 0

    assert opsdecl("destroy", "--yes", "--including-protected").code == 0
    wait_until(lambda: cluster.attempt("get", GROUPS, "large-group", "-n", NAMESPACE).returncode != 0, "it stays")


@pytest.mark.slow
def test_its_pods_are_taken_and_no_two_of_a_replica_share_a_node(installed: ControlPlane, project: Path) -> None:
    """A quarter of a node each, so that only the rule keeps them apart; only the leaders are behind the Service."""
    cluster = installed
    edit(project, "count: 8, nodes: 2", "count: 2, nodes: 2")
    edit(project, "tensor: 8, pipeline: 2", "tensor: 2, pipeline: 2")
    edit(project, "model: deepseek-v3", "model: qwen2.5-72b-instruct")
    # The namespace enforces `restricted`, which the capability for RDMA is not part of.
    edit(project, "  rdma: {resource: rdma/hca, count: 8}\n", "")
    edit(project, "memory: 800Gi", "memory: 8Gi")
    edit(project, 'cpu: "32"', 'cpu: "1"')
    done = opsdecl_here(
        project, "apply", "--yes", "--no-wait", "--env", "prod", env={"KUBECONFIG": str(cluster.kubeconfig)}
    )
    assert done.code == 0, done.all
    spec = live(cluster)["spec"]
    free, pinned = (list(pods_of_group(spec, index)) for index in range(2))
    for pod in pinned:
        pod["spec"]["nodeSelector"]["kubernetes.io/hostname"] = "h100-0"
    for pod in (*free, *pinned):
        cluster.kubectl("create", "-n", NAMESPACE, "-f", "-", stdin=json.dumps(pod))
    each = ["pod/large-group-0", "pod/large-group-0-1", "pod/large-group-1"]
    cluster.kubectl("wait", "--for=condition=PodScheduled", *each, "-n", NAMESPACE, "--timeout=60s")
    nodes = [cluster.get("pod", pod["metadata"]["name"], NAMESPACE)["spec"]["nodeName"] for pod in free]
    assert nodes[0] != nodes[1]
    kept_out = ("wait", "--for=condition=PodScheduled=False", "pod/large-group-1-1", "-n", NAMESPACE, "--timeout=60s")
    cluster.kubectl(*kept_out)
    report(cluster, replicas=1, readyReplicas=0, updatedReplicas=1)
    told = opsdecl_here(project, "status", "--env", "prod", env={"KUBECONFIG": str(cluster.kubeconfig)})
    assert "didn't match pod anti-affinity rules" in told.all

    cluster.kubectl("wait", "--for=condition=Ready", *each, "-n", NAMESPACE, "--timeout=60s")
    endpoints = json.loads(cluster.kubectl("get", "endpointslices", "-n", NAMESPACE, "-o", "json"))["items"]
    called = {e["targetRef"]["name"] for slice_ in endpoints for e in slice_.get("endpoints") or ()}
    assert called == {"large-group-0", "large-group-1"}
