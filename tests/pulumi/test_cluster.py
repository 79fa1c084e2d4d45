"""Stacks on a real control plane: drift, readiness, refusals, and a cluster that does not answer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec import structs

from opsdecl.addr import SpecAddress
from opsdecl.apply.steps import add_steps
from opsdecl.apply.types import Event, Watched
from opsdecl.diag import Place, SpecPath
from opsdecl.render.types import Manifest, ManifestSet
from tests.contracts.builders import actions, apply, chat, manifest, plan_of, record, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist
from tests.support.parity import made
from tests.support.parity_rows import ROWS
from tests.support.pulumi_places import cluster_stack, pulumi

__all__ = ["assist", "pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow, pytest.mark.usefixtures("assist")]


def changed_by_kubectl(cluster: ControlPlane, value: int) -> None:
    patch = f'{{"spec":{{"revisionHistoryLimit":{value}}}}}'
    cluster.kubectl("patch", "deployment", "chat", "-n", NAMESPACE, "--type=merge", "-p", patch)


def test_drift_is_seen_with_who_did_it_and_undone(cluster: ControlPlane, pulumi: Path) -> None:
    target = cluster_stack(cluster, pulumi)
    apply(target, chat())
    changed_by_kubectl(cluster, 9)
    cluster.kubectl("delete", "service", "chat", "-n", NAMESPACE)
    state = target.read().value
    assert state is not None
    plan = plan_of(state, chat())
    assert {c.address: (c.action, c.cause) for c in plan.changes} == {
        "LLM.chat/main/deployment": ("update", "drift"),
        "LLM.chat/main/service": ("create", "drift"),
    }
    assert "kubectl-patch" in (plan.changes[0].drifted_by or plan.changes[1].drifted_by)
    opinion = target.preview(chat(), plan)
    assert [d.code.id for d in opinion.diagnostics] == ["OD689"], opinion.diagnostics
    done = target.write(chat(), plan, record(), expected=state.identity, emit=lambda event: None)
    assert done.diagnostics == ()
    assert done.value is not None
    assert done.value.counts == {"create": 1, "update": 1}
    assert cluster.get("deployment", "chat", NAMESPACE)["spec"]["revisionHistoryLimit"] == 1
    after = target.read().value
    assert after is not None
    assert actions(plan_of(after, chat())) == {}


def test_a_cluster_that_does_not_answer_drops_nothing_from_the_state(
    cluster: ControlPlane, pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(cluster_stack(cluster, pulumi), chat())
    nowhere = cluster.kubeconfig_with(cluster.admin, server="https://127.0.0.1:9")
    monkeypatch.setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
    away = cluster_stack(cluster, pulumi, kubeconfig=str(nowhere))
    assert [d.code.id for d in away.read().diagnostics] == ["OD600"]
    blind = structs.replace(away, settings=structs.replace(away.settings, refresh=False))
    done = apply(blind, chat(2))
    assert done.value is None or done.value.failed
    assert done.diagnostics
    state = cluster_stack(cluster, pulumi).read().value
    assert state is not None
    assert len(state.objects) == 3
    assert actions(plan_of(state, chat())) == {}


def test_a_refusal_names_the_field_at_its_line(cluster: ControlPlane, pulumi: Path) -> None:
    good = manifest("LLM.chat/main/deployment", "Deployment", "chat")
    spec = {**good.data["spec"], "revisionHistoryLimit": -1}
    origin: SpecPath = ("spec", "history")
    bad = replace(good, data={**good.data, "spec": spec}, origins={("spec", "revisionHistoryLimit"): origin})
    other = manifest("LLM.talk/main/service", "Service", "talk")

    def place(address: SpecAddress, path: SpecPath) -> Place | None:
        return Place(f"{address}.yaml", path=path)

    target = structs.replace(cluster_stack(cluster, pulumi), place_of=place)
    done = apply(target, release(bad, other))
    assert [d.code.id for d in done.diagnostics] == ["OD679"]
    assert done.diagnostics[0].at == Place("LLM.chat.yaml", path=origin)
    assert "`spec.revisionHistoryLimit` of Deployment assist/chat could not be applied" in done.diagnostics[0].message
    assert done.value.counts == {"create": 1}
    assert cluster.get("service", "talk", NAMESPACE)["metadata"]["name"] == "talk"


def running(replicas: int, gpus: int) -> Manifest:
    made = manifest("LLM.chat/main/deployment", "Deployment", "chat")
    server = {"name": "server", "image": "registry.example.com/server:1"}
    limits = {"resources": {"limits": {"nvidia.com/gpu": str(gpus)}}}
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "runAsNonRoot": True}
    profile = {"seccompProfile": {"type": "RuntimeDefault"}}
    pod = {"containers": [{**server, **limits, "securityContext": {**security, **profile}}]}
    labels = made.data["spec"]["template"]["metadata"]
    spec = {**made.data["spec"], "replicas": replicas, "template": {"metadata": labels, "spec": pod}}
    return replace(made, data={**made.data, "spec": spec})


def apply_waiting(target: Any, desired: ManifestSet, emit: Any) -> Any:
    state = target.read().value
    assert state is not None
    plan = add_steps(plan_of(state, desired), desired, state, wait=True).value
    assert plan is not None
    return target.write(desired, plan, record(), expected=state.identity, emit=emit)


def test_an_apply_waits_until_pods_are_ready_and_says_why_they_are_not(cluster: ControlPlane, pulumi: Path) -> None:
    seen: list[Event] = []
    target = cluster_stack(cluster, pulumi, wait_at_most_s=20.0)
    done = apply_waiting(target, release(running(1, 1)), seen.append)
    assert done.diagnostics == ()
    assert cluster.get("deployment", "chat", NAMESPACE)["status"]["readyReplicas"] == 1
    impatient = structs.replace(target, settings=structs.replace(target.settings, wait_at_most_s=2.0))
    done = apply_waiting(impatient, release(running(1, 9)), seen.append)
    assert [d.code.id for d in done.diagnostics] == ["OD622"]
    assert done.value is not None
    assert not done.value.failed
    assert any(isinstance(event, Watched) for event in seen)
    status = target.status().value
    assert status is not None
    assert [(each.address, each.readiness.state) for each in status.objects] == [
        ("LLM.chat/main/deployment", "InProgress")
    ]


def test_a_workload_that_cannot_be_changed_in_place_is_replaced(cluster: ControlPlane, pulumi: Path) -> None:
    target = cluster_stack(cluster, pulumi)
    apply(target, release(running(1, 1)))
    before = cluster.get("deployment", "chat", NAMESPACE)["metadata"]["uid"]
    made = running(1, 1)
    labels = {"app": "chat", "tier": "new"}
    template = {**made.data["spec"]["template"], "metadata": {"labels": labels}}
    spec = {**made.data["spec"], "selector": {"matchLabels": labels}, "template": template}
    moved = release(replace(made, data={**made.data, "spec": spec}))
    done = apply(target, moved)
    assert done.diagnostics == ()
    assert done.value.counts == {"replace": 1}
    after = cluster.get("deployment", "chat", NAMESPACE)["metadata"]
    assert after["uid"] != before
    assert "deletionTimestamp" not in after
    state = target.read().value
    assert state is not None
    assert actions(plan_of(state, moved)) == {}


def test_what_the_provider_would_only_try_is_replaced_as_the_plan_says(cluster: ControlPlane, pulumi: Path) -> None:
    """No API server makes a claim smaller. What needs it stays."""

    def sized(gigabytes: int) -> ManifestSet:
        cache = manifest("LLM.chat/main/cache", "PersistentVolumeClaim", "chat-cache", gigabytes, protect=True)
        spare = manifest("LLM.chat/main/spare", "PersistentVolumeClaim", "chat-spare", gigabytes)
        return release(*(m for m in chat().manifests if m.address != cache.address), cache, spare)

    target = cluster_stack(cluster, pulumi)
    apply(target, sized(2))
    claims = ("chat-cache", "chat-spare")
    kinds = (("deployment", "chat"), *(("persistentvolumeclaim", claim) for claim in claims))
    before = {name: cluster.get(kind, name, NAMESPACE)["metadata"]["uid"] for kind, name in kinds}
    state = target.read().value
    assert state is not None
    plan = plan_of(state, sized(1))
    assert [(d.code.id, d.message.rpartition(": ")[2]) for d in target.preview(sized(1), plan).diagnostics] == [
        ("OD689", "1 replace, 3 same; not asked of 1 protected, which an apply frees first")
    ]
    done = apply(target, sized(1))
    assert (done.value.counts, done.diagnostics) == ({"replace": 2}, ())
    after = {name: cluster.get(kind, name, NAMESPACE)["metadata"]["uid"] for kind, name in kinds}
    assert after["chat"] == before["chat"]
    assert all(after[claim] != before[claim] for claim in claims)
    again = target.read().value
    assert again is not None
    assert actions(plan_of(again, sized(1))) == {}


def test_let_go_of_an_object_and_it_stays(cluster: ControlPlane, pulumi: Path) -> None:
    target = cluster_stack(cluster, pulumi)
    apply(target, chat())
    state = target.read().value
    assert state is not None
    left = release(*chat().manifests[:2])
    from opsdecl.diff.release import diff_release

    plan = diff_release(state, left, effects={}, forget=["LLM.chat/main/service"]).release
    done = target.write(left, plan, record(), expected=state.identity, emit=lambda event: None)
    assert done.diagnostics == ()
    assert cluster.get("service", "chat", NAMESPACE)["metadata"]["name"] == "chat"
    after = target.read().value
    assert after is not None
    assert {o.address for o in after.objects} == {str(m.address) for m in left.manifests}


def test_what_the_server_changes_in_place_is_the_same_object_afterwards(cluster: ControlPlane, pulumi: Path) -> None:
    """Pulumi's provider would delete a ConfigMap with other data, unless it is told not to."""
    target, rows = cluster_stack(cluster, pulumi), {t: made(ROWS[t], t) for t in ("other data", "tries of a run")}
    found = {pair.before.key for pair in rows.values() if pair.before is not None}
    apply(target, release(*(pair.before for pair in rows.values() if pair.before is not None)))
    uids = {key: cluster.get(key.kind, key.name, NAMESPACE)["metadata"]["uid"] for key in found}
    done = apply(target, release(*(pair.after for pair in rows.values() if pair.after is not None)))
    assert done.value.counts == {"update": 2}, done.diagnostics
    assert {key: cluster.get(key.kind, key.name, NAMESPACE)["metadata"]["uid"] for key in found} == uids


def test_a_later_version_of_its_api_is_the_same_object_afterwards(cluster: ControlPlane, pulumi: Path) -> None:
    target = cluster_stack(cluster, pulumi)
    before, after = release(scaler("autoscaling/v1")), release(scaler("autoscaling/v2"))
    apply(target, before)
    kept = cluster.get("horizontalpodautoscaler", "chat", NAMESPACE)["metadata"]["uid"]
    done = apply(cluster_stack(cluster, pulumi, after), after)
    assert (done.value.counts, done.diagnostics) == ({"update": 1}, ())
    live = cluster.get("horizontalpodautoscaler.v2.autoscaling", "chat", NAMESPACE)
    assert live["metadata"]["uid"] == kept
    assert live["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70
    state = cluster_stack(cluster, pulumi, after).read().value
    assert state is not None
    assert actions(plan_of(state, after)) == {}


def scaler(api_version: str) -> Manifest:
    made = manifest("LLM.chat/main/hpa", "HorizontalPodAutoscaler", "chat", api_version=api_version)
    aim = {"type": "Utilization", "averageUtilization": 70}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": aim}}
    measured = {"metrics": [metric]} if api_version.endswith("v2") else {"targetCPUUtilizationPercentage": 50}
    scaled = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"}
    data = {name: value for name, value in made.data.items() if name != "data"}
    return replace(made, data={**data, "spec": {"scaleTargetRef": scaled, "maxReplicas": 2, **measured}})


def test_another_name_of_the_same_cluster_changes_no_object(cluster: ControlPlane, pulumi: Path) -> None:
    """The provider gets other inputs then, and could take that for a reason to make everything anew."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    context = next(entry for entry in config["contexts"] if entry["name"] == cluster.context)
    config["contexts"].append({**context, "name": "renamed"})
    (pulumi / "kubeconfig").write_text(yaml.safe_dump(config))
    apply(cluster_stack(cluster, pulumi), chat())
    kinds = (("deployment", "chat"), ("service", "chat"), ("persistentvolumeclaim", "chat-cache"))
    before = [cluster.get(kind, name, NAMESPACE)["metadata"]["uid"] for kind, name in kinds]
    target = cluster_stack(cluster, pulumi, context="renamed", kubeconfig=str(pulumi / "kubeconfig"))
    state = target.read().value
    assert state is not None
    plan = plan_of(state, chat(2))
    said = [(d.code.id, d.message.rpartition(": ")[2]) for d in target.preview(chat(2), plan).diagnostics]
    assert said == [("OD689", "2 same, 1 update")]
    done = apply(target, chat(2))
    assert (done.value.counts, done.diagnostics) == ({"update": 1}, ())
    assert [cluster.get(kind, name, NAMESPACE)["metadata"]["uid"] for kind, name in kinds] == before
