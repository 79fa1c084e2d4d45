"""How long an object may take to become ready: what its own probes and deadlines allow."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

USUAL_S = 120
"""For objects that start nothing."""
PULL_S = 600
"""Scheduling, new nodes and pulling an image, before the probes begin."""
JOB_S = 3600
"""For a Job that names no deadline."""


def patience_s(data: Mapping[str, Any]) -> int:
    """Seconds until an object as it was applied may be called late: a pod's time for each round of a rollout."""
    spec = data.get("spec", {})
    match data.get("kind"):
        case "Rollout" | "Deployment" | "StatefulSet" | "DaemonSet":
            return _rounds(data) * (_start_s(spec.get("template", {}).get("spec", {})) + PULL_S)
        case "LeaderWorkerSet":
            group = spec.get("leaderWorkerTemplate", {})
            leader = group.get("leaderTemplate") or group.get("workerTemplate") or {}
            return _rounds(data) * (_start_s(leader.get("spec", {})) + PULL_S)
        case "LLMInferenceService":
            return max(1, int(spec.get("replicas", 1))) * (_start_s(spec.get("template", {})) + PULL_S)
        case "InferenceService":
            predictor = spec.get("predictor", {})
            return max(1, int(predictor.get("minReplicas", 1))) * (_start_s(predictor) + PULL_S)
        case "Job" | "TrainJob" | "RayJob":
            return int(spec.get("activeDeadlineSeconds") or JOB_S)
        case "JobSet":
            every = (job["template"]["spec"].get("activeDeadlineSeconds") for job in spec.get("replicatedJobs") or ())
            return max((int(one or JOB_S) for one in every), default=JOB_S)
        case _:
            return USUAL_S


def _rounds(data: Mapping[str, Any]) -> int:
    """How many times the rollout waits for pods; a new set starts all at once, so this is the worst case."""
    spec = data.get("spec", {})
    wanted = int(spec.get("replicas", 1))
    strategy = spec.get("strategy", {})
    if data["kind"] == "StatefulSet":
        return max(1, wanted)
    if data["kind"] == "LeaderWorkerSet":
        bounds = spec.get("rolloutStrategy", {}).get("rollingUpdateConfiguration", {})
        return _exchanges(wanted, bounds.get("maxSurge", 0), bounds.get("maxUnavailable", 1))
    if strategy.get("type") == "Recreate" or data["kind"] == "DaemonSet":
        return 1
    rolling = strategy.get("rollingUpdate", {})
    return _exchanges(wanted, rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%"))


def _exchanges(wanted: int, surge: Any, unavailable: Any) -> int:
    at_once = _share(surge, wanted, up=True) + _share(unavailable, wanted, up=False)
    return max(1, math.ceil(wanted / max(1, at_once)))


def _share(value: Any, wanted: int, *, up: bool) -> int:
    if isinstance(value, str) and value.endswith("%"):
        exact = wanted * int(value[:-1]) / 100
        return math.ceil(exact) if up else math.floor(exact)
    return int(value)


def _start_s(pod: Mapping[str, Any]) -> int:
    return max((_probe_s(probe) for probe in _probes(pod)), default=0)


def _probes(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for container in pod.get("containers") or ():
        yield container.get("startupProbe") or container.get("readinessProbe") or {}


def _probe_s(probe: Mapping[str, Any]) -> int:
    if not probe:
        return 0
    tries = int(probe.get("failureThreshold", 3)) * int(probe.get("periodSeconds", 10))
    return tries + int(probe.get("initialDelaySeconds", 0))
