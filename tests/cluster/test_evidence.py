"""Evaluations over a real API server: their Jobs complete, what they leave becomes evidence, and nothing else does."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import ControlPlane, wait_until
from tests.support.git import commit, repository
from tests.support.measured import BASE, FIRST, PROD, STAGING, files, result_text
from tests.support.operators import act_as, let_go
from tests.support.project import Ran, opsdecl_here, write_files

CHAT = """\
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm, owner: platform}
spec: {engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0"}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: {uri: "hf://acme/small", revision: 0123456789abcdef0123456789abcdef01234567, weights: 2Gi}
  runtime: vllm
  chatTemplate: {text: "{{ messages }}"}
---
apiVersion: opsdecl.dev/v1
kind: Evaluation
metadata: {name: words, owner: team-assist}
spec:
  candidates: [{llm: chat}]
  image: registry.example.com/words:1.0.0
  command: [evaluate]
  metrics: [{name: kept}]
"""
DATA = 'type: oci, image: "registry.example.com/customers:1.0.0"'


class Bench:
    """The project, with staging on a control plane."""

    def __init__(
        self, folder: Path, cluster: ControlPlane, namespace: str, settings: str = "", model: str = ""
    ) -> None:
        target = f"\n  targets: {{main: {{type: cluster, context: {cluster.context}, waitAtMost: 60s}}}}{settings}"
        staging = STAGING.replace("spec: {extends: [base], namespaces: [risk]}", "spec:\n  extends: [base]").replace(
            "  extends: [base]\n", f"  extends: [base]\n  namespaces: [{namespace}]{target}\n"
        )
        base = BASE.replace("type: pvc, claim: customers", DATA)
        base += CHAT.replace("  runtime: vllm\n", f"  runtime: vllm{model}\n")
        prod = PROD.replace("namespaces: [risk]", f"namespaces: [{namespace}]")
        self.folder = repository(write_files(folder, files(base=base, staging=staging, prod=prod)))
        self.cluster, self.namespace = cluster, namespace

    def opsdecl(self, *arguments: str, env: str = "staging") -> Ran:
        told = {"KUBECONFIG": str(self.cluster.kubeconfig)}
        return opsdecl_here(self.folder, *arguments, "--env", env, env=told)

    def pods(self, evaluation: str) -> list[str]:
        """Of its runs that are done."""
        labels = f"opsdecl.dev/base={evaluation},opsdecl.dev/kind=Evaluation"
        done = "--field-selector=status.phase=Succeeded"
        return self.cluster.kubectl("get", "pods", "-n", self.namespace, "-l", labels, done, "-o", "name").split()

    def pod(self, evaluation: str, *but: str) -> str:
        """Of the run of the evaluation, once its Job is done; another one than `but`, those of earlier runs."""

        def names() -> list[str]:
            return [name for name in self.pods(evaluation) if name not in but]

        wait_until(lambda: bool(names()), f"the run of {evaluation} does not end")
        [pod] = names()
        job = self._of(pod, r"{.metadata.labels.batch\.kubernetes\.io/job-name}")
        self.cluster.kubectl("wait", "--for=condition=complete", f"job/{job}", "-n", self.namespace, "--timeout=60s")
        return pod

    def _of(self, name: str, path: str) -> str:
        return self.cluster.kubectl("get", name, "-n", self.namespace, "-o", f"jsonpath={path}")

    def leave(self, pod: str, message: str) -> None:
        """As a kubelet keeps what the program wrote to /dev/termination-log."""
        where = "/status/containerStatuses/0/state/terminated/message"
        patch = json.dumps([{"op": "add", "path": where, "value": message}])
        words = ("--subresource=status", "--type=json", "-p", patch)
        self.cluster.kubectl("patch", pod, "-n", self.namespace, *words)

    def result(self, evaluation: str, metrics: dict[str, float], **changes: Any) -> str:
        request = self.opsdecl("evidence", "request", evaluation).out.rstrip("\n")
        return json.dumps(result_text(request, metrics, **changes))

    def change_prompt(self) -> None:
        path = self.folder / "environments/base/churn.yaml"
        path.write_text(path.read_text().replace("{{ messages }}", "{{ messages }}!"))
        commit(self.folder, "another prompt")

    def again(self, evaluation: str, attempt: int) -> Callable[[], int]:
        """Measures once more; what is answered collects, and gives the exit code."""
        before = self.pods(evaluation)
        path = self.folder / "environments/staging/environment.yaml"
        name = f"metadata: {{name: {evaluation}, owner: team-assist}}\nspec:\n"
        text = f"apiVersion: opsdecl.dev/v1\nkind: Evaluation\n{name}  run: {{attempt: {attempt}}}\n"
        (path.parent / f"{evaluation}.yaml").write_text(text)
        commit(self.folder, "once more")
        applied = self.opsdecl("apply", "--yes", "--no-wait")
        assert applied.code == 0, applied.all
        pod = self.pod(evaluation, *before)
        self.leave(pod, self.result(evaluation, {"kept": 1.0}, data=""))
        return lambda: self.opsdecl("evidence", "collect", evaluation).code

    def measured_again(self, evaluation: str, attempt: int) -> dict[str, Any]:
        """The newest evidence, of a run that begins well after what was before it."""
        time.sleep(1.1)
        known = self.written()
        assert self.again(evaluation, attempt)() == 0
        (found,) = (each for each in self.written() if each not in known)
        return found

    def rolled_out(self, deployment: str) -> bool:
        words = ("status", f"deployment/{deployment}", "-n", self.namespace, "--timeout=1s")
        return self.cluster.attempt("rollout", *words).returncode == 0

    def written(self) -> list[dict[str, Any]]:
        return [json.loads(file.read_text()) for file in sorted((self.folder / "evidence").glob("*.json"))]


@pytest.mark.slow
def test_evidence_is_collected_once_runs_are_done(cluster: ControlPlane, namespace: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path / "project", cluster, namespace)
    early = bench.opsdecl("evidence", "collect")
    assert (early.code, bench.written()) == (0, [])
    assert early.err.count("warning[OD864]") == 2

    applied = bench.opsdecl("apply", "--yes")
    assert applied.code == 0, applied.all
    assert "starts" in applied.out
    quality, words = bench.pod("quality"), bench.pod("words")
    assert bench.opsdecl("plan", "--live", "--exit-code").code == 0

    empty = bench.opsdecl("evidence", "collect")
    assert (empty.code, empty.err.count("error[OD862]"), bench.written()) == (1, 2, [])
    bench.leave(quality, bench.result("quality", {"roc_auc": 0.9}))
    broken = bench.opsdecl("evidence", "collect", "quality")
    assert (broken.code, "`log_loss` is missing" in broken.err, bench.written()) == (1, True, [])

    bench.leave(quality, bench.result("quality", {"roc_auc": 0.9, "log_loss": 0.3}, model=FIRST))
    bench.leave(words, bench.result("words", {"kept": 1.0}, data=""))
    done = bench.opsdecl("evidence", "collect")
    assert done.code == 0, done.all
    first = {each["evaluation"]["name"]: each for each in bench.written()}
    assert {each["trust"] for each in first.values()} == {"simulated"}
    found = first["quality"]
    assert found["producer"]["namespace"] == namespace
    assert found["candidate"]["model"] == FIRST
    assert found["producer"]["uid"]
    assert "nothing new" in bench.opsdecl("evidence", "collect").out
    assert bench.opsdecl("plan", "--live", "--exit-code").code == 0

    # Nobody is told that a run which nobody made says anything of the model.
    gated = bench.opsdecl("plan", env="prod")
    assert (gated.code, "error[OD859]" in gated.err) == (3, True)
    assert bench.opsdecl("apply", "--yes", env="prod").code == 3

    # Another prompt is rolled out while its run begins: an earlier version may have answered.
    bench.change_prompt()
    again = bench.opsdecl("apply", "--yes")
    assert again.code == 0, again.all
    assert [line.split()[1] for line in again.out.splitlines() if line.startswith("    starts ")] == ["llm-chat"]
    other = bench.pod("words", words)
    bench.leave(other, bench.result("words", {"kept": 1.0}, data=""))
    unproven = bench.opsdecl("evidence", "collect", "words")
    assert (unproven.code, "OD865" in unproven.err) == (1, True)
    assert len(bench.written()) == 2
    # What the program says of the time counts for nothing: the run itself must begin once the version is out.
    late = {"startedAt": "2099-01-01T00:00:00Z", "finishedAt": "2099-01-01T00:01:00Z"}
    bench.leave(other, bench.result("words", {"kept": 1.0}, data="", **late))
    assert (bench.opsdecl("evidence", "collect", "words").code, len(bench.written())) == (1, 2)
    assert bench.measured_again("words", 2)["candidate"]["document"] == "LLM.chat"
    assert len(bench.written()) == 3


KSERVE = "\n  platform: {serving: kserve}"
GROUP = """
  platform: {multiNode: leader-worker-set}
  capacity: {pools: {h100: {gpu: h100-80gb, nodes: 4, gpusPerNode: 8, labels: {pool: h100}}}}"""
SPREAD = """
  accelerator: {gpu: h100-80gb, count: 8, nodes: 2}
  parallelism: {tensor: 8, pipeline: 2}
  weights: {cache: {type: none}}"""
SERVICES, GROUPS = "llminferenceservices.serving.kserve.io", "leaderworkersets.leaderworkerset.x-k8s.io"


def out(bench: Bench, kind: str, name: str, since: str) -> None:
    """As the operator tells it once the last version is out, or while it comes (`since` is empty)."""
    row = {"type": "Available", "status": "True" if since else "False", "reason": "R", "message": ""}
    rows = [{**row, "lastTransitionTime": since or "2026-11-29T10:00:00Z"}]
    live = bench.cluster.get(kind, name, bench.namespace)
    counts = {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1} if kind == GROUPS else {}
    status = {"observedGeneration": live["metadata"]["generation"], "conditions": rows, **counts}
    words = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    bench.cluster.kubectl("patch", kind, name, "-n", bench.namespace, *words)


@pytest.fixture
def operators(cluster: ControlPlane, namespace: str) -> Iterator[ControlPlane]:
    cluster.install_definitions("lws", "leaderworkersets")
    cluster.install_definitions("kserve", "inferenceservices", "llminferenceservices")
    yield cluster
    for kind in (SERVICES, "inferenceservices.serving.kserve.io", GROUPS):
        let_go(cluster, kind, namespace)
        cluster.attempt("delete", kind, "--all", "-n", namespace)


@pytest.mark.slow
def test_groups_of_pods_prove_that_the_declared_version_was_out(
    operators: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    bench = Bench(tmp_path / "project", operators, namespace, GROUP, SPREAD)
    assert bench.opsdecl("apply", "--yes", "--no-wait").code == 0
    bench.leave(bench.pod("words"), bench.result("words", {"kept": 1.0}, data=""))
    unseen = bench.opsdecl("evidence", "collect", "words")
    assert (unseen.code, "OD865" in unseen.err) == (1, True), "its controller has not seen it"
    out(bench, GROUPS, "chat-group", "")
    assert bench.opsdecl("evidence", "collect", "words").code == 0, "there never was another version"

    bench.change_prompt()
    coming = bench.again("words", 2)
    out(bench, GROUPS, "chat-group", "")
    assert coming() == 1, "the version is still coming"
    out(bench, GROUPS, "chat-group", "2099-01-01T00:00:00Z")
    assert coming() == 1, "it came after the run began"
    out(bench, GROUPS, "chat-group", "2026-01-01T00:00:00Z")
    assert (coming(), len(bench.written())) == (0, 2)


@pytest.mark.slow
def test_services_of_kserve_prove_that_the_declared_version_was_out(
    operators: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """By the Deployment that KServe makes, which the cluster's own controller rolls out."""
    bench = Bench(tmp_path / "project", operators, namespace, KSERVE)
    assert bench.opsdecl("apply", "--yes", "--no-wait").code == 0
    bench.leave(bench.pod("words"), bench.result("words", {"kept": 1.0}, data=""))
    assert bench.opsdecl("evidence", "collect", "words").code == 1, "KServe has made nothing yet"
    act_as(operators, "kserve-0.20.0", namespace)
    wait_until(lambda: bench.rolled_out("chat-kserve"), "the Deployment is not out")
    assert bench.opsdecl("evidence", "collect", "words").code == 0, "there never was another version"

    bench.change_prompt()
    coming = bench.again("words", 2)
    assert coming() == 1, "KServe has not seen the change"
    act_as(operators, "kserve-0.20.0", namespace)
    patch = json.dumps({"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}})
    operators.kubectl("patch", "deployment", "chat-kserve", "-n", namespace, "--type=merge", "-p", patch)
    wait_until(lambda: bench.rolled_out("chat-kserve"), "the Deployment is not out")
    assert coming() == 1, "it came after the run began"
    assert bench.measured_again("words", 3)["candidate"]["document"] == "LLM.chat"
