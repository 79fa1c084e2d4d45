"""The RayJob: a sealed run on a cluster of its own, which goes when the run ends."""

import shlex
from typing import Any

from msgspec.structs import replace

from opsdecl.compile.lower.kuberay.limits import beyond_ray
from opsdecl.compile.lower.native.guard import RUNS, guarded_for_all, unguarded
from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.run_job import CONTAINER, Work, pull_secrets, run_labels, run_object, run_pod
from opsdecl.compile.lower.native.script import written
from opsdecl.compile.lower.native.security import container_security, pod_security
from opsdecl.compile.lower.native.training import OUTPUT, output_volume, training_key, training_work
from opsdecl.compile.lower.native.training_meeting import Meeting
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource
from opsdecl.diag import Checked
from opsdecl.spec.kinds.training import TrainingSpec

API_VERSION, KIND = "ray.io/v1", "RayJob"
NAME_LIMIT = 47
"""Of the operator, which names a cluster and a Service after it."""
GROUP = "nodes"
_SUBMITTER = {"requests": {"cpu": "500m", "memory": "200Mi"}, "limits": {"memory": "1Gi"}}


def lower_ray_job(subject: Subject) -> Checked[tuple[Resource, ...]]:
    spec: TrainingSpec = subject.document.model.spec
    if findings := tuple(beyond_ray(subject, spec)):
        return Checked(None, findings)
    key = training_key(subject, spec)
    # The program starts once, on the head, and Ray takes it to the others.
    work = training_work(subject, spec, key, Meeting())
    made = (output_volume(subject, spec.output), _ray_job(subject, spec, work))
    return Checked(tuple(resource for resource in made if resource is not None))


def _ray_job(subject: Subject, spec: TrainingSpec, work: Work) -> Resource:
    marker = f"{OUTPUT}/{RUNS}/{work.key}"
    program, run = written(guarded_for_all(marker, spec.nodes, unguarded(work.command)), work.image)
    others = spec.nodes - 1
    body = {
        "entrypoint": shlex.join(run),
        "shutdownAfterJobFinishes": True,
        "activeDeadlineSeconds": traced(round(spec.time_limit.seconds), "spec", "timeLimit"),
        "backoffLimit": traced(spec.retries, "spec", "retries"),
        "submitterPodTemplate": _submitter(spec, work),
        "rayClusterSpec": {
            "headGroupSpec": {"template": _node(subject, spec, work, program)},
            "workerGroupSpecs": [_workers(subject, spec, work, others)] if others else None,
        },
    }
    return run_object(subject, spec, work, API_VERSION, KIND, body, limit=NAME_LIMIT)


def _workers(subject: Subject, spec: TrainingSpec, work: Work, count: int) -> dict[str, Any]:
    many = traced(count, "spec", "accelerator", "nodes")
    sizes = {"replicas": many, "minReplicas": many, "maxReplicas": many}
    return {"groupName": GROUP, **sizes, "template": _node(subject, spec, work, PodParts())}


def _node(subject: Subject, spec: TrainingSpec, work: Work, more: PodParts) -> dict[str, Any]:
    """A pod of the cluster, the head being one of the nodes; the operator says what its container runs."""
    pod = run_pod(subject, spec, replace(work, parts=join((work.parts, more))))
    (container,) = pod["containers"]
    started = {name: value for name, value in container.items() if name != "command"}
    return {"metadata": {"labels": run_labels(subject, work)}, "spec": {**pod, "containers": [started]}}


def _submitter(spec: TrainingSpec, work: Work) -> dict[str, Any]:
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
