"""Workloads whose pods run on: all of them must be of the latest version, and ready."""

from collections.abc import Mapping
from typing import Any

from opsdecl.apply.readiness.conditions import condition, is_true, told
from opsdecl.apply.types import Readiness


def deployment(live: Mapping[str, Any]) -> Readiness:
    status, wanted = live.get("status", {}), _wanted(live)
    ready = _count(status, "readyReplicas")
    progressing = condition(live, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Readiness("Failed", told(progressing), ready, wanted)
    if is_true(live, "ReplicaFailure"):
        return Readiness("InProgress", told(condition(live, "ReplicaFailure")), ready, wanted)
    if "observedGeneration" not in status:
        return Readiness("InProgress", "its controller has not seen it yet", ready, wanted)
    updated, available = _count(status, "updatedReplicas"), _count(status, "availableReplicas")
    if updated < wanted:
        return Readiness("InProgress", f"{updated} of {wanted} pods are of the new version", ready, wanted)
    if ready < wanted:
        return Readiness("InProgress", f"{ready} of {wanted} pods are ready", ready, wanted)
    if _count(status, "replicas") > updated:
        return Readiness("InProgress", "pods of the old version still end", ready, wanted)
    if available < wanted:
        return Readiness("InProgress", f"{available} of {wanted} pods have been ready for long enough", ready, wanted)
    return Readiness("Current", "", ready, wanted)


def stateful_set(live: Mapping[str, Any]) -> Readiness:
    status, spec, wanted = live.get("status", {}), live.get("spec", {}), _wanted(live)
    ready, updated = _count(status, "readyReplicas"), _count(status, "updatedReplicas")
    if "observedGeneration" not in status:
        return Readiness("InProgress", "its controller has not seen it yet", ready, wanted)
    if ready < wanted:
        return Readiness("InProgress", f"{ready} of {wanted} pods are ready", ready, wanted)
    update = spec.get("updateStrategy", {})
    if update.get("type") == "OnDelete":
        return Readiness("Current", "pods are exchanged when somebody deletes them", ready, wanted)
    kept = _count(update.get("rollingUpdate") or {}, "partition")
    if status.get("currentRevision") != status.get("updateRevision") and updated < wanted - kept:
        return Readiness("InProgress", f"{updated} of {wanted - kept} pods are of the new version", ready, wanted)
    return Readiness("Current", "", ready, wanted)


def daemon_set(live: Mapping[str, Any]) -> Readiness:
    status = live.get("status", {})
    wanted, ready = _count(status, "desiredNumberScheduled"), _count(status, "numberReady")
    if "observedGeneration" not in status:
        return Readiness("InProgress", "its controller has not seen it yet", ready, wanted)
    updated, available = _count(status, "updatedNumberScheduled"), _count(status, "numberAvailable")
    on_delete = live.get("spec", {}).get("updateStrategy", {}).get("type") == "OnDelete"
    if updated < wanted and not on_delete:
        return Readiness("InProgress", f"{updated} of {wanted} pods are of the new version", ready, wanted)
    if min(ready, available) < wanted:
        return Readiness("InProgress", f"{min(ready, available)} of {wanted} pods are ready", ready, wanted)
    return Readiness("Current", "", ready, wanted)


def replica_set(live: Mapping[str, Any]) -> Readiness:
    status, wanted = live.get("status", {}), _wanted(live)
    ready = _count(status, "readyReplicas")
    if is_true(live, "ReplicaFailure"):
        return Readiness("InProgress", told(condition(live, "ReplicaFailure")), ready, wanted)
    if ready < wanted or _count(status, "replicas") != wanted:
        return Readiness("InProgress", f"{ready} of {wanted} pods are ready", ready, wanted)
    return Readiness("Current", "", ready, wanted)


def leader_worker_set(live: Mapping[str, Any]) -> Readiness:
    """Counts are replicas, each ready when all its pods are. Those that a rollout adds for a while are counted too."""
    status, wanted = live.get("status", {}), _wanted(live)
    ready, updated = _count(status, "readyReplicas"), _count(status, "updatedReplicas")
    if "observedGeneration" not in status:
        return Readiness("InProgress", "its controller has not seen it yet", min(ready, wanted), wanted)
    if updated < wanted:
        return Readiness("InProgress", f"{updated} of {wanted} replicas are of the new version", ready, wanted)
    if ready < wanted:
        return Readiness("InProgress", f"{ready} of {wanted} replicas have all their pods ready", ready, wanted)
    if _count(status, "replicas") > wanted:
        return Readiness("InProgress", "replicas that the rollout added still end", wanted, wanted)
    if condition(live, "Available").get("status") == "False":
        return Readiness("InProgress", told(condition(live, "Progressing")), ready, wanted)
    return Readiness("Current", "", ready, wanted)


_UNTOLD = "InconclusiveAnalysisRun"
"""Why Argo Rollouts pauses where looks found nothing."""


def rollout(live: Mapping[str, Any]) -> Readiness:
    """Of Argo Rollouts. A canary that keeps its share for a while is as far as it is to be: nobody waits for hours.
    Pods of both versions are counted together."""
    status, wanted = live.get("status", {}), _wanted(live)
    ready, phase, message = (
        min(_count(status, "readyReplicas"), wanted),
        status.get("phase"),
        str(status.get("message") or ""),
    )
    if str(status.get("observedGeneration", "")) != str(live.get("metadata", {}).get("generation", "")):
        return Readiness("InProgress", "its controller has not seen it yet", ready, wanted)
    if phase == "Degraded":
        return Readiness("Failed", message or "the new version was taken back", ready, wanted)
    if phase == "Paused":
        step = _count(status, "currentStepIndex")
        why = ", as its analysis could tell nothing: promote or abort it" if message == _UNTOLD else ""
        return Readiness("Current", f"the canary keeps its share at step {step}{why}", ready, wanted)
    if phase == "Progressing" and _is_asked(status):
        step = _count(status, "currentStepIndex")
        return Readiness("Current", f"the canary keeps its share while it is judged at step {step}", ready, wanted)
    if phase != "Healthy":
        return Readiness("InProgress", message or f"{ready} of {wanted} pods are ready", ready, wanted)
    return Readiness("Current", "", ready, wanted)


def _is_asked(status: Mapping[str, Any]) -> bool:
    """The controller looks only once all pods of the share are ready."""
    run = status.get("canary", {}).get("currentStepAnalysisRunStatus") or {}
    return run.get("status") in ("Pending", "Running")


def _wanted(live: Mapping[str, Any]) -> int:
    count = live.get("spec", {}).get("replicas")
    return count if isinstance(count, int) else 1


def _count(tree: Mapping[str, Any], name: str) -> int:
    count = tree.get(name)
    return count if isinstance(count, int) else 0
