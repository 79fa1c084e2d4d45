"""The same training on the operators that run it: what their objects say, and that it is the same run."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from opsdecl.addr import is_run
from opsdecl.compile.lower.native.guard import FIRST
from opsdecl.diff.running import running
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tests.unit.lower.test_training import CASES, key, run, training

TRAINER, RAY = "{platform: {training: kubeflow-trainer}}", "{platform: {training: kuberay}}"
JOBSET = "{platform: {training: jobset}}"
KINDS = {TRAINER: "TrainJob", RAY: "RayJob", JOBSET: "JobSet"}
SEVERAL = "{}"


def on(platform: str, case: str = SEVERAL) -> Manifest:
    (found,) = (m for m in training(case, "{}", platform).values() if is_run(m.address))
    return found


def trainer_pod(case: str = SEVERAL) -> Any:
    (patch,) = on(TRAINER, case).data["spec"]["runtimePatches"]
    (job,) = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    return job["template"]["spec"]["template"]


@pytest.mark.parametrize("platform", KINDS, ids=["kubeflow-trainer", "kuberay", "jobset"])
@pytest.mark.parametrize("case", ["several nodes", "one node", "jax on one node"])
def test_every_object_passes_the_operators_own_definition(platform: str, case: str) -> None:
    cases = {**CASES, "jax on one node": "{spec: {framework: jax, accelerator: {nodes: null}}}"}
    manifests = list(training(cases[case], "{}", platform).values())
    assert examine_schemas(manifests, "1.37", lambda address, path: None).diagnostics == ()
    assert {m.key.kind for m in manifests} == {"PersistentVolumeClaim", KINDS[platform]}


@pytest.mark.parametrize("platform", KINDS, ids=["kubeflow-trainer", "kuberay", "jobset"])
def test_it_is_the_same_run_whoever_makes_the_pods(platform: str) -> None:
    assert (on(platform).address, on(platform).key.name) == (run().address, key())
    assert on(platform).data["metadata"]["annotations"] == run().data["metadata"]["annotations"]
    assert on(platform, "{spec: {queue: nightly}}").data["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "nightly"
    cancelled = on(platform, "{spec: {run: {onChange: cancel}}}").data["metadata"]["annotations"]
    assert cancelled["opsdecl.dev/on-change"] == "cancel"


@pytest.mark.parametrize("platform", KINDS, ids=["kubeflow-trainer", "kuberay", "jobset"])
def test_plans_count_the_same_pods_and_gpus(platform: str) -> None:
    effective = {"spec": {"accelerator": {"gpu": "h100-80gb", "resource": "nvidia.com/gpu"}}}
    native = running(run().data, {}, effective)
    assert running(on(platform).data, {}, effective) == native
    assert (native.pods, native.gpus) == ((2, 2), (8, 8))


def set_job(case: str = SEVERAL) -> Any:
    (job,) = on(JOBSET, case).data["spec"]["replicatedJobs"]
    return job["template"]["spec"]


def test_all_pods_of_a_job_set_begin_again_together() -> None:
    spec, job = on(JOBSET).data["spec"], set_job()
    assert spec["failurePolicy"]["maxRestarts"] == 2
    late = {"name": "timeLimit", "action": "FailJobSet", "onJobFailureReasons": ["DeadlineExceeded"]}
    assert spec["failurePolicy"]["rules"] == [late], "a limit that is reached ends the run"
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (0, 43200)
    assert "podFailurePolicy" not in job, "a pod that is lost is a failure: the others cannot go on without it"
    assert (job["completionMode"], job["completions"], job["parallelism"]) == ("Indexed", 2, 2)
    assert spec["managedBy"] == "jobset.sigs.k8s.io/jobset-controller"
    queued = on("{platform: {training: jobset, queueing: kueue}}").data["spec"]
    assert "managedBy" not in queued, "Kueue says which cluster's controller it is"


def test_pods_of_a_job_set_meet_by_the_names_that_it_gives_them() -> None:
    name = on(JOBSET).key.name
    told = {e["name"]: e.get("value") for e in set_job()["template"]["spec"]["containers"][0]["env"]}
    assert told["PET_RDZV_ENDPOINT"] == f"{name}-node-0-0.{name}:29500"
    assert told["PET_MAX_RESTARTS"] == "0", "the set begins anew, not torchrun"
    assert on(JOBSET).data["spec"]["network"]["publishNotReadyAddresses"] is True


def test_the_only_pod_of_a_job_set_leaves_the_marker_that_others_wait_for() -> None:
    """The controller would number it, and whoever waits for one pod waits for a marker without a number."""
    alone = set_job(CASES["one node"])["template"]["spec"]["containers"][0]["env"]
    assert {"name": "JOB_COMPLETION_INDEX", "value": ""} in alone
    assert (set_job(CASES["one node"])["completions"], set_job(CASES["one node"])["parallelism"]) == (1, 1)


def test_a_job_set_is_removed_when_the_document_says_so() -> None:
    removed = on(JOBSET, "{spec: {run: {removeAfter: 1h}, retries: 0}}").data["spec"]
    assert (removed["ttlSecondsAfterFinished"], removed["failurePolicy"]["maxRestarts"]) == (3600, 0)
    assert "ttlSecondsAfterFinished" not in removed["replicatedJobs"][0]["template"]["spec"]


def test_a_train_job_says_per_node_what_the_document_says() -> None:
    spec = on(TRAINER).data["spec"]
    trainer = spec["trainer"]
    assert spec["runtimeRef"] == {"name": "torch-distributed"}
    assert (trainer["numNodes"], trainer["numProcPerNode"], spec["activeDeadlineSeconds"]) == (2, 4, 43200)
    assert trainer["resourcesPerNode"]["limits"] == {"memory": "128Gi", "nvidia.com/gpu": 4}
    told = {e["name"]: e.get("value") for e in trainer["env"]}
    assert json.loads(told["TRAINING"])["parameters"] == {"rate": 0.1}
    assert not [name for name in told if name.startswith("PET_")], "the runtime tells how pods meet"
    assert trainer_pod()["spec"]["nodeSelector"] == {"pool": "h100"}


def test_a_runtime_of_the_environment_is_taken() -> None:
    chosen = "{platform: {training: kubeflow-trainer, trainingRuntimes: {torch: ours}}}"
    assert on(chosen).data["spec"]["runtimeRef"] == {"name": "ours"}


def test_pods_without_init_containers_wait_for_data_by_themselves() -> None:
    trainer, pod = on(TRAINER).data["spec"]["trainer"], trainer_pod()["spec"]
    assert "initContainers" not in pod
    waits = trainer["command"][: trainer["command"].index("--")]
    (marker,) = (word for word in waits if word.startswith("/waiting/claims/.runs/checks-"))
    mounts = [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]]
    assert "/waiting/claims" in mounts, marker
    assert trainer["command"][-2:] == ["torchrun", "train.py"]


def test_the_wait_ends_when_all_markers_are_there(tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many"
    command = ["/bin/sh", "-c", FIRST, "first", str(one), "1", str(many), "2", "--", "echo", "it", "runs"]
    for file in (one, tmp_path / "many.0"):
        file.touch()
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(command, timeout=0.5, capture_output=True)
    (tmp_path / "many.1").touch()
    assert subprocess.run(command, timeout=10, capture_output=True, text=True).stdout == "it runs\n"


def test_a_ray_cluster_has_its_head_as_one_of_the_nodes() -> None:
    spec = on(RAY).data["spec"]
    (workers,) = spec["rayClusterSpec"]["workerGroupSpecs"]
    assert (workers["replicas"], workers["minReplicas"], workers["maxReplicas"]) == (1, 1, 1)
    head = spec["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"][0]
    assert "command" not in head
    assert head["resources"] == workers["template"]["spec"]["containers"][0]["resources"]
    assert spec["shutdownAfterJobFinishes"] is True
    assert "workerGroupSpecs" not in on(RAY, CASES["one node"]).data["spec"]["rayClusterSpec"]


def test_the_program_of_a_ray_job_is_a_file_that_runs_as_the_command_would(tmp_path: Path) -> None:
    """Two shells and a join lie between the entrypoint and the program, so the entrypoint has no character for them."""
    quoted = "{spec: {command: [sh, -c, 'echo \"$0\" ''a  b'' >> \"$OUT\"', it's], accelerator: {nodes: null}}}"
    spec = on(RAY, quoted.replace("it's", '"it is"')).data["spec"]
    assert spec["entrypoint"] == "/bin/sh /opsdecl/run.sh"
    inits = spec["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["initContainers"]
    (init,) = (each for each in inits if each["name"] == "program")
    write = [word.replace("/opsdecl/", f"{tmp_path}/").replace("/output/", f"{tmp_path}/") for word in init["command"]]
    subprocess.run(write, check=True)
    out = tmp_path / "out"
    for _ in range(2):
        subprocess.run(["sh", str(tmp_path / "run.sh")], check=True, env={"OUT": str(out), "PATH": "/usr/bin:/bin"})
    assert out.read_text() == "it is a  b\n", "the second start finds the marker of the first"


def test_whoever_waits_for_the_model_finds_the_markers_of_the_native_run(tmp_path: Path) -> None:
    """On Ray one pod works for all; Kubeflow Trainer numbers even a pod that is alone."""
    spec = on(RAY).data["spec"]
    inits = spec["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["initContainers"]
    text = next(each for each in inits if each["name"] == "program")["command"][-1]
    program = text.replace("/output/", f"{tmp_path}/").replace("torchrun train.py", "true")
    subprocess.run(["sh", "-c", program], check=True)
    marker = on(RAY).key.name.rpartition("-")[2]
    assert sorted(file.name for file in (tmp_path / ".runs").iterdir()) == [f"{marker}.0", f"{marker}.1"]
    alone = {e["name"]: e.get("value") for e in on(TRAINER, CASES["one node"]).data["spec"]["trainer"]["env"]}
    assert alone["JOB_COMPLETION_INDEX"] == ""
    assert "JOB_COMPLETION_INDEX" not in {e["name"] for e in on(TRAINER).data["spec"]["trainer"]["env"]}
