"""An apply that waits until what it applied is ready: a real scheduler says no, simulated kubelets say yes."""

import dataclasses
from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.apply.steps import add_steps
from opsdecl.apply.types import Changed, Event, Outcome, Recorded, Watched
from opsdecl.diag import Checked, Place
from opsdecl.render.types import Manifest, ManifestSet
from tests.contracts.builders import manifest, plan_of, record, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target

__all__ = ["assist"]
GPUS = ("spec", "resources", "gpus")
SAFE: dict[str, Any] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def server(gpus: int, count: int = 1) -> Manifest:
    """A Deployment whose pods want GPUs; the place that set their number is known."""
    made = manifest("LLM.chat/main/deployment", "Deployment", "chat")
    spec = made.data["spec"]
    limits = {"limits": {"nvidia.com/gpu": gpus}} if gpus else {}
    container = {**spec["template"]["spec"]["containers"][0], "securityContext": SAFE, "resources": limits}
    template = {**spec["template"], "spec": {**spec["template"]["spec"], "containers": [container]}}
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    data = {**made.data, "spec": {**spec, "replicas": count, "template": template, "strategy": rolling}}
    path = ("spec", "template", "spec", "containers", 0, "resources")
    return dataclasses.replace(made, data=data, origins={path: GPUS})


def job(gpus: int) -> Manifest:
    """A Job that makes what a ConfigMap of the tests needs."""
    made = manifest("LLM.chat/main/fetch", "Job", "fetch", api_version="batch/v1")
    pod = server(gpus).data["spec"]["template"]["spec"]
    head = {name: made.data[name] for name in ("apiVersion", "kind", "metadata")}
    return dataclasses.replace(made, data={**head, "spec": {"template": {"spec": {**pod, "restartPolicy": "Never"}}}})


def apply(cluster: ControlPlane, desired: ManifestSet, **settings: Any) -> tuple[Checked[Outcome], list[Event]]:
    """Read, plan with waiting, write; and what was told meanwhile."""
    told: list[Event] = []
    target = replace(
        cluster_target(cluster, desired, **settings), place_of=lambda address, path: Place("chat.yaml", path=path)
    )
    state = target.read().value
    assert state is not None
    plan = add_steps(plan_of(state, desired), desired, wait=True).value
    assert plan is not None
    return target.write(desired, plan, record(), expected=state.identity, emit=told.append), told


@pytest.mark.slow
def test_ready_pods_are_waited_for_after_the_record(cluster: ControlPlane, assist: str) -> None:
    done, told = apply(cluster, release(server(gpus=1, count=2)))
    assert done.diagnostics == ()
    assert cluster.get("deployment", "chat", NAMESPACE)["status"]["readyReplicas"] == 2
    kinds = [type(event) for event in told]
    # Simulated pods may be ready before anybody looks; what is told is told after the record.
    assert Watched not in kinds[: kinds.index(Recorded)]
    states = [event.readiness.state for event in told if isinstance(event, Watched)]
    assert states[:1] in ([], ["InProgress"])
    assert states[-1:] in ([], ["Current"])


@pytest.mark.slow
def test_pods_that_fit_nowhere_are_named_at_the_line_of_their_gpus(cluster: ControlPlane, assist: str) -> None:
    apply(cluster, release(server(gpus=1)))
    done, _ = apply(cluster, release(server(gpus=99)), wait_at_most_s=2)
    (finding,) = done.diagnostics
    assert finding.code.id == "OD622"
    assert "assist/chat is not ready after" in finding.message
    assert "Unschedulable: 0/" in finding.message
    assert "Insufficient nvidia.com/gpu" in finding.message
    assert isinstance(finding.at, Place)
    assert finding.at.path == GPUS
    # It was applied, so it is recorded; the pod of the healthy version still serves.
    assert done.value is not None
    assert done.value.counts == {"update": 1}
    assert cluster.get("deployment", "chat", NAMESPACE)["status"]["readyReplicas"] == 1


@pytest.mark.slow
def test_what_needs_a_job_that_never_ends_is_left_out(cluster: ControlPlane, assist: str) -> None:
    needing = manifest("LLM.chat/main/config", "ConfigMap", "chat", needs=("LLM.chat/main/fetch",))
    beside = manifest("LLM.other/main/config", "ConfigMap", "other")
    done, told = apply(cluster, release(job(gpus=99), needing, beside), wait_at_most_s=1)
    assert [d.code.id for d in done.diagnostics] == ["OD622", "OD618"], [d.message for d in done.diagnostics]
    assert "Insufficient nvidia.com/gpu" in done.diagnostics[0].message
    assert sorted(e.address for e in told if isinstance(e, Changed)) == ["LLM.chat/main/fetch", "LLM.other/main/config"]
    assert cluster.attempt("get", "configmap", "chat", "-n", NAMESPACE).returncode
    cluster.kubectl("delete", "job", "fetch", "-n", NAMESPACE)
    done, _ = apply(
        cluster, release(dataclasses.replace(job(gpus=1), token="again"), needing, beside), wait_at_most_s=30
    )
    assert done.diagnostics == ()
    assert not cluster.attempt("get", "configmap", "chat", "-n", NAMESPACE).returncode
    cluster.kubectl("delete", "job", "fetch", "-n", NAMESPACE)
