"""The control plane that the other tests stand on does what a real one does."""

import pytest

from tests.support.cluster import ControlPlane, KubectlError


def pod(name: str, **spec: object) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def test_pods_that_break_pod_security_are_refused(cluster: ControlPlane, namespace: str) -> None:
    unsafe = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "unsafe", "namespace": namespace}}
    with pytest.raises(KubectlError, match="violates PodSecurity"):
        cluster.create({**unsafe, "spec": {"containers": [{"name": "a", "image": "a"}], "hostNetwork": True}})


def test_a_restricted_identity_may_do_what_its_rules_say(cluster: ControlPlane, namespace: str) -> None:
    reader = cluster.identity([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}])
    cluster.kubectl("get", "configmaps", "-n", namespace, kubeconfig=reader)
    with pytest.raises(KubectlError, match="cannot create resource"):
        cluster.kubectl("create", "configmap", "a", "-n", namespace, kubeconfig=reader)
    with pytest.raises(KubectlError, match="cannot list resource"):
        cluster.kubectl("get", "pods", "-n", namespace, kubeconfig=reader)


def test_rules_can_be_held_to_a_namespace(cluster: ControlPlane, namespace: str) -> None:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
    reader = cluster.identity(rules, namespace, cluster_wide=False)
    cluster.kubectl("get", "configmaps", "-n", namespace, kubeconfig=reader)
    with pytest.raises(KubectlError, match="cannot list resource"):
        cluster.kubectl("get", "configmaps", "-n", "default", kubeconfig=reader)


@pytest.mark.slow
def test_crds_are_established(cluster: ControlPlane, namespace: str) -> None:
    cluster.install_crds("jobset")
    assert cluster.kubectl("get", "jobsets.jobset.x-k8s.io", "-n", namespace, "-o", "name") == ""


@pytest.mark.slow
def test_the_api_server_comes_back_with_its_data(cluster: ControlPlane, namespace: str) -> None:
    cluster.kubectl("create", "configmap", "kept", "-n", namespace)
    with cluster.without("kube-apiserver"):
        assert "refused" in cluster.attempt("get", "namespaces", "--request-timeout=2s").stderr
    assert cluster.get("configmap", "kept", namespace)["metadata"]["name"] == "kept"


def test_added_nodes_take_pods(cluster: ControlPlane, namespace: str) -> None:
    pool = f"pool-{namespace[-6:]}"
    cluster.add_nodes(pool, count=1, gpus=2)
    gpu = {"limits": {"nvidia.com/gpu": "2"}}
    secure = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "a", "image": "a", "resources": gpu, "securityContext": secure}
    safe = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    asks = pod("asks", containers=[container], nodeSelector={"pool": pool}, securityContext=safe)
    try:
        cluster.create({**asks, "metadata": {"name": "asks", "namespace": namespace}})
        cluster.kubectl("wait", "--for=condition=Ready", "pod/asks", "-n", namespace, "--timeout=30s")
        assert cluster.get("pod", "asks", namespace)["spec"]["nodeName"] == f"{pool}-0"
    finally:
        cluster.kubectl("delete", "node", f"{pool}-0")  # What others run on here is counted.
