"""The Deployment of a model server."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from opsdecl.addr import Address
from opsdecl.compile.lower.labels import selector
from opsdecl.compile.lower.names import object_name
from opsdecl.compile.lower.native.accelerators import node_selector, tolerations
from opsdecl.compile.lower.native.drain import Leaving
from opsdecl.compile.lower.native.parts import PodParts, Workload
from opsdecl.compile.lower.native.replicas import REASON, is_autoscaled, replica_count, strategy
from opsdecl.compile.lower.native.security import container_security, pod_security
from opsdecl.compile.lower.native.service_account import ROLE as ACCOUNT
from opsdecl.compile.lower.native.service_account import account_name
from opsdecl.compile.lower.native.trained import NO_DEADLINE, waits_for
from opsdecl.compile.lower.native.variables import env_list
from opsdecl.compile.lower.resources import make_resource
from opsdecl.compile.lower.subject import Subject, traced
from opsdecl.compile.types import Resource
from opsdecl.spec.kinds.document import ServedSpec
from opsdecl.spec.kinds.engine import Accelerator

ROLE = "deployment"
CONTAINER = "server"
LONGEST_DEADLINE = 600
"""Kubernetes' own default of progressDeadlineSeconds."""


REVISION = "pod-template-hash"
"""Label by which a Deployment tells its versions apart."""


def deployed(subject: Subject) -> Workload:
    return Workload(ROLE, "apps/v1", "Deployment", object_name(subject.base, variant=subject.variant))


class Server(Struct, frozen=True):
    """The container that serves, and how it starts and leaves. `startup_budget` is in seconds."""

    image: Any
    command: list[Any] | None
    args: list[Any] | None
    ports: Mapping[str, Any]
    probes: Mapping[str, Any]
    resources: Mapping[str, Any] | None
    leaving: Leaving
    startup_budget: int
    read_only_root: bool = True
    own_user: bool = False
    rdma: bool = False
    pod_annotations: Mapping[str, Any] | None = None


def deployment(
    subject: Subject, spec: ServedSpec, accelerator: Accelerator | None, server: Server, parts: PodParts
) -> Resource:
    chosen = strategy(subject, spec, accelerator)
    template = {
        "metadata": {"labels": subject.pod_labels, "annotations": pod_annotations(server, parts)},
        "spec": pod_spec(subject, spec, accelerator, server, parts, spread=spread(subject, spec)),
    }
    inputs = {
        "spec": {
            "replicas": replica_count(subject, spec.replicas),
            "revisionHistoryLimit": 3,
            "progressDeadlineSeconds": deadline(server, parts),
            "selector": {"matchLabels": selector(subject)},
            "strategy": chosen.value,
            "template": template,
        }
    }
    return make_resource(
        subject,
        ROLE,
        "apps/v1",
        "Deployment",
        inputs,
        annotations={REASON: chosen.reason} if chosen.reason else None,
        depends_on=needed(subject, spec, parts),
        ignore_changes=(("spec", "replicas"),) if is_autoscaled(subject, spec.replicas) else (),
    )


def pod_annotations(server: Server, parts: PodParts) -> Mapping[str, Any] | None:
    return {**(server.pod_annotations or {}), **waits_for(parts)} or None


def deadline(server: Server, parts: PodParts) -> int:
    """Seconds. A pod that still loads its weights is no failed rollout."""
    return NO_DEADLINE if parts.runs else max(LONGEST_DEADLINE, server.startup_budget + LONGEST_DEADLINE)


def needed(subject: Subject, spec: ServedSpec, parts: PodParts) -> tuple[Address, ...]:
    """What must be there before the pods: the account that is made for them, volumes."""
    account = spec.service_account
    own_account = account is None or not account.name
    return (*((subject.shared(ACCOUNT),) if own_account else ()), *parts.depends_on)


def pod_spec(
    subject: Subject,
    spec: ServedSpec,
    accelerator: Accelerator | None,
    server: Server,
    parts: PodParts,
    *,
    affinity: dict[str, Any] | None = None,
    spread: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    scheduling = spec.scheduling
    return {
        "serviceAccountName": account_name(subject, spec.service_account),
        "automountServiceAccountToken": False,
        # A Service called `vllm` would otherwise become VLLM_PORT=tcp://…, which the engine reads as its own setting.
        "enableServiceLinks": False,
        "securityContext": pod_security(own_user=server.own_user),
        "terminationGracePeriodSeconds": server.leaving.grace_s,
        "priorityClassName": traced(scheduling.priority_class, "spec", "scheduling", "priorityClass"),
        "imagePullSecrets": [
            {"name": traced(name, "spec", "imagePullSecrets", index)}
            for index, name in enumerate(spec.image_pull_secrets)
        ]
        or None,
        "nodeSelector": node_selector(subject, accelerator, scheduling) or None,
        "tolerations": tolerations(subject, accelerator, scheduling) or None,
        "affinity": affinity,
        "topologySpreadConstraints": spread,
        "initContainers": list(parts.init_containers) or None,
        "containers": [_container(server, parts), *parts.sidecars],
        "volumes": list(parts.volumes) or None,
    }


def _container(server: Server, parts: PodParts) -> dict[str, Any]:
    return {
        "name": CONTAINER,
        "image": server.image,
        "command": server.command,
        "args": server.args,
        "env": env_list(parts.env),
        "ports": [{"name": name, "containerPort": number, "protocol": "TCP"} for name, number in server.ports.items()]
        or None,
        "resources": server.resources,
        "volumeMounts": list(parts.mounts) or None,
        **server.probes,
        "lifecycle": server.leaving.lifecycle,
        "securityContext": container_security(read_only_root=server.read_only_root, rdma=server.rdma),
    }


def spread(
    subject: Subject, spec: ServedSpec, labels: Mapping[str, str] | None = None, revision: str = REVISION
) -> list[dict[str, Any]] | None:
    """Over zones, then nodes, where there is a choice: a full pool must not keep a replica from running."""
    if not spec.scheduling.topology_spread or spec.replicas.highest < 2:
        return None
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": labels or selector(subject)},
            # Each version is spread by itself, or a rollout would leave the new pods on one side.
            "matchLabelKeys": [revision],
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
