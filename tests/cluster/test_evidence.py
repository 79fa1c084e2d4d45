"""Evaluations over a real API server: their Jobs complete, what they leave becomes evidence, and nothing else does."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import ControlPlane, wait_until
from tests.support.git import commit, repository
from tests.support.measured import BASE, FIRST, PROD, STAGING, files, result_text
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

    def __init__(self, folder: Path, cluster: ControlPlane, namespace: str) -> None:
        target = f"\n  targets: {{main: {{type: cluster, context: {cluster.context}, waitAtMost: 60s}}}}"
        staging = STAGING.replace("spec: {extends: [base], namespaces: [risk]}", "spec:\n  extends: [base]").replace(
            "  extends: [base]\n", f"  extends: [base]\n  namespaces: [{namespace}]{target}\n"
        )
        base = BASE.replace("type: pvc, claim: customers", DATA) + CHAT
        prod = PROD.replace("namespaces: [risk]", f"namespaces: [{namespace}]")
        self.folder = repository(write_files(folder, files(base=base, staging=staging, prod=prod)))
        self.cluster, self.namespace = cluster, namespace

    def opsdecl(self, *arguments: str, env: str = "staging") -> Ran:
        told = {"KUBECONFIG": str(self.cluster.kubeconfig)}
        return opsdecl_here(self.folder, *arguments, "--env", env, env=told)

    def pod(self, evaluation: str, but: str = "") -> str:
        """Of the run of the evaluation, once its Job is done; another one than `but`, that of an earlier run."""
        labels = f"opsdecl.dev/base={evaluation},opsdecl.dev/kind=Evaluation"

        def names() -> list[str]:
            done = "--field-selector=status.phase=Succeeded"
            found = self.cluster.kubectl("get", "pods", "-n", self.namespace, "-l", labels, done, "-o", "name")
            return [name for name in found.split() if name != but]

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
    path = bench.folder / "environments/base/churn.yaml"
    path.write_text(path.read_text().replace("{{ messages }}", "{{ messages }}!"))
    commit(bench.folder, "another prompt")
    again = bench.opsdecl("apply", "--yes")
    assert again.code == 0, again.all
    assert [line.split()[1] for line in again.out.splitlines() if line.startswith("    starts ")] == ["llm-chat"]
    other = bench.pod("words", but=words)
    bench.leave(other, bench.result("words", {"kept": 1.0}, data=""))
    unproven = bench.opsdecl("evidence", "collect", "words")
    assert (unproven.code, "OD865" in unproven.err) == (1, True)
    assert len(bench.written()) == 2
    late = {"startedAt": "2099-01-01T00:00:00Z", "finishedAt": "2099-01-01T00:01:00Z"}
    bench.leave(other, bench.result("words", {"kept": 1.0}, data="", **late))
    assert bench.opsdecl("evidence", "collect", "words").code == 0
    assert len(bench.written()) == 3
