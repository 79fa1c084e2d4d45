"""Readiness of live objects, kind by kind: what a controller wrote into `status`, and what a person is told."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsdecl.apply.readiness.jobs import ended_at
from opsdecl.apply.readiness.patience import JOB_S, PULL_S, USUAL_S, patience_s
from opsdecl.apply.readiness.pods import problem_of
from opsdecl.apply.readiness.read import read_readiness
from opsdecl.apply.types import Readiness


def live(kind: str, spec: Any = None, status: Any = None, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": API.get(kind, "example.com/v1"),
        "kind": kind,
        "metadata": {"name": "chat", "namespace": "assist", "generation": 2, **metadata},
        "spec": spec or {},
        "status": status or {},
    }


API = {
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"), "apps/v1"),
    **dict.fromkeys(("Job", "CronJob"), "batch/v1"),
    **dict.fromkeys(("PersistentVolumeClaim", "Service", "Namespace", "ConfigMap"), "v1"),
    "ExternalSecret": "external-secrets.io/v1",
    "ScaledObject": "keda.sh/v1alpha1",
    "InferenceService": "serving.kserve.io/v1beta1",
    "LLMInferenceService": "serving.kserve.io/v1alpha2",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "LeaderWorkerSet": "leaderworkerset.x-k8s.io/v1",
    "Rollout": "argoproj.io/v1alpha1",
    "EnvoyExtensionPolicy": "gateway.envoyproxy.io/v1alpha1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
}


def conditions(**statuses: str) -> dict[str, Any]:
    rows = [{"type": t, "status": s, "reason": f"{t}Reason", "message": "so it is"} for t, s in statuses.items()]
    return {"conditions": rows}


def counts(seen: int = 2, **numbers: int) -> dict[str, int]:
    return {"observedGeneration": seen, **numbers}


def full(count: int) -> dict[str, int]:
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return counts(**dict.fromkeys(names, count))


TWO = {"replicas": 2}
LATE = {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}
REFUSED = {
    "conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}]
}


def ancestors(*statuses: str) -> dict[str, Any]:
    """What gateways say of a policy, one of them for each status."""
    rows = [{"type": "Accepted", "status": s, "reason": "Of" + s, "message": "so it is"} for s in statuses]
    return {"ancestors": [{"ancestorRef": {"name": "public"}, "conditions": [row]} for row in rows]}


ROWS: tuple[tuple[str, dict[str, Any], Readiness], ...] = (
    ("new", live("Deployment", TWO), Readiness("InProgress", "its controller has not seen it yet", 0, 2)),
    (
        "changed since",
        live("Deployment", TWO, full(2) | counts(seen=1)),
        Readiness("InProgress", "its controller has not seen the change yet"),
    ),
    (
        "rolling",
        live("Deployment", TWO, full(2) | {"updatedReplicas": 1}),
        Readiness("InProgress", "1 of 2 pods are of the new version", 2, 2),
    ),
    (
        "loading",
        live("Deployment", TWO, full(2) | {"readyReplicas": 1}),
        Readiness("InProgress", "1 of 2 pods are ready", 1, 2),
    ),
    (
        "old pods",
        live("Deployment", TWO, full(2) | {"replicas": 3}),
        Readiness("InProgress", "pods of the old version still end", 2, 2),
    ),
    (
        "not long enough",
        live("Deployment", TWO, full(2) | {"availableReplicas": 1}),
        Readiness("InProgress", "1 of 2 pods have been ready for long enough", 2, 2),
    ),
    ("ready", live("Deployment", TWO, full(2)), Readiness("Current", "", 2, 2)),
    ("none wanted", live("Deployment", {"replicas": 0}, counts()), Readiness("Current", "", 0, 0)),
    ("one unless told", live("Deployment", {}, full(1)), Readiness("Current", "", 1, 1)),
    ("too late", live("Deployment", TWO, counts() | LATE), Readiness("Failed", "ProgressDeadlineExceeded", 0, 2)),
    (
        "quota",
        live("Deployment", TWO, counts() | REFUSED),
        Readiness("InProgress", "FailedCreate: exceeded quota", 0, 2),
    ),
    (
        "set loading",
        live("StatefulSet", TWO, counts(readyReplicas=1)),
        Readiness("InProgress", "1 of 2 pods are ready", 1, 2),
    ),
    (
        "set rolling",
        live(
            "StatefulSet",
            TWO,
            {**counts(readyReplicas=2, updatedReplicas=1), "currentRevision": "a", "updateRevision": "b"},
        ),
        Readiness("InProgress", "1 of 2 pods are of the new version", 2, 2),
    ),
    (
        "set held by its partition",
        live(
            "StatefulSet",
            {**TWO, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
            {**counts(readyReplicas=2, updatedReplicas=1), "currentRevision": "a", "updateRevision": "b"},
        ),
        Readiness("Current", "", 2, 2),
    ),
    (
        "set by hand",
        live("StatefulSet", {**TWO, "updateStrategy": {"type": "OnDelete"}}, counts(readyReplicas=2)),
        Readiness("Current", "pods are exchanged when somebody deletes them", 2, 2),
    ),
    (
        "on each node",
        live(
            "DaemonSet",
            {},
            counts(desiredNumberScheduled=3, updatedNumberScheduled=3, numberReady=2, numberAvailable=2),
        ),
        Readiness("InProgress", "2 of 3 pods are ready", 2, 3),
    ),
    (
        "on each node, ready",
        live(
            "DaemonSet",
            {},
            counts(desiredNumberScheduled=3, updatedNumberScheduled=3, numberReady=3, numberAvailable=3),
        ),
        Readiness("Current", "", 3, 3),
    ),
    ("replica set", live("ReplicaSet", TWO, {"replicas": 2, "readyReplicas": 2}), Readiness("Current", "", 2, 2)),
    (
        "a canary's controller has not seen the change",
        live("Rollout", TWO, {"observedGeneration": "1", "phase": "Healthy", "readyReplicas": 2}),
        Readiness("InProgress", "its controller has not seen it yet", 2, 2),
    ),
    (
        "a canary keeps its share",
        live("Rollout", TWO, {"observedGeneration": "2", "phase": "Paused", "readyReplicas": 3, "currentStepIndex": 1}),
        Readiness("Current", "the canary keeps its share at step 1", 2, 2),
    ),
    (
        "a canary of which nothing could be told",
        live("Rollout", TWO, {"observedGeneration": "2", "phase": "Paused", "message": "InconclusiveAnalysisRun"}),
        Readiness(
            "Current",
            "the canary keeps its share at step 0, as its analysis could tell nothing: promote or abort it",
            0,
            2,
        ),
    ),
    (
        "a canary is judged before its next share",
        live(
            "Rollout",
            TWO,
            {
                "observedGeneration": "2",
                "phase": "Progressing",
                "message": "more replicas need to be updated",
                "readyReplicas": 3,
                "currentStepIndex": 2,
                "canary": {"currentStepAnalysisRunStatus": {"name": "chat-5b9c-2-2", "status": "Running"}},
            },
        ),
        Readiness("Current", "the canary keeps its share while it is judged at step 2", 2, 2),
    ),
    (
        "a canary has passed a step, and pods of the next share load",
        live(
            "Rollout",
            TWO,
            {
                "observedGeneration": "2",
                "phase": "Progressing",
                "readyReplicas": 1,
                "canary": {"currentStepAnalysisRunStatus": {"name": "chat-5b9c-2-2", "status": "Successful"}},
            },
        ),
        Readiness("InProgress", "1 of 2 pods are ready", 1, 2),
    ),
    (
        "a canary was taken back",
        live("Rollout", TWO, {"observedGeneration": "2", "phase": "Degraded", "message": "RolloutAborted"}),
        Readiness("Failed", "RolloutAborted", 0, 2),
    ),
    (
        "a canary's pods load",
        live("Rollout", TWO, {"observedGeneration": "2", "phase": "Progressing", "readyReplicas": 1}),
        Readiness("InProgress", "1 of 2 pods are ready", 1, 2),
    ),
    (
        "a canary has all requests",
        live("Rollout", TWO, {"observedGeneration": "2", "phase": "Healthy", "readyReplicas": 2}),
        Readiness("Current", "", 2, 2),
    ),
    (
        "a policy that no gateway has seen",
        live("EnvoyExtensionPolicy", {}, {}),
        Readiness("InProgress", "no gateway has taken it yet"),
    ),
    ("a policy that its gateway took", live("EnvoyExtensionPolicy", {}, ancestors("True")), Readiness("Current")),
    (
        "a policy that one of its gateways refused",
        live("EnvoyExtensionPolicy", {}, ancestors("True", "False")),
        Readiness("Failed", "OfFalse: so it is"),
    ),
    (
        "groups are new",
        live("LeaderWorkerSet", TWO),
        Readiness("InProgress", "its controller has not seen it yet", 0, 2),
    ),
    (
        "groups rolling",
        live("LeaderWorkerSet", TWO, counts(replicas=2, updatedReplicas=1, readyReplicas=2)),
        Readiness("InProgress", "1 of 2 replicas are of the new version", 2, 2),
    ),
    (
        "groups loading",
        live("LeaderWorkerSet", TWO, counts(replicas=2, updatedReplicas=2, readyReplicas=1)),
        Readiness("InProgress", "1 of 2 replicas have all their pods ready", 1, 2),
    ),
    (
        "a group that the rollout added",
        live("LeaderWorkerSet", TWO, counts(replicas=3, updatedReplicas=3, readyReplicas=3)),
        Readiness("InProgress", "replicas that the rollout added still end", 2, 2),
    ),
    (
        "groups not available",
        live(
            "LeaderWorkerSet",
            TWO,
            counts(replicas=2, updatedReplicas=2, readyReplicas=2) | conditions(Available="False", Progressing="True"),
        ),
        Readiness("InProgress", "ProgressingReason: so it is", 2, 2),
    ),
    (
        "groups ready",
        live(
            "LeaderWorkerSet",
            TWO,
            counts(replicas=2, updatedReplicas=2, readyReplicas=2) | conditions(Available="True", Progressing="False"),
        ),
        Readiness("Current", "", 2, 2),
    ),
    ("job runs", live("Job", {}, {"active": 1}), Readiness("InProgress", "0 of 1 pods are done", 0, 1)),
    (
        "job tries again",
        live("Job", {"completions": 2}, {"succeeded": 1, "failed": 3}),
        Readiness("InProgress", "1 of 2 pods are done, 3 pods failed before", 1, 2),
    ),
    (
        "job waits",
        live("Job", {"suspend": True}),
        Readiness("InProgress", "it is suspended: something must let it start", 0, 1),
    ),
    ("job done", live("Job", {}, {"succeeded": 1} | conditions(Complete="True")), Readiness("Current", "", 1, 1)),
    ("job failed", live("Job", {}, conditions(Failed="True")), Readiness("Failed", "FailedReason: so it is", 0, 1)),
    ("cron job", live("CronJob"), Readiness("Current")),
    ("cron job off", live("CronJob", {"suspend": True}), Readiness("Current", "it is suspended")),
    ("claim bound", live("PersistentVolumeClaim", {}, {"phase": "Bound"}), Readiness("Current")),
    (
        "claim lost",
        live("PersistentVolumeClaim", {}, {"phase": "Lost"}),
        Readiness("Failed", "its volume is gone, and what was on it"),
    ),
    (
        "claim waits",
        live("PersistentVolumeClaim", {"storageClassName": "fast"}, {"phase": "Pending"}),
        Readiness("InProgress", "no volume is bound yet (class fast)"),
    ),
    ("service", live("Service", {"clusterIP": "10.96.0.9"}), Readiness("Current")),
    ("service elsewhere", live("Service", {"type": "ExternalName"}), Readiness("Current")),
    (
        "load balancer",
        live("Service", {"type": "LoadBalancer", "clusterIP": "10.96.0.9"}),
        Readiness("InProgress", "no load balancer has been given an address yet"),
    ),
    ("autoscaler", live("HorizontalPodAutoscaler"), Readiness("Current")),
    (
        "autoscaler without a metric",
        live("HorizontalPodAutoscaler", {}, conditions(ScalingActive="False")),
        Readiness("Current", "it does not scale: ScalingActiveReason: so it is"),
    ),
    (
        "budget",
        live("PodDisruptionBudget", {}, counts(currentHealthy=0, desiredHealthy=1)),
        Readiness("Current", "0 of 1 pods are healthy"),
    ),
    ("definition", live("CustomResourceDefinition", {}, conditions(Established="True")), Readiness("Current")),
    (
        "definition is new",
        live("CustomResourceDefinition"),
        Readiness("InProgress", "the server does not serve the kind yet"),
    ),
    (
        "definition clashes",
        live("CustomResourceDefinition", {}, conditions(NamesAccepted="False")),
        Readiness("Failed", "NamesAcceptedReason: so it is"),
    ),
    ("namespace", live("Namespace", {}, {"phase": "Active"}), Readiness("Current")),
    (
        "namespace goes",
        live("Namespace", {}, {"phase": "Terminating"}),
        Readiness("Terminating", "it is being deleted"),
    ),
    ("no status", live("ConfigMap"), Readiness("Current")),
    ("scaler: ready", live("ScaledObject", {}, conditions(Ready="True", Fallback="False")), Readiness("Current")),
    (
        "scaler: not ready",
        live("ScaledObject", {}, conditions(Ready="False")),
        Readiness("Current", "it does not scale: ReadyReason: so it is"),
    ),
    (
        "scaler: falls back",
        live("ScaledObject", {}, conditions(Ready="True", Fallback="True")),
        Readiness("Current", "its metric is missing: FallbackReason: so it is"),
    ),
    (
        "secret: nothing fetches",
        live("ExternalSecret"),
        Readiness("InProgress", "nothing has fetched it yet (External Secrets must be running)"),
    ),
    (
        "secret: refused",
        live("ExternalSecret", {}, conditions(Ready="False")),
        Readiness("InProgress", "ReadyReason: so it is"),
    ),
    (
        "secret: changed since",
        live("ExternalSecret", {}, {**conditions(Ready="True"), "syncedResourceVersion": "1-5c2f"}),
        Readiness("InProgress", "it has not been fetched since it was changed"),
    ),
    (
        "secret: there",
        live("ExternalSecret", {}, {**conditions(Ready="True"), "syncedResourceVersion": "2-5c2f"}),
        Readiness("Current"),
    ),
    ("operator: ready", live("Certificate", {}, conditions(Ready="True")), Readiness("Current")),
    (
        "operator: not yet",
        live("Certificate", {}, conditions(Ready="Unknown")),
        Readiness("InProgress", "ReadyReason: so it is"),
    ),
    ("kserve: ready", live("InferenceService", {}, conditions(Ready="True")), Readiness("Current")),
    (
        "kserve: new",
        live("LLMInferenceService"),
        Readiness("InProgress", "KServe has not said yet how it is"),
    ),
    (
        "kserve: says why",
        live("LLMInferenceService", {}, conditions(Ready="Unknown", MainWorkloadReady="False")),
        Readiness("InProgress", "MainWorkloadReadyReason: so it is"),
    ),
    (
        "operator: stalled",
        live("HelmRelease", {}, conditions(Ready="False", Stalled="True")),
        Readiness("Failed", "StalledReason: so it is"),
    ),
    (
        "operator: at work",
        live("HelmRelease", {}, conditions(Reconciling="True", Ready="True")),
        Readiness("InProgress", "ReconcilingReason: so it is"),
    ),
    ("operator: done", live("TrainJob", {}, conditions(Complete="True", Ready="False")), Readiness("Current")),
    (
        "leaving",
        live("Deployment", TWO, full(2), deletionTimestamp="2026-03-01T09:12:00Z"),
        Readiness("Terminating", "it is being deleted since 2026-03-01T09:12:00Z"),
    ),
)


@pytest.mark.parametrize(("found", "readiness"), [pytest.param(*row[1:], id=row[0]) for row in ROWS])
def test_of_a_live_object(found: Mapping[str, Any], readiness: Readiness) -> None:
    assert read_readiness(found) == readiness


def test_of_an_object_that_is_not_there() -> None:
    assert read_readiness(None).state == "NotFound"


def pod(status: Mapping[str, Any], created: str = "2026-03-01T09:12:00Z") -> dict[str, Any]:
    return {"metadata": {"name": "chat-1", "creationTimestamp": created}, "status": status}


def container(waiting: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return pod({"containerStatuses": [{"name": "server", "state": {"waiting": waiting}, **more}]})


def failed_run(**ended: Any) -> dict[str, Any]:
    terminated = {"exitCode": 1, "reason": "Error", **ended}
    return pod({"phase": "Failed", "containerStatuses": [{"name": "run", "state": {"terminated": terminated}}]})


NO_ROOM = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/12 nodes are available: 12 Insufficient nvidia.com/gpu.",
}
KILLED = {"lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}
PROBLEMS: dict[str, tuple[dict[str, Any], str, str | int]] = {
    "no room": (
        pod({"phase": "Pending", "conditions": [NO_ROOM]}),
        "Unschedulable: 0/12 nodes are available: 12 Insufficient nvidia.com/gpu.",
        "resources",
    ),
    "no image": (
        container({"reason": "ImagePullBackOff", "message": 'Back-off pulling image "chat:9"'}),
        'ImagePullBackOff: Back-off pulling image "chat:9"',
        "image",
    ),
    "out of memory": (
        container({"reason": "CrashLoopBackOff"}, **KILLED),
        "CrashLoopBackOff: last time: OOMKilled with exit code 137",
        "resources",
    ),
    "a run that says why it failed": (
        failed_run(message="amount: psi from Dataset.before is 0.9131, above 0.2: the column has drifted"),
        "Failed: amount: psi from Dataset.before is 0.9131, above 0.2: the column has drifted",
        0,
    ),
    "a run whose log is its message": (
        failed_run(message="Traceback (most recent call last):\n  ...\nKeyError: 'amount'\n"),
        "Failed: KeyError: 'amount'",
        0,
    ),
    "a run that says nothing": (failed_run(), "Failed: exit code 1", 0),
    "a run out of memory": (failed_run(exitCode=137, reason="OOMKilled"), "OOMKilled: exit code 137", "resources"),
}


@pytest.mark.parametrize(("found", "words", "field"), PROBLEMS.values(), ids=PROBLEMS)
def test_of_pods_names_the_reason_and_the_field(found: Mapping[str, Any], words: str, field: str | int) -> None:
    problem = problem_of([found])
    assert problem is not None
    assert problem.words == words
    assert problem.path[-1] == field


def test_of_pods_that_start_is_no_problem() -> None:
    assert problem_of([container({"reason": "ContainerCreating"})]) is None


def test_of_pods_the_newest_counts() -> None:
    old = pod({"conditions": [{**NO_ROOM, "message": "long ago"}]}, "2026-02-01T00:00:00Z")
    problem = problem_of([old, container({"reason": "ErrImagePull"})])
    assert problem is not None
    assert problem.reason == "ErrImagePull"


def server(probe: Mapping[str, Any], **spec: Any) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "server", "startupProbe": probe}]}}
    return {"kind": "Deployment", "spec": {"template": template, **spec}}


def group(probe: Mapping[str, Any], replicas: int, **bounds: Any) -> dict[str, Any]:
    """Only the leader has a probe."""
    leader = {"spec": {"containers": [{"name": "server", "startupProbe": probe}]}}
    worker = {"spec": {"containers": [{"name": "server"}]}}
    return {
        "kind": "LeaderWorkerSet",
        "spec": {
            "replicas": replicas,
            "rolloutStrategy": {"rollingUpdateConfiguration": bounds},
            "leaderWorkerTemplate": {"size": 2, "leaderTemplate": leader, "workerTemplate": worker},
        },
    }


HALF_AN_HOUR = {"failureThreshold": 180, "periodSeconds": 10}


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        pytest.param({"kind": "ConfigMap"}, USUAL_S, id="starts nothing"),
        pytest.param({"kind": "Job", "spec": {}}, JOB_S, id="job"),
        pytest.param({"kind": "Job", "spec": {"activeDeadlineSeconds": 90}}, 90, id="job with a deadline"),
        pytest.param(server(HALF_AN_HOUR, replicas=1), 1800 + PULL_S, id="one round"),
        pytest.param(
            server(
                HALF_AN_HOUR,
                replicas=3,
                strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
            ),
            3 * (1800 + PULL_S),
            id="one pod after the other",
        ),
        pytest.param(group(HALF_AN_HOUR, 3), 3 * (1800 + PULL_S), id="one group after the other"),
        pytest.param(group(HALF_AN_HOUR, 3, maxUnavailable="100%"), 1800 + PULL_S, id="all groups at once"),
        pytest.param(server(HALF_AN_HOUR, replicas=8), 2 * (1800 + PULL_S), id="quarters, surge and unavailable"),
    ],
)
def test_patience_is_what_probes_and_rollout_allow(data: Mapping[str, Any], seconds: int) -> None:
    assert patience_s(data) == seconds


def trained(*conditions: dict[str, str], **status: Any) -> dict[str, Any]:
    rows = [{"status": "True", "reason": "R", "message": "m", **row} for row in conditions]
    spec = {"trainer": {"numNodes": 2}}
    api = "trainer.kubeflow.org/v1alpha1"
    return {"apiVersion": api, "kind": "TrainJob", "spec": spec, "status": {"conditions": rows, **status}}


def in_a_set(*conditions: dict[str, str], **status: Any) -> dict[str, Any]:
    rows = [{"status": "True", "reason": "R", "message": "m", **row} for row in conditions]
    spec = {"replicatedJobs": [{"name": "node", "template": {"spec": {"parallelism": 2}}}]}
    live = {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "spec": spec}
    return {**live, "status": {"conditions": rows, **status}}


def searched(*conditions: dict[str, str], **status: Any) -> dict[str, Any]:
    rows = [{"status": "True", "reason": "R", "message": "m", **row} for row in conditions]
    live = {"apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment", "spec": {"maxTrialCount": 10}}
    return {**live, "status": {"conditions": rows, **status}}


BEST = {
    "parameterAssignments": [{"name": "rate", "value": "0.05"}, {"name": "depth", "value": "4"}],
    "observation": {"metrics": [{"name": "auc", "latest": "0.91"}]},
}


def on_ray(**status: Any) -> dict[str, Any]:
    return {"apiVersion": "ray.io/v1", "kind": "RayJob", "spec": {}, "status": status}


@pytest.mark.parametrize(
    ("live", "state", "message"),
    [
        (in_a_set(), "InProgress", "its pods are not all ready"),
        (in_a_set(replicatedJobsStatus=[{"name": "node", "ready": 1}]), "InProgress", "all pods are ready"),
        (in_a_set(restarts=2), "InProgress", "its pods are not all ready, begun again 2 times"),
        (in_a_set({"type": "Suspended"}), "InProgress", "it is suspended: something must let it start"),
        (in_a_set({"type": "Failed"}, restarts=3), "Failed", "R: m"),
        (in_a_set({"type": "Completed"}), "Current", ""),
        (trained(), "InProgress", "0 of 2 pods are ready"),
        (trained(jobsStatus=[{"name": "node", "ready": 1}]), "InProgress", "1 of 2 pods are ready"),
        (trained(trainerStatus={"progressPercentage": 40}), "InProgress", "0 of 2 pods are ready, 40 % done"),
        (trained({"type": "Suspended"}), "InProgress", "it is suspended: something must let it start"),
        (trained({"type": "Complete"}), "Current", ""),
        (trained({"type": "Failed"}), "Failed", "R: m"),
        (on_ray(), "InProgress", "its controller has not seen it yet"),
        (on_ray(jobDeploymentStatus="Initializing"), "InProgress", "initializing"),
        (on_ray(jobDeploymentStatus="Suspended"), "InProgress", "it is suspended: something must let it start"),
        (on_ray(jobDeploymentStatus="Retrying", jobStatus="FAILED"), "InProgress", "retrying"),
        (on_ray(jobDeploymentStatus="Complete", jobStatus="SUCCEEDED"), "Current", ""),
        (on_ray(jobDeploymentStatus="Failed", jobStatus="FAILED", reason="AppFailed"), "Failed", "AppFailed"),
        (on_ray(jobDeploymentStatus="Failed", reason="DeadlineExceeded"), "Failed", "DeadlineExceeded"),
        (searched(), "InProgress", "0 of 10 trials are done"),
        (searched(trialsSucceeded=2, trialsFailed=1), "InProgress", "3 of 10 trials are done"),
        (
            searched({"type": "Succeeded"}, trialsSucceeded=10, currentOptimalTrial=BEST),
            "Current",
            "best auc 0.91 with rate 0.05, depth 4",
        ),
        (searched({"type": "Failed"}), "Failed", "R: m"),
    ],
)
def test_runs_of_operators(live: dict[str, Any], state: str, message: str) -> None:
    found = read_readiness(live)
    assert (found.state, found.message) == (state, message)


def test_when_a_run_of_an_operator_ended() -> None:
    done = trained({"type": "Complete", "lastTransitionTime": "2026-11-29T10:00:00Z"})
    assert ended_at(done, "succeeded") == "2026-11-29T10:00:00Z"
    assert ended_at(on_ray(endTime="2026-11-29T11:00:00Z"), "failed") == "2026-11-29T11:00:00Z"
