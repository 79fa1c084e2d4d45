"""What runs because of a workload: pods and GPUs, also where a replica is several pods."""

from typing import Any

import pytest

from opsdecl.diff.compare import DiffPath
from opsdecl.diff.rules import field_rules
from opsdecl.diff.running import running, scaling_ranges
from opsdecl.diff.types import Effects

ACCELERATOR = {"gpu": "h100-80gb"}


def template(gpus: int) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "server", "resources": {"limits": {"nvidia.com/gpu": gpus}}}]}}


def group(replicas: int | None, size: int, leader: int | None, worker: int) -> dict[str, Any]:
    templates = {"workerTemplate": template(worker), **({"leaderTemplate": template(leader)} if leader else {})}
    spec = {"leaderWorkerTemplate": {"size": size, **templates}, **({"replicas": replicas} if replicas else {})}
    return {"kind": "LeaderWorkerSet", "metadata": {"name": "chat-group", "namespace": "assist"}, "spec": spec}


@pytest.mark.parametrize(
    ("data", "pods", "gpus"),
    [
        (group(2, 3, 8, 8), 6, 48),
        (group(2, 3, 4, 8), 6, 40),
        (group(1, 2, None, 8), 2, 16),
        (group(1, 1, 8, 8), 1, 8),
        ({"kind": "Deployment", "spec": {"replicas": 2, "template": template(4)}}, 2, 8),
    ],
)
def test_pods_and_gpus_of_all_members_are_counted(data: dict[str, Any], pods: int, gpus: int) -> None:
    assert running(data, {}, {"spec": {"accelerator": ACCELERATOR}}) == Effects(
        pods=(pods, pods), gpus=(gpus, gpus), gpu="h100-80gb"
    )


def test_an_autoscaler_counts_replicas_not_pods() -> None:
    target = {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "name": "chat-group"}
    scaler = {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "chat", "namespace": "assist"},
        "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3},
    }
    found = running(group(None, 2, 8, 8), scaling_ranges([scaler]), {"spec": {"accelerator": ACCELERATOR}})
    assert (found.pods, found.gpus) == ((2, 6), (16, 48))


@pytest.mark.parametrize(
    ("path", "change_class", "restarts"),
    [
        (("spec", "leaderWorkerTemplate", "workerTemplate", "spec", "nodeSelector", "pool"), "rolling", True),
        (("spec", "leaderWorkerTemplate", "size"), "capacity", True),
        (("spec", "leaderWorkerTemplate", "subGroupPolicy", "subGroupSize"), "replace", False),
        (("spec", "networkConfig", "subdomainPolicy"), "rolling", True),
        (("spec", "replicas"), "capacity", False),
        (("spec", "rolloutStrategy", "rollingUpdateConfiguration", "maxSurge"), "none", False),
        (("metadata", "labels", "tier"), "metadata", False),
    ],
)
def test_what_a_field_of_a_group_means(path: DiffPath, change_class: str, restarts: bool) -> None:
    first = field_rules("LeaderWorkerSet", path)[0]
    assert (first.change_class, first.restarts) == (change_class, restarts)
