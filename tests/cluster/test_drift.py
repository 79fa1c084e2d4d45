"""Who changed what on a real control plane: a plan sees every change of what is ours, and names its author."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from opsdecl.diff.records import TargetState
from opsdecl.diff.types import ObjectChange
from opsdecl.render.types import Manifest, ManifestSet
from tests.contracts.builders import apply, chat, manifest, plan_of, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.project import ENVIRONMENTS, built, example_tree

__all__ = ["assist"]
_FLAG_OFF = {
    "name": "server",
    "image": "registry.example.com/server:1",
    "env": [{"name": "FLAG", "value": "no"}],
}


def state(cluster: ControlPlane, wanted: ManifestSet | None = None) -> TargetState:
    read = cluster_target(cluster, wanted).read()
    assert read.value is not None, read.diagnostics
    assert read.diagnostics == ()
    return read.value


def changes(cluster: ControlPlane, wanted: ManifestSet) -> Mapping[str, ObjectChange]:
    return {change.address: change for change in plan_of(state(cluster, wanted), wanted).changes}


def patch(cluster: ControlPlane, kind: str, name: str, value: Any, *, manager: str = "kubectl-edit") -> None:
    merge = ("--type=merge", "-p", json.dumps(value), f"--field-manager={manager}")
    cluster.kubectl("patch", kind, name, "-n", NAMESPACE, *merge)


def with_spec(given: Manifest, **more: Any) -> Manifest:
    data = {**given.data, "spec": {**given.data["spec"], **more}}
    return Manifest(given.address, given.key, given.token, data, {}, given.depends_on, given.protect)


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.usefixtures("example_namespaces")
def test_second_plan_of_the_example_is_empty(cluster: ControlPlane, environment: str) -> None:
    side = built(example_tree(), environment)
    target = cluster_target(cluster, side.manifests, side.graph.release)
    done = apply(target, side.manifests)
    assert done.value is not None, done.diagnostics
    assert done.diagnostics == ()
    assert done.value.counts == {"create": len(side.manifests.manifests)}
    read = target.read()
    assert read.diagnostics == ()
    assert read.value is not None
    assert plan_of(read.value, side.manifests).changes == ()
    assert read.value.unowned == ()


def test_the_edit_of_a_person_is_found_and_named(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    patch(cluster, "deployment", "chat", {"spec": {"revisionHistoryLimit": 9}})
    found = changes(cluster, chat())
    assert list(found) == ["LLM.chat/main/deployment"]
    change = found["LLM.chat/main/deployment"]
    assert (change.action, change.cause) == ("update", "drift")
    assert [(f.path, f.before, f.after) for f in change.fields] == [("spec.revisionHistoryLimit", 9, 1)]
    assert change.drifted_by.startswith("kubectl-edit (a person) at 20")
    done = apply(cluster_target(cluster, chat()), chat())
    assert done.value is not None, done.diagnostics
    assert changes(cluster, chat()) == {}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("deployment", {"spec": {"template": {"spec": {"containers": [{"name": "server", "image": "x:2"}]}}}}),
        ("service", {"spec": {"sessionAffinity": "None", "sessionAffinityConfig": None}}),
        ("deployment", {"spec": {"template": {"spec": {"containers": [_FLAG_OFF]}}}}),
        ("service", {"spec": {"selector": {"app": "other"}}}),
        ("service", {"metadata": {"labels": {"applyset.kubernetes.io/part-of": None}}, "spec": {"selector": None}}),
    ],
    ids=["image", "dropped", "variable", "selector", "without our label"],
)
def test_no_change_of_what_is_ours_stays_hidden(cluster: ControlPlane, assist: str, kind: str, value: Any) -> None:
    apply(cluster_target(cluster), chat())
    patch(cluster, kind, "chat", value)
    assert list(changes(cluster, chat())) == [f"LLM.chat/main/{kind}"]
    done = apply(cluster_target(cluster, chat()), chat())
    assert done.value is not None, done.diagnostics
    assert changes(cluster, chat()) == {}


def test_a_deleted_object_is_made_again(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    cluster.kubectl("delete", "service", "chat", "-n", NAMESPACE)
    found = changes(cluster, chat())
    assert [(c.address, c.action, c.cause) for c in found.values()] == [("LLM.chat/main/service", "create", "drift")]
    apply(cluster_target(cluster, chat()), chat())
    assert changes(cluster, chat()) == {}


def test_an_object_that_is_still_going_away_is_made_again(cluster: ControlPlane, assist: str) -> None:
    assert apply(cluster_target(cluster), chat()).diagnostics == ()
    patch(cluster, "pvc", "chat-cache", {"metadata": {"finalizers": ["example.com/slow"]}})
    cluster.kubectl("delete", "pvc", "chat-cache", "-n", NAMESPACE, "--wait=false")
    found = changes(cluster, chat())["LLM.chat/main/cache"]
    assert (found.action, found.cause) == ("create", "drift")
    patch(cluster, "pvc", "chat-cache", {"metadata": {"finalizers": None}})


def test_what_others_add_is_not_ours_and_is_told_apart(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    patch(cluster, "deployment", "chat", {"spec": {"paused": True}})
    patch(cluster, "service", "chat", {"metadata": {"annotations": {"kueue.x-k8s.io/seen": "1"}}}, manager="kueue")
    seen = state(cluster, chat())
    assert plan_of(seen, chat()).changes == ()
    assert [line.partition(" at ")[0] for line in seen.unowned] == [
        "Deployment assist/chat: spec.paused by kubectl-edit (a person)"
    ]
    assert [line.partition(" at ")[0] for line in seen.expected] == [
        'Service assist/chat: metadata.annotations["kueue.x-k8s.io/seen"] by kueue (an operator)'
    ]


def test_an_environment_variable_that_a_person_adds_is_listed(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    cluster.kubectl("set", "env", "deployment/chat", "-n", NAMESPACE, "DEBUG=1")
    seen = state(cluster, chat())
    assert plan_of(seen, chat()).changes == ()
    assert len(seen.unowned) == 1
    assert "env[DEBUG]" in seen.unowned[0]


@pytest.mark.slow
def test_an_autoscaler_owns_the_count_and_takes_it_over_without_a_dip(cluster: ControlPlane, assist: str) -> None:
    counted = _deployment(replicas=3)
    apply(cluster_target(cluster), counted)
    scaled = release(*_deployment(replicas=None).manifests, _autoscaler(lowest=2, highest=5))
    counts = set()
    done = apply(cluster_target(cluster, scaled), scaled)
    assert done.value is not None, done.diagnostics
    end = time.monotonic() + 60
    while time.monotonic() < end:
        held = cluster.get("deployment", "chat", NAMESPACE)
        counts.add(held["spec"]["replicas"])
        autoscaler = cluster.get("hpa", "chat", NAMESPACE)
        if autoscaler.get("status", {}).get("conditions"):
            break
        time.sleep(0.5)
    assert counts == {3}
    cluster.kubectl("patch", "hpa", "chat", "-n", NAMESPACE, "--type=merge", "-p", '{"spec":{"minReplicas":4}}')
    while time.monotonic() < end and cluster.get("deployment", "chat", NAMESPACE)["spec"]["replicas"] != 4:
        time.sleep(0.5)
    seen = state(cluster, scaled)
    assert [change.address for change in plan_of(seen, scaled).changes] == ["LLM.chat/main/hpa"]
    assert any("spec.replicas by kube-controller-manager (an autoscaler)" in line for line in seen.expected)


def _deployment(replicas: int | None) -> ManifestSet:
    given = next(m for m in chat().manifests if m.key.kind == "Deployment")
    spec = {name: value for name, value in given.data["spec"].items() if name != "replicas"}
    spec |= {"replicas": replicas} if replicas is not None else {}
    return release(Manifest(given.address, given.key, given.token, {**given.data, "spec": spec}, {}))


def _autoscaler(lowest: int, highest: int) -> Manifest:
    given = manifest("LLM.chat/main/hpa", "HorizontalPodAutoscaler", "chat", api_version="autoscaling/v2")
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    }
    spec = {
        "minReplicas": lowest,
        "maxReplicas": highest,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"},
        "metrics": [metric],
    }
    data = {name: value for name, value in given.data.items() if name != "data"} | {"spec": spec}
    return Manifest(given.address, given.key, given.token, data, {})


def test_values_that_the_server_spells_otherwise_are_no_change(cluster: ControlPlane, assist: str) -> None:
    given = next(m for m in chat().manifests if m.key.kind == "Deployment")
    container = {
        "name": "server",
        "image": "x:1",
        "env": [{"name": "EMPTY", "value": ""}],
        "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}},
    }
    template = {**given.data["spec"]["template"], "spec": {"containers": [container]}}
    odd = release(with_spec(given, template=template))
    apply(cluster_target(cluster), odd)
    assert changes(cluster, odd) == {}
    # The status moves the object, so that the next look must compare fields.
    patch(cluster, "deployment", "chat", {"metadata": {"annotations": {"by": "hand"}}})
    assert changes(cluster, odd) == {}


def test_kubectl_finds_no_difference_after_an_apply(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    stream = "\n---\n".join(json.dumps(m.data) for m in chat().manifests)
    said = cluster.attempt("diff", "--server-side", "-f", "-", stdin=stream)
    assert (said.returncode, said.stdout) == (0, ""), said.stderr
