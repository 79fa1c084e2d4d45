"""The Deployment of a model server."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from opsdecl.compile.lower.labels import selector
from opsdecl.compile.lower.native.accelerators import node_selector, tolerations
from opsdecl.compile.lower.native.drain import Leaving
from opsdecl.compile.lower.native.parts import PodParts
from opsdecl.compile.lower.native.replicas import REASON, is_autoscaled, replica_count, strategy
from opsdecl.compile.lower.native.security import container_security, pod_security
from opsdecl.compile.lower.native.service_account import ROLE as ACCOUNT
from opsdecl.compile.lower.native.service_account import account_name
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
        "metadata": {"labels": subject.pod_labels, "annotations": server.pod_annotations},
        "spec": _pod(subject, spec, accelerator, server, parts),
    }
    inputs = {
        "spec": {
            "replicas": replica_count(subject, spec.replicas),
            "revisionHistoryLimit": 3,
            # A pod that still loads its weights is no failed rollout.
            "progressDeadlineSeconds": max(LONGEST_DEADLINE, server.startup_budget + LONGEST_DEADLINE),
            "selector": {"matchLabels": selector(subject)},
            "strategy": chosen.value,
            "template": template,
        }
    }
    account = spec.service_account
    own_account = account is None or not account.name
    return make_resource(
        subject,
        ROLE,
        "apps/v1",
        "Deployment",
        inputs,
        annotations={REASON: chosen.reason} if chosen.reason else None,
        depends_on=(*((subject.address(ACCOUNT),) if own_account else ()), *parts.depends_on),
        ignore_changes=(("spec", "replicas"),) if is_autoscaled(subject, spec.replicas) else (),
    )


def _pod(
    subject: Subject, spec: ServedSpec, accelerator: Accelerator | None, server: Server, parts: PodParts
) -> dict[str, Any]:
    scheduling = spec.scheduling
    spread = scheduling.topology_spread and spec.replicas.highest > 1
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
        "topologySpreadConstraints": _spread(subject) if spread else None,
        "initContainers": list(parts.init_containers) or None,
        "containers": [_container(server, parts)],
        "volumes": list(parts.volumes) or None,
    }


def _container(server: Server, parts: PodParts) -> dict[str, Any]:
    return {
        "name": CONTAINER,
        "image": server.image,
        "command": server.command,
        "args": server.args,
        "env": env_list(parts.env),
        "ports": [{"name": name, "containerPort": number, "protocol": "TCP"} for name, number in server.ports.items()],
        "resources": server.resources,
        "volumeMounts": list(parts.mounts) or None,
        **server.probes,
        "lifecycle": server.leaving.lifecycle,
        "securityContext": container_security(read_only_root=server.read_only_root, rdma=server.rdma),
    }


def _spread(subject: Subject) -> list[dict[str, Any]]:
    """Over zones, then nodes, where there is a choice: a full pool must not keep a replica from running."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector(subject)},
            # Each version is spread by itself, or a rollout would leave the new pods on one side.
            "matchLabelKeys": ["pod-template-hash"],
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
