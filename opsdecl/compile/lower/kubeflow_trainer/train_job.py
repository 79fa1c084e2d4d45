"""The TrainJob: a sealed run whose pods a runtime of the cluster makes, and what this run adds to them."""

from collections.abc import Iterator
from typing import Any

from opsdecl.compile.lower.kubeflow_trainer.limits import RUNTIMES, beyond_trainer
from opsdecl.compile.lower.native.accelerators import node_selector
from opsdecl.compile.lower.native.guard import waiting_first
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.run_job import Work, pull_secrets, run_labels, run_object, run_tolerations
from opsdecl.compile.lower.native.security import container_security, pod_security
from opsdecl.compile.lower.native.training import output_volume, training_key, training_work
from opsdecl.compile.lower.native.training_meeting import Meeting
from opsdecl.compile.lower.native.variables import env_list, literal
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import Checked
from opsdecl.spec.kinds.training import TrainingSpec

API_VERSION, KIND = "trainer.kubeflow.org/v1alpha1", "TrainJob"
NAME_LIMIT = 47
"""The operator's JobSet puts `-node-0-` and the number of a pod behind it, and the whole is a label."""
MANAGER = "opsdecl.dev/training"
STEP = "node"
"""What runtimes call the pods that train, and their container."""


def lower_train_job(subject: Subject) -> Checked[tuple[Resource, ...]]:
    spec: TrainingSpec = subject.document.model.spec
    if findings := tuple(beyond_trainer(subject, spec)):
        return Checked(None, findings)
    key = training_key(subject, spec)
    # How pods find each other is told by the runtime.
    work = training_work(subject, spec, key, Meeting())
    made = (output_volume(subject, spec.output), _train_job(subject, spec, work))
    return Checked(tuple(resource for resource in made if resource is not None))


def runtime_of(subject: Subject, spec: TrainingSpec) -> Traced | None:
    """Name of the ClusterTrainingRuntime; None where the framework has none."""
    chosen = subject.environment.platform.training_runtimes.get(spec.framework)
    name = chosen or RUNTIMES.get(spec.framework)
    return traced(name, "spec", "framework") if name else None


def _train_job(subject: Subject, spec: TrainingSpec, work: Work) -> Resource:
    waits = work.parts.init_containers
    markers = [text for wait in waits for text in wait["command"][-2:]]
    gpus = spec.accelerator.count if spec.accelerator else 0
    body = {
        "runtimeRef": {"name": runtime_of(subject, spec)},
        "activeDeadlineSeconds": traced(round(spec.time_limit.seconds), "spec", "timeLimit"),
        "trainer": {
            "image": work.image,
            "command": waiting_first(markers, work.command),
            "env": env_list({**work.parts.env, **_alone(spec)}),
            "numNodes": traced(spec.nodes, "spec", "accelerator", "nodes"),
            "numProcPerNode": traced(gpus, "spec", "accelerator", "count") if gpus else None,
            "resourcesPerNode": work.resources,
        },
        "runtimePatches": [{"manager": MANAGER, "trainingRuntimeSpec": _patch(subject, spec, work)}],
    }
    return run_object(subject, spec, work, API_VERSION, KIND, body, limit=NAME_LIMIT)


def _alone(spec: TrainingSpec) -> dict[str, Any]:
    """The operator numbers its pods even where there is one, whose marker has no number."""
    return {} if spec.nodes > 1 else {"JOB_COMPLETION_INDEX": literal("")}


def _patch(subject: Subject, spec: TrainingSpec, work: Work) -> dict[str, Any]:
    """What runtimes leave open: volumes, places to run, rights."""
    waits = tuple(_waits(work.parts))
    container = {
        "name": STEP,
        "volumeMounts": [*work.parts.mounts, *(mount for _, mount in waits)],
        "securityContext": container_security(read_only_root=False),
    }
    pod = {
        "serviceAccountName": traced(spec.service_account, "spec", "serviceAccount"),
        "securityContext": pod_security(own_user=False),
        "imagePullSecrets": pull_secrets(spec),
        "nodeSelector": node_selector(subject, work.accelerator, spec.scheduling) or None,
        "tolerations": run_tolerations(subject, spec, work) or None,
        "containers": [container],
        "volumes": [*work.parts.volumes, *(volume for volume, _ in waits)],
    }
    template = {"metadata": {"labels": run_labels(subject, work)}, "spec": pod}
    return {"template": {"spec": {"replicatedJobs": [{"name": STEP, "template": {"spec": {"template": template}}}]}}}


def _waits(parts: PodParts) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Init containers cannot be added, so what they look at is mounted where the program waits itself: as volumes of
    their own, since a patch takes each volume once."""
    volumes = {volume["name"]: volume for volume in parts.volumes}
    mounts = (mount for wait in parts.init_containers for mount in wait["volumeMounts"])
    for index, mount in enumerate(mounts):
        name = f"waiting-{index}"
        yield {**volumes[mount["name"]], "name": name}, {**mount, "name": name}
