"""A live object -> its readiness, in the words of kstatus. Pure: who fetches objects is the target's business."""

from collections.abc import Callable, Mapping
from typing import Any

from opsdecl.apply.readiness import (
    autoscaling,
    conditions,
    definitions,
    jobs,
    networking,
    secrets,
    serving,
    storage,
    workloads,
)
from opsdecl.apply.types import Readiness

NOT_FOUND = Readiness("NotFound", "it is not there")
Reader = Callable[[Mapping[str, Any]], Readiness]

READERS: Mapping[tuple[str, str], Reader] = {
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): workloads.leader_worker_set,
    ("argoproj.io", "Rollout"): workloads.rollout,
    ("batch", "Job"): jobs.job,
    ("batch", "CronJob"): jobs.cron_job,
    ("jobset.x-k8s.io", "JobSet"): jobs.job_set,
    ("trainer.kubeflow.org", "TrainJob"): jobs.train_job,
    ("ray.io", "RayJob"): jobs.ray_job,
    ("kubeflow.org", "Experiment"): jobs.experiment,
    ("", "PersistentVolumeClaim"): storage.claim,
    ("", "Service"): networking.service,
    ("gateway.envoyproxy.io", "EnvoyExtensionPolicy"): networking.attached_policy,
    ("autoscaling", "HorizontalPodAutoscaler"): autoscaling.autoscaler,
    ("policy", "PodDisruptionBudget"): autoscaling.disruption_budget,
    ("serving.kserve.io", "InferenceService"): serving.kserve,
    ("serving.kserve.io", "LLMInferenceService"): serving.kserve,
    ("keda.sh", "ScaledObject"): autoscaling.scaled_object,
    ("external-secrets.io", "ExternalSecret"): secrets.external_secret,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definitions.definition,
    ("", "Namespace"): definitions.namespace,
}
"""By API group and kind; all other kinds are read by their conditions."""


def read_readiness(live: Mapping[str, Any] | None) -> Readiness:
    """None where there is no such object."""
    if live is None:
        return NOT_FOUND
    metadata = live.get("metadata", {})
    if metadata.get("deletionTimestamp"):
        return Readiness("Terminating", f"it is being deleted since {metadata['deletionTimestamp']}")
    seen = live.get("status", {}).get("observedGeneration")
    if isinstance(seen, int) and seen < int(metadata.get("generation") or 0):
        return Readiness("InProgress", "its controller has not seen the change yet")
    group = str(live.get("apiVersion", "")).rpartition("/")[0]
    return READERS.get((group, str(live.get("kind"))), conditions.by_conditions)(live)
