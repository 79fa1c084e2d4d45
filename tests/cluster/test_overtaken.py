"""Somebody is faster by a hair: between our look at an object and our write of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from opsdecl.diag import Checked
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.connection import NoAnswer
from tests.contracts.builders import actions, apply, chat, manifest, nothing, plan_of, record, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.interference import path_of
from tests.support.overtaking import person, server_of, without_count

__all__ = ["assist"]


def at(patch: pytest.MonkeyPatch, one: Manifest, method: str, number: int, what: Callable[[], Any], when: str) -> None:
    """Does it before the n-th such request about the object is sent, or after it was answered."""
    once = Client._once
    count = 0

    async def late(self: Client, verb: str, path: str, *rest: Any) -> Any:
        nonlocal count
        count += (verb, path) == (method, path_of(one))
        here = (verb, path, count) == (method, path_of(one), number)
        if here and when == "before":
            what()
        answer = await once(self, verb, path, *rest)
        if here and when == "after":
            what()
        return answer

    patch.setattr(Client, "_once", late)


def codes(done: Checked[Any]) -> list[str]:
    return [d.code.id for d in done.diagnostics]


def next_actions(cluster: ControlPlane, wanted: ManifestSet) -> dict[str, str]:
    state = cluster_target(cluster, wanted).read().value
    assert state is not None
    return actions(plan_of(state, wanted))


@pytest.mark.parametrize("kind", ["Deployment", "Service"])
def test_an_edit_of_what_is_ours_is_not_taken_for_our_own_write(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    before = release(manifest("LLM.chat/main/it", kind, "chat", 1))
    wanted = release(manifest("LLM.chat/main/it", kind, "chat", 2))
    apply(cluster_target(cluster), before)
    (one,) = wanted.manifests
    at(monkeypatch, one, "PATCH", 1, lambda: person(cluster).edit(one), "before")
    done = apply(cluster_target(cluster), wanted)
    assert codes(done) == ["OD510"]
    assert f"{kind} assist/chat was changed by somebody" in done.diagnostics[0].message
    assert done.value.counts == {}
    assert next_actions(cluster, wanted) == {"LLM.chat/main/it": "update"}
    assert next_actions(cluster, before) == {"LLM.chat/main/it": "update"}


def test_an_object_that_somebody_makes_under_the_name_stays_theirs(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = release(manifest("LLM.chat/main/config", "ConfigMap", "chat"))
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"other": "theirs"}}
    metadata = {"name": "chat", "namespace": NAMESPACE}
    at(monkeypatch, wanted.manifests[0], "PATCH", 1, lambda: cluster.create({**theirs, "metadata": metadata}), "before")
    done = apply(cluster_target(cluster), wanted)
    assert codes(done) == ["OD510"]
    found = cluster.get("configmap", "chat", NAMESPACE)
    assert found["data"] == {"other": "theirs"}
    assert "labels" not in found["metadata"]
    assert next_actions(cluster, wanted) == {"LLM.chat/main/config": "adopt"}


def test_an_object_that_somebody_makes_where_ours_was_deleted_is_not_waited_for(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsdecl.targets.cluster.applying._GONE_TRIES", 2)
    config = manifest("LLM.chat/main/config", "ConfigMap", "chat")
    apply(cluster_target(cluster), release(config))
    at(monkeypatch, config, "DELETE", 1, lambda: person(cluster).create(config), "after")
    done = apply(cluster_target(cluster), nothing())
    assert done.diagnostics == ()
    assert cluster.get("configmap", "chat", NAMESPACE)["metadata"]["managedFields"][0]["manager"] == "kubectl-create"
    assert next_actions(cluster, nothing()) == {}


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_object_that_another_tool_adopts_before_our_write_stays_theirs(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    config = manifest("LLM.chat/main/config", "ConfigMap", "chat", 1)
    apply(cluster_target(cluster), release(config))
    wanted = release(manifest("LLM.chat/main/config", "ConfigMap", "chat", 2)) if method == "PATCH" else nothing()
    theirs = {**config.data, "data": {"value": "theirs"}}
    theirs["metadata"] = {**config.data["metadata"], "annotations": {"meta.helm.sh/release-name": "legacy"}}
    taken = ("apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", "-")
    at(monkeypatch, config, method, 1, lambda: cluster.kubectl(*taken, stdin=json.dumps(theirs)), "before")
    done = apply(cluster_target(cluster), wanted)
    assert codes(done) == ["OD510" if method == "PATCH" else "OD619"]
    assert cluster.get("configmap", "chat", NAMESPACE)["data"] == {"value": "theirs"}


def test_a_count_that_somebody_sets_while_we_hand_it_over_stands(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(cluster_target(cluster), chat())
    wanted = without_count(chat())
    server = server_of(wanted)
    at(monkeypatch, server, "PATCH", 1, lambda: person(cluster).scale(server), "before")
    done = apply(cluster_target(cluster), wanted)
    assert done.diagnostics == ()
    assert cluster.get("deployment", "chat", NAMESPACE)["spec"]["replicas"] > 0
    assert next_actions(cluster, wanted) == {}


def test_taking_drift_back_takes_nothing_else(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = manifest("LLM.chat/main/config", "ConfigMap", "chat")
    apply(cluster_target(cluster), release(config))
    more = Manifest(
        config.address, config.key, config.token, {**config.data, "data": {"value": "1", "more": "ours"}}, {}
    )
    edit = ("patch", "configmap", "chat", "-n", NAMESPACE, "--type=merge", "-p")
    cluster.kubectl(*edit, '{"data":{"value":"drift"}}')
    at(monkeypatch, more, "PATCH", 2, lambda: cluster.kubectl(*edit, '{"data":{"more":"theirs"}}'), "before")
    done = apply(cluster_target(cluster), release(more))
    assert codes(done) == ["OD510"]
    assert cluster.get("configmap", "chat", NAMESPACE)["data"] == {"value": "drift", "more": "theirs"}


@pytest.mark.parametrize("before", [None, "1500m"])
def test_an_answer_that_was_lost_is_known_though_the_server_spells_values_otherwise(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    if before is not None:
        assert apply(cluster_target(cluster), release(with_cpu(before))).diagnostics == ()
    wanted = release(with_cpu("1000m"))

    def lose() -> None:
        raise NoAnswer("the answer was lost")

    at(monkeypatch, wanted.manifests[0], "PATCH", 1, lose, "after")
    done = apply(cluster_target(cluster), wanted)
    assert done.diagnostics == ()
    assert next_actions(cluster, wanted) == {}


def with_cpu(amount: str) -> Manifest:
    server = server_of(chat())
    (container,) = server.data["spec"]["template"]["spec"]["containers"]
    limited = {**container, "resources": {"limits": {"cpu": amount}}, "ports": [{"containerPort": 8000}]}
    template = {**server.data["spec"]["template"], "spec": {"containers": [limited]}}
    data = {**server.data, "spec": {**server.data["spec"], "template": template}}
    return Manifest(server.address, server.key, server.token, data, {})


def test_a_count_that_was_nobodys_and_is_set_before_ours_stands(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(cluster_target(cluster), without_count(chat()))
    server = server_of(chat())
    at(monkeypatch, server, "PATCH", 1, lambda: person(cluster).scale(server), "before")
    done = apply(cluster_target(cluster), chat())
    assert codes(done) == ["OD510"]
    assert cluster.get("deployment", "chat", NAMESPACE)["spec"]["replicas"] > 0


def test_a_count_that_was_nobodys_and_is_set_after_the_plan_stands(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), without_count(chat()))
    target = cluster_target(cluster, chat())
    state = target.read().value
    assert state is not None
    person(cluster).scale(server_of(chat()))
    done = target.write(chat(), plan_of(state, chat()), record(), expected=state.identity, emit=lambda event: None)
    assert codes(done) == ["OD510"]
    assert "Deployment assist/chat was changed by somebody since this was planned" in done.diagnostics[0].message
    assert cluster.get("deployment", "chat", NAMESPACE)["spec"]["replicas"] > 0
    assert next_actions(cluster, chat()) == {"LLM.chat/main/deployment": "update"}
    assert apply(target, chat()).diagnostics == ()
    assert cluster.get("deployment", "chat", NAMESPACE)["spec"]["replicas"] == 0
