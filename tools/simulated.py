"""Staging on a simulated cluster of `make tools`: a real control plane, nodes and runs that are none."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsdecl.addr import digest_of_bytes
from tools.stage import LONGEST_S, ROOT, Stage, UnexpectedError, tools_folder

STAGING = "environments/staging/environment.yaml"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok", "kwokctl")
DEFINITIONS = ("prometheus-operator", "gateway-api")
NAMESPACES = ("assist", "documents", "risk")
ABSENT = """\
LEFT OUT: staging on a simulated cluster. Its control plane is not there; make it with: make tools (about 35 minutes)"""
_COLUMNS = "RUN:.metadata.name,FROM:.status.startTime,UNTIL:.status.completionTime,COMPLETE:.status.succeeded"


def is_there(folder: Path) -> bool:
    programs = all(os.access(folder / "k8s" / name, os.X_OK) for name in PROGRAMS)
    return programs and all((folder / "crds" / name).is_dir() for name in DEFINITIONS)


@contextmanager
def simulated_cluster(stage: Stage) -> Iterator[None]:
    """It takes itself down when this process ends, however it does."""
    name, tools = f"demo-{os.getpid()}", tools_folder(os.environ)
    told = {"OPSDECL_TOOLS": str(tools), "OPSDECL_CLUSTERS": str(stage.folder / "clusters"), "OWNER": str(os.getpid())}

    def script(verb: str) -> str:
        line = ["bash", str(ROOT / "tools/cluster.sh"), verb, name]
        done = subprocess.run(line, env={**os.environ, **told}, capture_output=True, timeout=3 * LONGEST_S, check=False)
        if done.returncode:
            raise UnexpectedError(f"tools/cluster.sh {verb} {name} failed:\n{done.stderr.decode()[-2000:]}")
        return done.stdout.decode().strip()

    kubeconfig = script("up")
    try:
        stage.offer("kubectl", str(tools / "k8s/kubectl"))
        stage.env.update(KUBECONFIG=kubeconfig, KUBECACHEDIR=str(stage.folder / "clusters" / name / "cache"))
        stage.quietly(f"kubectl config rename-context kwok-{name} staging", stage.ours)
        for each in DEFINITIONS:
            stage.quietly(f"kubectl apply --server-side -f {tools / 'crds' / each}", stage.ours)
        for each in NAMESPACES:
            stage.quietly(f"kubectl create namespace {each}", stage.ours)
        yield
    finally:
        script("down")


def run_staging(stage: Stage) -> None:
    """Its runs are complete, as far as Kubernetes can tell."""
    stage.say(
        "Staging goes to a cluster: a real control plane, on nodes that are simulated. Pods end, and nothing ran."
    )
    stage.show(f"sed -i 's|main: {{type: git, .*}}|main: {{type: cluster, context: staging}}|' {STAGING}")
    stage.show("git commit --quiet --all -m 'Staging goes to a cluster'")
    stage.say(
        "Its runs are started in the order in which they need each other: data, trainings, what asks for their models."
    )
    stage.show(
        "opsdecl apply --env staging --yes 2>&1 | grep -E '^  created.*/run-|revision'", head=20, says="72 created"
    )
    stage.quietly("kubectl wait --for=condition=complete jobs --all -A --timeout=60s", stage.ours)
    stage.say("All of them are complete, as far as Kubernetes can tell.")
    stage.show(f"kubectl get jobs -A --sort-by=.status.completionTime -o custom-columns='{_COLUMNS}'")
    stage.show("opsdecl status --env staging", head=12)


def believe_nothing(stage: Stage) -> None:
    stage.say("These pods even claim numbers. opsdecl looks at their nodes, and marks the evidence as simulated.")
    pods = json.loads(stage.quietly("kubectl get pods -n risk -l opsdecl.dev/base=fraud-quality -o json", stage.ours))
    for pod in pods["items"]:
        _claim(stage, pod)
    stage.show("opsdecl evidence collect fraud-quality --env staging", says="simulated")
    stage.show("git add evidence && git commit --quiet -m 'What staging claims'")
    stage.say("Simulated evidence opens no gate of production: that one says nothing of `allowSimulated`.")
    stage.show(
        "opsdecl promote --from staging --to prod --winner fraud-quality",
        status=3, head=4, tail=6, says="error[OD859]",
    )  # fmt: skip


def _claim(stage: Stage, pod: object) -> None:
    """As a kubelet keeps what a program wrote; here nobody wrote it."""
    assert isinstance(pod, dict)
    (container,) = pod["spec"]["containers"]
    asked = next(each["value"] for each in container["env"] if each["name"] == "EVALUATION")
    model = json.loads(asked)["candidate"]["digest"]
    result = {
        "formatVersion": 1,
        "asked": digest_of_bytes(asked.encode()),
        "metrics": {"roc_auc": 0.99, "log_loss": 0.05},
        "samples": 1500,
        "model": model,
        "data": f"sha256:{64 * '0'}",
        "engine": "nobody",
        "trust": "real",
        "startedAt": "2026-11-29T04:00:00Z",
        "finishedAt": "2026-11-29T04:01:00Z",
    }
    where = "/status/containerStatuses/0/state/terminated/message"
    patch = json.dumps([{"op": "add", "path": where, "value": json.dumps(result)}])
    (stage.folder / "patch.json").write_text(patch, "utf-8")
    name = re.sub("[^a-z0-9-]", "", pod["metadata"]["name"])
    words = "--subresource=status --type=json --patch-file=../patch.json"
    stage.quietly(f"kubectl patch pod {name} -n risk {words}", stage.ours)
