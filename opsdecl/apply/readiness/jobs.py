"""Work that ends. Unlike in kstatus, a Job is Current once it is complete: what waits for it needs what it makes."""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdecl.apply.readiness.conditions import condition, is_true, told
from opsdecl.apply.types import Readiness


def job(live: Mapping[str, Any]) -> Readiness:
    status, spec = live.get("status", {}), live.get("spec", {})
    wanted = spec.get("completions") or spec.get("parallelism") or 1
    done = int(status.get("succeeded") or 0)
    if is_true(live, "Failed"):
        return Readiness("Failed", told(condition(live, "Failed")), done, wanted)
    if is_true(live, "Complete"):
        return Readiness("Current", "", done, wanted)
    if spec.get("suspend"):
        return Readiness("InProgress", "it is suspended: something must let it start", done, wanted)
    failed = int(status.get("failed") or 0)
    tried = f", {failed} pods failed before" if failed else ""
    return Readiness("InProgress", f"{done} of {wanted} pods are done{tried}", done, wanted)


def train_job(live: Mapping[str, Any]) -> Readiness:
    """Of Kubeflow Trainer. A run without conditions has not begun; unlike other objects it has still to become."""
    wanted = int(live.get("spec", {}).get("trainer", {}).get("numNodes") or 1)
    counts = live.get("status", {}).get("jobsStatus") or ()
    ready = sum(int(row.get("ready") or 0) for row in counts if row.get("name") == "node")
    if is_true(live, "Failed"):
        return Readiness("Failed", told(condition(live, "Failed")), 0, wanted)
    if is_true(live, "Complete"):
        return Readiness("Current", "", wanted, wanted)
    if is_true(live, "Suspended"):
        return Readiness("InProgress", "it is suspended: something must let it start", 0, wanted)
    progress = live.get("status", {}).get("trainerStatus", {}).get("progressPercentage")
    said = f", {progress} % done" if progress is not None else ""
    return Readiness("InProgress", f"{ready} of {wanted} pods are ready{said}", ready, wanted)


def job_set(live: Mapping[str, Any]) -> Readiness:
    """Of the JobSet controller: how many pods of its only Job are ready, and how often all began anew."""
    status: Mapping[str, Any] = live.get("status", {})
    jobs: Sequence[Mapping[str, Any]] = live.get("spec", {}).get("replicatedJobs") or ({},)
    wanted = sum(int(job.get("template", {}).get("spec", {}).get("parallelism") or 1) for job in jobs)
    if is_true(live, "Failed"):
        return Readiness("Failed", told(condition(live, "Failed")), 0, wanted)
    if is_true(live, "Completed"):
        return Readiness("Current", "", wanted, wanted)
    if is_true(live, "Suspended") or live.get("spec", {}).get("suspend"):
        return Readiness("InProgress", "it is suspended: something must let it start", 0, wanted)
    # A Job counts as ready once all its pods are.
    ready = sum(int(row.get("ready") or 0) for row in status.get("replicatedJobsStatus") or ())
    restarts = int(status.get("restarts") or 0)
    again = f", begun again {restarts} time{'s' if restarts > 1 else ''}" if restarts else ""
    said = "all pods are ready" if ready else "its pods are not all ready"
    return Readiness("InProgress", f"{said}{again}", wanted if ready else 0, wanted)


def ray_job(live: Mapping[str, Any]) -> Readiness:
    """Of KubeRay, which has no conditions: how its program is, and how the cluster for it is."""
    status = live.get("status", {})
    program, cluster = str(status.get("jobStatus") or ""), str(status.get("jobDeploymentStatus") or "")
    why = ": ".join(str(status[name]) for name in ("reason", "message") if status.get(name))
    if cluster == "Failed" or (program in ("FAILED", "STOPPED") and cluster in ("Complete", "")):
        return Readiness("Failed", why or f"the program ended as {program.lower()}")
    if program == "SUCCEEDED":
        return Readiness("Current")
    if cluster in ("Suspended", "Suspending"):
        return Readiness("InProgress", "it is suspended: something must let it start")
    return Readiness("InProgress", cluster.lower() if cluster else "its controller has not seen it yet")


def experiment(live: Mapping[str, Any]) -> Readiness:
    """Of Katib: how many of its trials are done, and the best of them."""
    status, wanted = live.get("status", {}), int(live.get("spec", {}).get("maxTrialCount") or 0)
    ended = (status.get(name) or 0 for name in ("trialsSucceeded", "trialsFailed", "trialsEarlyStopped"))
    done, best = sum(int(count) for count in ended), _best(status)
    if is_true(live, "Failed"):
        return Readiness("Failed", told(condition(live, "Failed")), done, wanted)
    if is_true(live, "Succeeded"):
        return Readiness("Current", best, done, wanted)
    return Readiness("InProgress", f"{done} of {wanted} trials are done{f'; {best}' if best else ''}", done, wanted)


def _best(status: Mapping[str, Any]) -> str:
    """`best auc 0.91 with max_depth 7, learning_rate 0.05`; empty where no trial is complete."""
    optimal = status.get("currentOptimalTrial") or {}
    metrics = (optimal.get("observation") or {}).get("metrics") or ()
    chosen = ", ".join(f"{each.get('name')} {each.get('value')}" for each in optimal.get("parameterAssignments") or ())
    if not metrics or not chosen:
        return ""
    first = metrics[0]
    return f"best {first.get('name')} {first.get('latest')} with {chosen}"


def ended_at(live: Mapping[str, Any], outcome: str) -> str:
    """When a run ended, as its conditions or its status say it; empty where they do not."""
    kinds = ("Failed",) if outcome == "failed" else ("Complete", "Completed", "Succeeded")
    rows = (condition(live, kind) for kind in kinds)
    found = next((row["lastTransitionTime"] for row in rows if row.get("lastTransitionTime")), "")
    return str(found or live.get("status", {}).get("endTime") or "")


def cron_job(live: Mapping[str, Any]) -> Readiness:
    """Its Jobs come later, and tell for themselves."""
    return Readiness("Current", "it is suspended" if live.get("spec", {}).get("suspend") else "")
