"""A run as a Job of Kubernetes, sealed by its name."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from opsdecl.addr import ON_CHANGE, Address, run_role
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.accelerators import node_selector, tolerations
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.security import container_security, pod_security
from opsdecl.compile.lower.native.variables import env_list
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource, Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.run import RunningSpec
from opsdecl.spec.kinds.scalars import Duration
from opsdecl.spec.kinds.serving import Resources

RUN_LABEL = "opsdecl.dev/run"
CONTAINER = "run"
GRACE_S = 60
"""For a program that saves what it has when it is told to stop."""
_EVICTED = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
"""A pod that its node loses is started again and counts as no failure."""


class Work(Struct, frozen=True):
    """What a run does. `path` is where its settings stand in the document; `pods` share it, `parallel` at a time."""

    key: str
    image: Any
    command: list[Any]
    parts: PodParts
    resources: Mapping[str, Any] | None
    time_limit: Duration
    path: SpecPath
    step: str = ""
    retries: int = 0
    pods: int = 1
    indexed: bool = False
    parallel: int | None = None
    accelerator: Accelerator | None = None
    subdomain: str | None = None
    more_tolerations: tuple[Any, ...] = ()
    depends_on: tuple[Address, ...] = ()
    rdma: bool = False
    ports: Mapping[str, int] = field(default_factory=dict)
    priority: Any = None
    job_labels: Mapping[str, Any] = field(default_factory=dict)
    job_annotations: Mapping[str, Any] = field(default_factory=dict)
    env_from: list[Any] = field(default_factory=list)

    @property
    def role(self) -> str:
        return run_role(self.key, self.step)


def job_name(subject: Subject, key: str, step: str = "", limit: int = 57) -> str:
    """`claims-clean-3f2a9c1d04`; room is left for the number of a pod, or for what an operator adds."""
    return object_name(subject.base, f"{step}-{key}" if step else key, limit=limit)


def run_job(subject: Subject, spec: RunningSpec, work: Work) -> Resource:
    return run_object(subject, spec, work, "batch/v1", "Job", job_body(subject, spec, work))


def job_body(subject: Subject, spec: RunningSpec, work: Work) -> dict[str, Any]:
    """What a Job says beside its name and labels."""
    indexed = work.indexed or work.pods > 1
    removed = spec.run.remove_after
    return {
        "backoffLimit": Traced(work.retries, (*work.path, "retries")),
        "podFailurePolicy": {"rules": [_EVICTED]},
        "completionMode": "Indexed" if indexed else None,
        "completions": work.pods if indexed else None,
        "parallelism": min(work.parallel or work.pods, work.pods) if indexed else None,
        "activeDeadlineSeconds": Traced(round(work.time_limit.seconds), (*work.path, "timeLimit")),
        "ttlSecondsAfterFinished": traced(round(removed.seconds), "spec", "run", "removeAfter") if removed else None,
        "template": {"metadata": {"labels": run_labels(subject, work)}, "spec": run_pod(subject, spec, work)},
    }


def run_object(
    subject: Subject,
    spec: RunningSpec,
    work: Work,
    api_version: str,
    kind: str,
    body: Mapping[str, Any],
    *,
    limit: int = 57,
) -> Resource:
    """The object that is the run, of whatever kind; its name, at most `limit` long, is the key."""
    cancelled = {ON_CHANGE: traced("cancel", "spec", "run", "onChange")} if spec.run.on_change == "cancel" else None
    return make_resource(
        subject,
        work.role,
        api_version,
        kind,
        {"spec": body},
        name=job_name(subject, work.key, work.step, limit),
        annotations={**(cancelled or {}), **work.job_annotations},
        labels=work.job_labels,
        depends_on=(*work.depends_on, *work.parts.depends_on),
    )


def run_labels(subject: Subject, work: Work) -> dict[str, Any]:
    """Of each of its pods."""
    return {**subject.pod_labels, RUN_LABEL: work.key}


def run_pod(subject: Subject, spec: RunningSpec, work: Work) -> dict[str, Any]:
    own = run_tolerations(subject, spec, work)
    priority = work.priority or traced(spec.scheduling.priority_class, "spec", "scheduling", "priorityClass")
    return {
        "restartPolicy": "Never",
        "serviceAccountName": traced(spec.service_account, "spec", "serviceAccount"),
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "subdomain": work.subdomain,
        "securityContext": pod_security(own_user=False),
        "terminationGracePeriodSeconds": GRACE_S,
        "priorityClassName": priority,
        "imagePullSecrets": pull_secrets(spec),
        "nodeSelector": node_selector(subject, work.accelerator, spec.scheduling) or None,
        "tolerations": own or None,
        "initContainers": list(work.parts.init_containers) or None,
        "containers": [_container(work)],
        "volumes": list(work.parts.volumes) or None,
    }


def run_tolerations(subject: Subject, spec: RunningSpec, work: Work) -> list[Any]:
    return [*tolerations(subject, work.accelerator, spec.scheduling), *work.more_tolerations]


def pull_secrets(spec: RunningSpec) -> list[Any] | None:
    names = enumerate(spec.image_pull_secrets)
    return [{"name": traced(name, "spec", "imagePullSecrets", at)} for at, name in names] or None


def _container(work: Work) -> dict[str, Any]:
    ports = [{"name": name, "containerPort": number, "protocol": "TCP"} for name, number in work.ports.items()]
    return {
        "name": CONTAINER,
        "image": work.image,
        "command": work.command,
        "env": env_list(work.parts.env),
        "envFrom": work.env_from or None,
        "ports": ports or None,
        "resources": work.resources,
        "volumeMounts": list(work.parts.mounts) or None,
        # Of a run that fails, whoever asks for its state is told the end of its log.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": container_security(read_only_root=False, rdma=work.rdma),
    }


def amounts(resources: Resources, path: SpecPath, devices: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Requests and limits of a run's container; memory is limited to what is reserved."""
    cpu = Traced(resources.cpu.text, (*path, "cpu")) if resources.cpu else None
    memory = Traced(resources.memory.text, (*path, "memory")) if resources.memory else None
    disk = resources.ephemeral_storage
    local = Traced(disk.text, (*path, "ephemeralStorage")) if disk else None
    requests = {"cpu": cpu, "memory": memory, "ephemeral-storage": local}
    return {"requests": requests, "limits": {"memory": memory, "ephemeral-storage": local, **(devices or {})}}
