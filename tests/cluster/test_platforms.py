"""Objects of other projects' kinds on a real API server with their real definitions, and no operator behind them.

What each operator would write is done by hand, as tests/operators has it recorded.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.broken_rules import CHANGES, broken
from tests.support.cluster import ControlPlane, wait_until
from tests.support.git import repository
from tests.support.operators import act_as, admitting_as, let_go
from tests.support.platforms import FROM_STORE, FROM_ZERO, NAMESPACES, RANGE, SCALED, write_platform
from tests.support.project import Ran, opsdecl_here

SECRETS = "externalsecrets.external-secrets.io"
SCALERS = "scaledobjects.keda.sh"
BESIDE = '\n  transformer: {image: t:1, resources: {cpu: "1"}}\n  explain: {explainer: {image: e:1}}'
ONE_NODE = "accelerator: {gpu: h100-80gb, count: 1, pool: h100}\n"
TWO_NODES = ONE_NODE.replace("count: 1", "count: 8, nodes: 2") + "  parallelism: {tensor: 8, pipeline: 2}\n"
SERVICES, LLM_SERVICES = "inferenceservices.serving.kserve.io", "llminferenceservices.serving.kserve.io"

Command = Callable[..., Ran]
Project = Callable[..., Command]


@pytest.fixture
def project(tmp_path: Path, cluster: ControlPlane) -> Iterator[Project]:
    """A project for a platform in empty namespaces; answers the command in it."""
    cluster.install_definitions("external-secrets", "externalsecrets")
    cluster.install_definitions("keda", "scaledobjects")
    cluster.install_definitions("kserve", "inferenceservices", "llminferenceservices", "llminferenceserviceconfigs")
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
        for kind in (SECRETS, SCALERS, SERVICES, LLM_SERVICES):
            let_go(cluster, kind, name)
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


@pytest.mark.slow
def test_serving_by_kserve(cluster: ControlPlane, project: Project) -> None:
    """From plain Kubernetes to KServe and back, drift and all: the address that callers have stays."""
    changed = {
        "chat": ("replicas: {count: 2}", "replicas: {min: 1, max: 4, target: {metric: cpu, value: 60}}"),
        "fraud": ('resources: {cpu: "2", memory: 4Gi}', f'resources: {{cpu: "2"}}{BESIDE}'),
    }
    opsdecl = project("{}", **changed)
    assert opsdecl("apply", "--yes", "--no-wait").code == 0
    (asking,) = cluster.get("deployment", "fraud-explain", "risk")["spec"]["template"]["spec"]["containers"]
    assert asking["args"] == ["--model_name", "fraud", "--predictor_host", "fraud-model.risk", "--http_port", "8080"]
    (before,) = cluster.get("deployment", "fraud-transform", "risk")["spec"]["template"]["spec"]["containers"]
    assert before["args"] == asking["args"]
    address = cluster.get("service", "chat", "assist")["spec"]["clusterIP"]
    opsdecl = project("{serving: kserve}", **changed)
    with admitting_as(cluster, "kserve-0.20.0"):
        wait_until(lambda: _admits(cluster), "the policies are not in use")
        done = opsdecl("apply", "--yes", "--no-wait")
        assert done.code == 0, done.all
        assert cluster.attempt("get", "deployment", "chat", "-n", "assist").returncode != 0
        assert cluster.get("service", "chat", "assist")["spec"]["clusterIP"] == address
        container = cluster.get(SERVICES, "fraud", "risk")["spec"]["predictor"]["containers"][0]
        assert container["resources"]["limits"] == {"cpu": "2", "memory": "2Gi"}
        assert cluster.get(SERVICES, "fraud", "risk")["spec"]["explainer"]["labels"]["opsdecl.dev/variant"] == "explain"
        transformer = cluster.get(SERVICES, "fraud", "risk")["spec"]["transformer"]
        assert transformer["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}
        assert cluster.get("service", "fraud", "risk")["spec"]["selector"]["opsdecl.dev/variant"] == "transform"
        for gone in ("fraud-explain", "fraud-transform"):
            assert cluster.attempt("get", "deployment", gone, "-n", "risk").returncode != 0

        status = opsdecl("status")
        assert "KServe has not said yet how it is" in status.all
        assert act_as(cluster, "kserve-0.20.0", "assist") == 3
        assert act_as(cluster, "kserve-0.20.0", "risk") == 3
        planned = opsdecl("plan", "--live", "--exit-code")
        assert planned.code == 0, planned.all
        again = opsdecl("apply", "--yes")
        assert again.code == 0, again.all
        assert cluster.get("deployment", "fraud-predictor", "risk")["metadata"]["ownerReferences"][0]["name"] == "fraud"
        assert cluster.get("hpa", "chat", "assist")["spec"]["scaleTargetRef"]["name"] == "chat-kserve"

        flags = [{"op": "replace", "path": "/spec/template/containers/0/args/4", "value": "--port=9000"}]
        cluster.kubectl("patch", LLM_SERVICES, "chat", "-n", "assist", "--type=json", "-p", json.dumps(flags))
        drift = opsdecl("drift", "--exit-code")
        assert drift.code == 2, drift.all
        assert "containers" in drift.all

        # A replica over two nodes is another object, since KServe takes no other number of pods for one that is there.
        spread = {"chat": (ONE_NODE, TWO_NODES), "fraud": changed["fraud"]}
        opsdecl = project("{serving: kserve, multiNode: leader-worker-set}", **spread)
        let_go(cluster, LLM_SERVICES, "assist")
        replaced = ("--revert-drift", "--replace", "LLM.chat/main/llm-inference-service")
        done = opsdecl("apply", "--yes", "--no-wait", *replaced)
        assert done.code == 0, done.all
        service = cluster.get(LLM_SERVICES, "chat", "assist")["spec"]
        assert (service["parallelism"]["pipeline"], service["worker"]["containers"][0]["name"]) == (2, "main")
        assert act_as(cluster, "kserve-0.20.0", "assist") == 3
        planned = opsdecl("plan", "--live", "--exit-code")
        assert planned.code == 0, planned.all


@pytest.mark.slow
def test_rules_that_plans_check_offline(cluster: ControlPlane) -> None:
    """The API server refuses the same objects at the same fields, in the same words."""
    cluster.install_definitions("keda", "scaledobjects")
    cluster.install_definitions("kserve", "llminferenceservices")
    cluster.install_definitions("gateway-api", "httproutes")
    kinds = {"ScaledObject", "LLMInferenceService", "HTTPRoute"}
    changes = [change for change in CHANGES.values() if change.kind in kinds]
    objects = [broken(change) | {"metadata": {"name": "tried", "namespace": "default"}} for change in changes]
    together = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    said = cluster.attempt("create", "--dry-run=server", "-f", "-", stdin=together)
    assert said.stdout == ""
    for change in changes:
        words = (f"{change.at}: Invalid value", change.message)
        assert any(all(word in line for word in words) for line in said.stderr.splitlines()), (change, said.stderr)


def _admits(cluster: ControlPlane) -> bool:
    """Policies of admission are read by the server a moment after they were written."""
    predictor = {
        "containers": [{"name": "a", "image": "b", "resources": {"limits": {"cpu": 1}, "requests": {"cpu": 1}}}]
    }
    one = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "tried", "namespace": "risk"},
        "spec": {"predictor": predictor},
    }
    said = cluster.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(one))
    return "memory" in said
