"""Runs on a real API server with the definitions of the operators that do them, and what operators do replayed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import ControlPlane, wait_until
from tests.support.git import repository
from tests.support.operators import act_as, let_go
from tests.support.project import Ran, opsdecl_here, write_files
from tests.support.searched import searched_project

NAMESPACE = "risk"
TRAIN_JOBS, RAY_JOBS, EXPERIMENTS = "trainjobs.trainer.kubeflow.org", "rayjobs.ray.io", "experiments.kubeflow.org"
JOB_SETS = "jobsets.jobset.x-k8s.io"

QUEUES = ("localqueues", "clusterqueues", "resourceflavors")
QUOTAS = '{risk: {gpus: 16, cpu: "64", memory: 512Gi, queue: nightly}}'
PROJECT = """\
apiVersion: opsdecl.dev/v1
kind: Project
metadata: {name: harbor-ai}
spec: {defaultEnvironment: trainer}
"""
ENVIRONMENT = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: NAME, owner: team-platform}
spec:
  extends: [base]
  targets: {main: {type: cluster, context: CONTEXT}}
  namespaces: [risk]
  platform: {PLATFORM, queueing: kueue}
  capacity:
    pools: {h100: {gpu: h100-80gb, nodes: 6, gpusPerNode: 8, labels: {pool: h100}, pricePerHour: 6.88}}
"""
TRAINING = """\
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: tune, owner: team-risk}
spec:
  framework: torch
  image: ghcr.io/acme/train:1.4.0
  command: [python, train.py]
  parameters: {rate: 0.1}
  accelerator: {gpu: h100-80gb, count: 4, nodes: 2}
  resources: {cpu: "16", memory: 128Gi}
  queue: nightly
  timeLimit: 12h
  output: {size: 100Gi}
"""
ONE_NODE = """\
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: tune}
spec: {accelerator: {nodes: 1}}
"""
SEARCH = """\
apiVersion: opsdecl.dev/v1
kind: Tuning
metadata: {name: search, owner: team-risk}
spec:
  training: tune
  parameters: {rate: {type: double, min: 0.001, max: 0.3, scale: log}}
  objective: {metric: auc, direction: maximize}
  trials: 10
  parallel: 3
  gpuHours: 480
  output: {size: 20Gi}
"""

PREPARED = """\
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {name: claims, owner: team-risk}
spec:
  source: {type: pvc, claim: claims}
  format: parquet
  storage: {size: 200Gi}
  cache: {pool: h100, size: 120Gi}
  prepare:
    - name: clean
      image: ghcr.io/acme/clean:1.4.0
      command: [python, clean.py]
      ray: {workers: 4}
      resources: {cpu: "8", memory: 32Gi}
      timeLimit: 6h
"""


@pytest.fixture
def installed(cluster: ControlPlane) -> Iterator[ControlPlane]:
    cluster.install_definitions("kubeflow-trainer", "trainjobs")
    cluster.install_definitions("kuberay", "rayjobs")
    cluster.install_crds("katib")
    cluster.install_definitions("jobset", "jobsets")
    cluster.install_definitions("kueue", *QUEUES)
    cluster.delete_namespaces(NAMESPACE)
    cluster.create_namespace(NAMESPACE)
    yield cluster
    for kind in (TRAIN_JOBS, RAY_JOBS, JOB_SETS, EXPERIMENTS):
        let_go(cluster, kind, NAMESPACE)
        cluster.attempt("delete", kind, "--all", "-n", NAMESPACE)
    for plural in QUEUES:
        let_go(cluster, f"{plural}.kueue.x-k8s.io", NAMESPACE)
        cluster.attempt("delete", f"{plural}.kueue.x-k8s.io", "--all", "-n", NAMESPACE)
    cluster.delete_namespaces(NAMESPACE)
    cluster.attempt("delete", "persistentvolumes", "-l", "opsdecl.dev/variant=cache")


@pytest.fixture
def project(tmp_path: Path, installed: ControlPlane) -> Path:
    files = {"environments/project.yaml": PROJECT, "environments/base/tune.yaml": TRAINING}
    files["environments/katib/search.yaml"] = SEARCH
    files["environments/ray/claims.yaml"] = PREPARED
    files["environments/katib/tune.yaml"] = ONE_NODE
    platforms = {
        "trainer": "training: kubeflow-trainer",
        "ray": "training: kuberay",
        "set": "training: jobset",
        "katib": "tuning: katib",
    }
    for name, platform in platforms.items():
        text = ENVIRONMENT.replace("NAME", name).replace("PLATFORM", platform).replace("CONTEXT", installed.context)
        files[f"environments/{name}/environment.yaml"] = text
    owner = "environments/trainer/environment.yaml"
    files[owner] = files[owner].replace(
        "  capacity:\n", f"  ownsClusterScope: true\n  capacity:\n    quotas: {QUOTAS}\n"
    )
    cached = "environments/ray/environment.yaml"
    disk = "labels: {pool: h100}, disk: {path: /mnt/nvme/caches, size: 3Ti}"
    files[cached] = (
        files[cached].replace("labels: {pool: h100}", disk).replace("spec:\n", "spec:\n  ownsClusterScope: true\n")
    )
    return repository(write_files(tmp_path / "project", files))


AT = "2026-11-29T11:00:00Z"
DONE = {"status": "True", "reason": "Done", "message": "", "lastTransitionTime": AT}
RUN = "run · 2 pods · 8 × h100-80gb · at most 12 h · at most $660"
THREE_TIMES = "run · 2 pods · 8 × h100-80gb · at most 36 h · at most $2.0k"
"""Each of three attempts may take as long as the document says."""
TRIALS = "run · 10 trials, 3 at a time · 12 × h100-80gb · at most 48 h · at most $3.3k"


def bound_to_the_disks_of_the_pool(cluster: ControlPlane) -> None:
    """The claim of the cache finds its volume, which is there for all nodes of the pool at once."""
    named = ("-l", "opsdecl.dev/variant=cache", "-o")

    def phase() -> str:
        return cluster.kubectl("get", "pvc", "-n", NAMESPACE, *named, "jsonpath={.items[*].status.phase}")

    wait_until(lambda: phase() == "Bound", "the claim of the cache is not bound")
    (volume,) = json.loads(cluster.kubectl("get", "pv", *named, "json"))["items"]
    assert volume["spec"]["local"] == {"path": "/mnt/nvme/caches"}
    (filler,) = json.loads(cluster.kubectl("get", "daemonsets", "-n", NAMESPACE, *named, "json"))["items"]
    assert filler["spec"]["template"]["spec"]["nodeSelector"] == {"pool": "h100"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environment", "kind", "starts", "operator", "words", "done"),
    [
        (
            "trainer",
            TRAIN_JOBS,
            RUN,
            "kubeflow-trainer-2.2.1",
            "1 of 2 pods are ready",
            {"conditions": [{**DONE, "type": "Complete"}]},
        ),
        (
            "ray",
            RAY_JOBS,
            THREE_TIMES,
            "kuberay-1.6.2",
            "running",
            {"jobDeploymentStatus": "Complete", "jobStatus": "SUCCEEDED", "endTime": AT},
        ),
        (
            "set",
            JOB_SETS,
            THREE_TIMES,
            "jobset-0.12.0",
            "all pods are ready, begun again 1 time",
            {"conditions": [{**DONE, "type": "Completed"}], "terminalState": "Completed"},
        ),
        (
            "katib",
            EXPERIMENTS,
            TRIALS,
            "katib-0.19.0",
            "1 of 10 trials are done",
            {"conditions": [{**DONE, "type": "Succeeded"}]},
        ),
    ],
)
def test_a_run_of_an_operator_is_started_once_and_remembered(
    installed: ControlPlane,
    project: Path,
    environment: str,
    kind: str,
    starts: str,
    operator: str,
    words: str,
    done: dict[str, Any],
) -> None:
    cluster = installed

    def opsdecl(*arguments: str) -> Ran:
        env = {"KUBECONFIG": str(cluster.kubeconfig)}
        return opsdecl_here(project, *arguments, "--env", environment, env=env)

    planned = opsdecl("plan", "--live")
    assert starts in planned.all
    assert ("clean · 5 pods · at most 18 h" in planned.all) == (environment == "ray")
    first = opsdecl("apply", "--yes", "--no-wait")
    assert first.code == 0, first.all
    assert opsdecl("plan", "--live", "--exit-code").code == 0

    if environment == "ray":
        bound_to_the_disks_of_the_pool(cluster)
    runs = json.loads(cluster.kubectl("get", kind, "-n", NAMESPACE, "-o", "json"))["items"]
    run = next(run for run in runs if run["metadata"]["labels"]["opsdecl.dev/kind"] != "Dataset")
    names = [run["metadata"]["name"] for run in runs]
    assert len(names) == (2 if environment == "ray" else 1)
    queued = run["spec"]["trialTemplate"]["trialSpec"] if kind == EXPERIMENTS else run
    assert queued["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "nightly"
    assert act_as(cluster, operator, NAMESPACE) > 0
    if environment == "trainer":
        assert act_as(cluster, "kueue-0.19.2", NAMESPACE) == 2 + 1 + 1 + 1
    after = opsdecl("plan", "--live", "--exit-code")
    assert after.code == 0, after.all
    assert words in opsdecl("status", "--format", "json").all

    # How it ended is noted by the next apply, and outlives the object.
    patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": done}))
    for name in names:
        cluster.kubectl("patch", kind, name, "-n", NAMESPACE, *patch)
    assert opsdecl("apply", "--yes", "--no-wait").code == 0
    let_go(cluster, kind, NAMESPACE)
    cluster.kubectl("delete", kind, *names, "-n", NAMESPACE)
    assert opsdecl("plan", "--live", "--exit-code").code == 0
    assert opsdecl("status", "--format", "json").all.count("succeeded 2026-11-29T1") == len(names)


@pytest.mark.slow
def test_a_native_search_is_taken_and_its_pods_have_the_optimiser_beside_the_program(
    installed: ControlPlane, tmp_path: Path
) -> None:
    cluster = installed
    files = searched_project("job")
    name, target = (
        "environments/prod/environment.yaml",
        f"targets: {{main: {{type: cluster, context: {cluster.context}}}}}",
    )
    files[name] = files[name].replace("spec:\n", f"spec:\n  {target}\n")
    project = repository(write_files(tmp_path / "project", files))

    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(project, *arguments, "--env", "prod", env={"KUBECONFIG": str(cluster.kubeconfig)})

    done = opsdecl("apply", "--yes", "--no-wait")
    assert done.code == 0, done.all
    search = ("-n", NAMESPACE, "-l", "opsdecl.dev/kind=Tuning")
    wait_until(lambda: len(cluster.kubectl("get", "pods", *search, "-o", "name").split()) == 4, "its pods do not come")
    pods = json.loads(cluster.kubectl("get", "pods", *search, "-o", "json"))["items"]
    beside = [next(c for c in pod["spec"]["initContainers"] if c["name"] == "tuner") for pod in pods]
    told = [{e["name"]: e for e in container["env"]} for container in beside]
    assert all("JOB_COMPLETION_INDEX" in names for names in told), "the optimiser knows which trial it is beside"
    after = opsdecl("plan", "--live", "--exit-code")
    assert after.code == 0, after.all
