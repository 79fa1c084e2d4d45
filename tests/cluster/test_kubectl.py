"""What opsdecl applies, kubectl reads, compares and lists; what people do with kubectl, opsdecl names."""

import json
import subprocess

from tests.contracts.builders import apply, chat, plan_of
from tests.support.cluster import ControlPlane, as_stream
from tests.support.cluster_places import NAMESPACE, assist, cluster_target

__all__ = ["assist"]


def test_kubectl_apply_by_a_person_is_drift_of_that_person(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    service = next(m.data for m in chat().manifests if m.key.kind == "Service")
    edited = {**service, "spec": {**service["spec"], "selector": {"app": "other"}}}
    forced = ("apply", "--server-side", "--force-conflicts", "-f", "-")
    assert "conflict" in cluster.attempt("apply", "--server-side", "-f", "-", stdin=as_stream([edited])).stderr
    cluster.kubectl(*forced, stdin=as_stream([edited]))
    state = cluster_target(cluster, chat()).read().value
    assert state is not None
    [change] = plan_of(state, chat()).changes
    assert (change.address, change.cause) == ("LLM.chat/main/service", "drift")
    assert change.drifted_by.startswith("kubectl (a person)")


def test_kubectl_lists_the_set_and_its_prune_refuses_it(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    parents = json.loads(cluster.kubectl("get", "configmaps", "-n", NAMESPACE, "-l", _ID, "-o", "json"))["items"]
    [parent] = parents
    members = cluster.kubectl(
        "get",
        "deployments,services,persistentvolumeclaims",
        "-n",
        NAMESPACE,
        "-l",
        f"applyset.kubernetes.io/part-of={parent['metadata']['labels'][_ID]}",
        "-o",
        "name",
    )
    assert sorted(members.split()) == ["deployment.apps/chat", "persistentvolumeclaim/chat-cache", "service/chat"]
    applyset = f"--applyset=configmap/{parent['metadata']['name']}"
    prune = ("KUBECTL_APPLYSET=true", str(cluster.tools / "k8s/kubectl"), "--kubeconfig", str(cluster.kubeconfig))
    said = _with_environment(
        *prune, "apply", "--server-side", "-n", NAMESPACE, "--prune", applyset, "-f", "-", stdin=as_stream([_OWN])
    )
    assert "managed by tooling" in said
    assert cluster.get("service", "chat", NAMESPACE)["metadata"]["name"] == "chat"


_ID = "applyset.kubernetes.io/id"
_OWN = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own", "namespace": NAMESPACE}}


def _with_environment(*command: str, stdin: str) -> str:
    done = subprocess.run(["env", *command], input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_kubectl_reads_every_object_back_as_it_was_applied(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    for manifest in chat().manifests:
        found = cluster.get(manifest.key.kind, manifest.key.name, NAMESPACE)
        assert _contained(manifest.data, found), found


def _contained(wanted: object, found: object) -> bool:
    """The server adds defaults, and takes nothing away."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(n in found and _contained(v, found[n]) for n, v in wanted.items())
    if isinstance(wanted, list):
        same = isinstance(found, list) and len(wanted) == len(found)
        return same and all(_contained(w, f) for w, f in zip(wanted, found, strict=True))  # type: ignore[call-overload]
    return wanted == found
