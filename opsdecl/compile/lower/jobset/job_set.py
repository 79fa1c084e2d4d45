"""The JobSet: a sealed run whose one Job is made anew, with all its pods, each time that one of them fails."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from opsdecl.compile.lower.native.parts import PodParts, join
from opsdecl.compile.lower.native.run_job import Work, job_body, job_name, run_object
from opsdecl.compile.lower.native.training import output_volume, training_key, training_work
from opsdecl.compile.lower.native.training_meeting import Meeting, meeting
from opsdecl.compile.lower.native.variables import literal
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource
from opsdecl.diag import Checked
from opsdecl.spec.kinds.training import TrainingSpec

API_VERSION, KIND = "jobset.x-k8s.io/v1alpha2", "JobSet"
NAME_LIMIT = 46
"""The controller puts `-node-0-`, the number of a pod and a hash behind it, and the whole is a name of 63."""
JOB = "node"
CONTROLLER = "jobset.sigs.k8s.io/jobset-controller"
_ONE_SET = {"JOB_COMPLETION_INDEX": literal("")}
"""The controller numbers pods even where there is one, whose marker has no number."""


def lower_job_set(subject: Subject) -> Checked[tuple[Resource, ...]]:
    spec: TrainingSpec = subject.document.model.spec
    key = training_key(subject, spec)
    work = training_work(subject, spec, key, _together(subject, spec, key))
    if spec.nodes == 1:
        work = replace(work, parts=join((work.parts, PodParts(env=_ONE_SET))))
    made = (output_volume(subject, spec.output), _job_set(subject, spec, work))
    return Checked(tuple(resource for resource in made if resource is not None))


def _together(subject: Subject, spec: TrainingSpec, key: str) -> Meeting:
    """They meet at the first pod of the only Job, by the name that the controller gives it. `torchrun` itself starts
    nothing again: the set does."""
    name = job_name(subject, key, limit=NAME_LIMIT)
    found = meeting(spec, spec.accelerator.count if spec.accelerator else 0, f"{name}-{JOB}-0", name)
    if "PET_MAX_RESTARTS" not in found.env:
        return found
    return Meeting({**found.env, "PET_MAX_RESTARTS": literal("0")}, found.ports)


def _job_set(subject: Subject, spec: TrainingSpec, work: Work) -> Resource:
    removed = spec.run.remove_after
    several = spec.nodes > 1
    body = {
        "managedBy": _managed(subject),
        "network": {"enableDNSHostnames": True, "publishNotReadyAddresses": True} if several else None,
        "failurePolicy": {
            "maxRestarts": traced(spec.retries, "spec", "retries"),
            "restartStrategy": "Recreate",
            "rules": [_LATE],
        },
        "ttlSecondsAfterFinished": traced(round(removed.seconds), "spec", "run", "removeAfter") if removed else None,
        "replicatedJobs": [{"name": JOB, "replicas": 1, "template": {"spec": _job(subject, spec, work)}}],
    }
    return run_object(subject, spec, work, API_VERSION, KIND, body, limit=NAME_LIMIT)


_LATE = {"name": "timeLimit", "action": "FailJobSet", "onJobFailureReasons": ["DeadlineExceeded"]}
"""A run that took too long is not begun again."""


def _managed(subject: Subject) -> str | None:
    """Where Kueue queues, it names the controller itself: one of another cluster, as the case may be."""
    return CONTROLLER if subject.environment.platform.queueing == "none" else None


def _job(subject: Subject, spec: TrainingSpec, work: Work) -> Mapping[str, Any]:
    """Ends as failed with its first pod, so that the set begins anew."""
    body = job_body(subject, spec, work)
    own = {"backoffLimit": 0, "podFailurePolicy": None, "ttlSecondsAfterFinished": None}
    indexed = {"completionMode": "Indexed", "completions": spec.nodes, "parallelism": spec.nodes}
    return {**body, **indexed, **own}
