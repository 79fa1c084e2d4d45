"""A real client meets the faults of the proxy before a real API server."""

import subprocess

from tests.support.cluster import ControlPlane
from tests.support.fault_proxy import Drawn, Fault, Request, in_front_of


def no_fault(request: Request) -> None:
    return None


def test_kubectl_notices_nothing_but_the_address(cluster: ControlPlane, namespace: str) -> None:
    with in_front_of(cluster, no_fault) as (proxy, kubeconfig):
        cluster.kubectl("create", "configmap", "a", "-n", namespace, kubeconfig=kubeconfig)
        cluster.kubectl("apply", "--server-side", "-f", "-", stdin=f"""
            {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "b", "namespace": "{namespace}"}}}}
        """, kubeconfig=kubeconfig)  # fmt: skip
        listed = cluster.kubectl("get", "configmaps", "-n", namespace, "-o", "name", kubeconfig=kubeconfig)
        assert {"configmap/a", "configmap/b"} < set(listed.split())
        assert proxy.counts.methods["POST"] == proxy.counts.methods["PATCH"] == 1


def test_a_watch_comes_through_as_it_happens(cluster: ControlPlane, namespace: str) -> None:
    cluster.kubectl("create", "configmap", "before", "-n", namespace)
    with in_front_of(cluster, no_fault) as (_, kubeconfig):
        watch = ("get", "configmap", "-n", namespace, "--watch", "-o", "name", "--request-timeout=20s")
        command = [str(cluster.tools / "k8s/kubectl"), "--kubeconfig", str(kubeconfig), *watch]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
            assert watching.stdout is not None
            assert any(row == "configmap/before\n" for row in watching.stdout)
            cluster.kubectl("create", "configmap", "during", "-n", namespace)
            assert any(row == "configmap/during\n" for row in watching.stdout)
            watching.kill()


def test_kubectl_waits_as_long_as_it_is_told(cluster: ControlPlane, namespace: str) -> None:
    refused: list[Request] = []

    def first_post(request: Request) -> Fault | None:
        if request.method != "POST" or refused:
            return None
        refused.append(request)
        return Fault.TOO_MANY_RETRY_AFTER

    with in_front_of(cluster, first_post) as (proxy, kubeconfig):
        cluster.kubectl("create", "configmap", "a", "-n", namespace, kubeconfig=kubeconfig)
        assert proxy.counts.methods["POST"] == 2
        assert proxy.counts.faults[Fault.TOO_MANY_RETRY_AFTER] == 1


def test_what_was_done_and_not_heard_of_is_done(cluster: ControlPlane, namespace: str) -> None:
    with in_front_of(cluster, Drawn(1, (Fault.AFTER_RESET,))) as (_, kubeconfig):
        post = ("create", "--validate=false", "-n", namespace, "-f", "-")
        body = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}'
        raw = ("create", "--raw", f"/api/v1/namespaces/{namespace}/configmaps", "-f", "-")
        assert cluster.attempt(*raw, stdin=body, kubeconfig=kubeconfig).returncode == 1
    assert cluster.get("configmap", "a", namespace)["metadata"]["name"] == "a"
    assert "AlreadyExists" in cluster.attempt(*post, stdin=body).stderr
