"""A run as a RayJob: a cluster of Ray for the time of the run, with a program on its head."""

import shlex
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.run_job import CONTAINER, Work, pull_secrets, run_labels, run_object, run_pod
from opsdecl.compile.lower.native.script import written
from opsdecl.compile.lower.native.security import container_security, pod_security
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.types import Resource, Traced
from opsdecl.spec.kinds.run import RunningSpec

API_VERSION, KIND = "ray.io/v1", "RayJob"
NAME_LIMIT = 47
"""Of the operator, which names a cluster and a Service after it."""
_SUBMITTER = {"requests": {"cpu": "500m", "memory": "200Mi"}, "limits": {"memory": "1Gi"}}


class Workers(Struct, frozen=True):
    """Pods beside the head: `count` of them in the group `name`, each as `work` says."""

    name: str
    count: Any
    work: Work


def ray_run(subject: Subject, spec: RunningSpec, work: Work, workers: Workers | None) -> Resource:
    """`work` is what the head does: its command starts once, and takes its work to the others through Ray."""
    program, run = written(work.command, work.image)
    body = {
        "entrypoint": shlex.join(run),
        "shutdownAfterJobFinishes": True,
        "activeDeadlineSeconds": Traced(round(work.time_limit.seconds), (*work.path, "timeLimit")),
        "backoffLimit": Traced(work.retries, (*work.path, "retries")),
        "submitterPodTemplate": _submitter(spec, work),
        "rayClusterSpec": {
            "headGroupSpec": {"template": _node(subject, spec, work, program)},
            "workerGroupSpecs": [_group(subject, spec, workers)] if workers is not None else None,
        },
    }
    return run_object(subject, spec, work, API_VERSION, KIND, body, limit=NAME_LIMIT)


def _group(subject: Subject, spec: RunningSpec, workers: Workers) -> dict[str, Any]:
    many = workers.count
    sizes = {"replicas": many, "minReplicas": many, "maxReplicas": many}
    return {"groupName": workers.name, **sizes, "template": _node(subject, spec, workers.work, PodParts())}


def _node(subject: Subject, spec: RunningSpec, work: Work, more: PodParts) -> dict[str, Any]:
    """A pod of the cluster; the operator says what its container runs."""
    pod = run_pod(subject, spec, replace(work, parts=join((work.parts, more))))
    (container,) = pod["containers"]
    started = {name: value for name, value in container.items() if name != "command"}
    return {"metadata": {"labels": run_labels(subject, work)}, "spec": {**pod, "containers": [started]}}


def _submitter(spec: RunningSpec, work: Work) -> dict[str, Any]:
    """The pod that hands the program to the cluster, and waits."""
    container = {
        "name": CONTAINER,
        "image": work.image,
        "resources": _SUBMITTER,
        "securityContext": container_security(read_only_root=False),
    }
    return {
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": pod_security(own_user=False),
            "imagePullSecrets": pull_secrets(spec),
            "containers": [container],
        }
    }
