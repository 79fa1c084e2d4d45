"""What only the API server knows: refusals before and during an apply, at the line that caused them."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.addr import ObjectKey, Release, SpecAddress
from opsdecl.apply.steps import add_steps
from opsdecl.diag import Checked, Place, SpecPath
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.cluster.store import PART_OF
from tests.contracts.builders import actions, apply, chat, manifest, plan_of, record, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target

__all__ = ["assist"]


def codes(found: Checked[Any]) -> list[str]:
    return [d.code.id for d in found.diagnostics]


def with_data(given: Manifest, **more: Any) -> Manifest:
    return Manifest(given.address, given.key, given.token, {**given.data, **more}, {}, given.depends_on, given.protect)


def with_spec(given: Manifest, **more: Any) -> Manifest:
    return with_data(given, spec={**given.data["spec"], **more})


def of_kind(kind: str, given: ManifestSet) -> Manifest:
    return next(m for m in given.manifests if m.key.kind == kind)


def replacing(given: ManifestSet, *manifests: Manifest) -> ManifestSet:
    by_key = {m.key: m for m in given.manifests} | {m.key: m for m in manifests}
    return release(*by_key.values())


def named(cluster: ControlPlane, names: str) -> Sequence[str]:
    return cluster.kubectl("get", names, "-n", NAMESPACE, "-o", "name").split()


def test_a_field_that_does_not_exist_is_refused_in_the_plan_at_its_origin(cluster: ControlPlane, assist: str) -> None:
    wrong = with_spec(of_kind("Deployment", chat()), revisionHistroyLimit=3)
    origins: dict[SpecPath, SpecPath] = {("spec", "revisionHistroyLimit"): ("spec", "history")}
    wanted = replacing(chat(), dataclasses.replace(wrong, origins=origins))

    def place(address: SpecAddress, path: SpecPath) -> Place:
        return Place(f"{address.name}.yaml", 0, path)

    target = replace(cluster_target(cluster, wanted), place_of=place)
    found = target.read()
    assert codes(found) == ["OD608"]
    assert "revisionHistroyLimit" in found.diagnostics[0].message
    assert found.diagnostics[0].at == Place("chat.yaml", 0, ("spec", "history"))
    assert found.diagnostics[0].subject == "LLM.chat"
    assert named(cluster, "deployments,services,persistentvolumeclaims") == []


def test_one_refusal_leaves_out_what_needs_it_and_nothing_else(cluster: ControlPlane, assist: str) -> None:
    cache = with_spec(of_kind("PersistentVolumeClaim", chat()), accessModes=["Never"])
    wanted = replacing(chat(), cache)
    target = cluster_target(cluster)
    state = target.read().value
    assert state is not None
    plan = add_steps(plan_of(state, wanted), wanted).value
    assert plan is not None
    done = target.write(wanted, plan, record(), expected=state.identity, emit=lambda event: None)
    assert done.value is not None
    assert done.value.counts == {"create": 1}
    assert codes(done) == ["OD608", "OD618"]
    assert "LLM.chat/main/cache" in done.diagnostics[1].message
    assert named(cluster, "deployments,services,persistentvolumeclaims") == ["service/chat"]
    again = apply(cluster_target(cluster), chat())
    assert again.diagnostics == ()
    assert again.value.counts == {"create": 2}


def test_what_runs_is_not_pruned_where_something_failed(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    wrong = with_spec(manifest("LLM.new/main/service", "Service", "new"), type="Nothing")
    wanted = release(*(m for m in chat().manifests if m.key.kind != "Deployment"), wrong)
    done = apply(cluster_target(cluster), wanted)
    assert codes(done) == ["OD608", "OD618"]
    assert "deployment.apps/chat" in named(cluster, "deployments")


def test_a_quota_says_no_in_its_own_words(cluster: ControlPlane, assist: str) -> None:
    cluster.kubectl("create", "quota", "claims", "--hard=persistentvolumeclaims=0", "-n", NAMESPACE)
    # Until its controller has looked, the quota stops nothing.
    cluster.kubectl("wait", "--for=jsonpath={.status.hard}", "quota/claims", "-n", NAMESPACE, "--timeout=30s")
    found = cluster_target(cluster, chat()).read()
    assert codes(found) == ["OD608"]
    assert "exceeded quota: claims" in found.diagnostics[0].message
    assert "quota" in found.diagnostics[0].hint


def test_a_field_that_cannot_change_is_known_before(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    before = cluster.get("deployment", "chat", NAMESPACE)
    other = with_spec(
        of_kind("Deployment", chat()),
        selector={"matchLabels": {"app": "other"}},
        template={
            "metadata": {"labels": {"app": "other"}},
            "spec": of_kind("Deployment", chat()).data["spec"]["template"]["spec"],
        },
    )
    wanted = replacing(chat(), other)
    found = cluster_target(cluster, wanted).read()
    assert codes(found) == ["OD621"]
    assert found.value is not None
    plan = plan_of(found.value, wanted)
    assert actions(plan) == {"LLM.chat/main/deployment": "replace"}
    done = apply(cluster_target(cluster), wanted)
    assert done.value.counts == {"replace": 1}
    after = cluster.get("deployment", "chat", NAMESPACE)
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["spec"]["selector"] == {"matchLabels": {"app": "other"}}


class TestConflicts:
    """Fields that another manager holds, and we never did."""

    def other_service(self, cluster: ControlPlane) -> None:
        spec = {"ports": [{"name": "http", "port": 80}], "selector": {"app": "theirs"}}
        metadata = {"name": "chat", "namespace": NAMESPACE}
        cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}, manager="helm")

    def test_are_refused_with_the_manager_and_the_way_out(self, cluster: ControlPlane, assist: str) -> None:
        self.other_service(cluster)
        found = cluster_target(cluster, chat()).read()
        assert codes(found) == ["OD609"]
        said = found.diagnostics[0]
        assert "`spec.selector` of Service assist/chat is held by `helm`" in said.message
        assert 'force: ["LLM.chat/main/service .spec.selector"]' in said.hint
        assert found.value is not None
        assert actions(plan_of(found.value, chat()))["LLM.chat/main/service"] == "adopt"
        target = cluster_target(cluster, chat())
        done = target.write(
            chat(), plan_of(found.value, chat()), record(), expected=found.value.identity, emit=lambda event: None
        )
        assert codes(done) == ["OD609"]
        assert cluster.get("service", "chat", NAMESPACE)["spec"]["selector"] == {"app": "theirs"}

    def test_are_taken_where_the_settings_say_so(self, cluster: ControlPlane, assist: str) -> None:
        self.other_service(cluster)
        target = cluster_target(cluster, chat(), force=("LLM.chat/main/service .spec.selector",))
        done = apply(target, chat())
        assert done.value is not None
        assert done.diagnostics == ()
        assert cluster.get("service", "chat", NAMESPACE)["spec"]["selector"] == {"app": "chat"}
        state = target.read()
        assert state.diagnostics == ()
        assert state.value is not None
        assert plan_of(state.value, chat()).changes == ()

    def test_an_object_that_is_as_wanted_is_adopted_as_it_is(self, cluster: ControlPlane, assist: str) -> None:
        cluster.apply(*(m.data for m in chat().manifests), manager="helm")
        uid = cluster.get("service", "chat", NAMESPACE)["metadata"]["uid"]
        done = apply(cluster_target(cluster, chat()), chat())
        assert done.value.counts == {"adopt": 3}
        assert cluster.get("service", "chat", NAMESPACE)["metadata"]["uid"] == uid


def test_an_object_of_another_release_is_not_taken(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    staging = Release("acme", "staging", "main")
    same = chat(of=staging)
    target = cluster_target(cluster, same, staging)
    found = target.read()
    assert codes(found) == ["OD614"] * 3
    done = apply(target, same)
    assert set(codes(done)) == {"OD614"}
    state = cluster_target(cluster).read().value
    assert state is not None
    assert plan_of(state, chat()).changes == ()


def test_a_kind_that_is_not_installed_is_planned_and_named(cluster: ControlPlane, assist: str) -> None:
    given = manifest("LLM.chat/main/certificate", "Certificate", "chat", api_version="cert-manager.io/v1")
    wanted = release(*chat().manifests, given)
    found = cluster_target(cluster, wanted).read()
    assert codes(found) == ["OD616"]
    assert found.value is not None
    assert actions(plan_of(found.value, wanted))["LLM.chat/main/certificate"] == "create"


class TestDeleting:
    """Nothing is deleted that may not be ours."""

    def patch(self, cluster: ControlPlane, value: Any) -> None:
        cluster.kubectl("patch", "service", "chat", "-n", NAMESPACE, "--type=merge", "-p", json.dumps(value))

    def test_an_object_that_a_controller_owns_stays(self, cluster: ControlPlane, assist: str) -> None:
        apply(cluster_target(cluster), chat())
        uid = cluster.get("deployment", "chat", NAMESPACE)["metadata"]["uid"]
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat", "uid": uid, "controller": True}
        self.patch(cluster, {"metadata": {"ownerReferences": [owner]}})
        assert "Deployment chat controls it" in self.held_back(cluster)

    def held_back(self, cluster: ControlPlane) -> str:
        target = cluster_target(cluster)
        wanted = release(*(m for m in chat().manifests if m.key.kind != "Service"))
        done = apply(target, wanted)
        assert codes(done) == ["OD619"]
        assert "service/chat" in named(cluster, "services")
        return str(done.diagnostics[0].message)

    @pytest.mark.parametrize(
        ("mark", "words"),
        [
            ({"annotations": {"meta.helm.sh/release-name": "legacy"}}, "it is part of Helm release `legacy`"),
            ({"labels": {PART_OF: "applyset-of-others-v1"}}, "it is part of set `applyset-of-others-v1`"),
        ],
    )
    def test_an_object_that_another_tool_has_adopted_stays(
        self, cluster: ControlPlane, assist: str, mark: dict[str, Any], words: str
    ) -> None:
        apply(cluster_target(cluster), chat())
        self.patch(cluster, {"metadata": mark})
        assert words in self.held_back(cluster)

    def test_an_object_of_which_nothing_is_ours_stays(self, cluster: ControlPlane, assist: str) -> None:
        apply(cluster_target(cluster), chat())
        emptied = json.dumps([{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}])
        cluster.kubectl("patch", "service", "chat", "-n", NAMESPACE, "--type=json", "-p", emptied)
        assert "none of its fields was applied" in self.held_back(cluster)

    def test_an_object_that_was_made_anew_under_the_name_stays(self, cluster: ControlPlane, assist: str) -> None:
        apply(cluster_target(cluster), chat())
        live = cluster.get("service", "chat", NAMESPACE)
        cluster.kubectl("delete", "service", "chat", "-n", NAMESPACE)
        for name in ("uid", "resourceVersion", "creationTimestamp"):
            del live["metadata"][name]
        for name in ("clusterIP", "clusterIPs"):
            del live["spec"][name]
        cluster.create(live)
        assert "made after ours was deleted" in self.held_back(cluster)

    def test_an_object_that_does_not_go_is_said_so(
        self, cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("opsdecl.targets.cluster.applying._GONE_TRIES", 2)
        apply(cluster_target(cluster), chat())
        self.patch(cluster, {"metadata": {"finalizers": ["acme.example/never"]}})
        done = apply(cluster_target(cluster), release(*(m for m in chat().manifests if m.key.kind != "Service")))
        told = codes(done)
        self.patch(cluster, {"metadata": {"finalizers": None}})
        assert told == ["OD620"]

    def test_letting_go_touches_nothing_that_runs(self, cluster: ControlPlane, assist: str) -> None:
        apply(cluster_target(cluster), chat())
        before = cluster.get("service", "chat", NAMESPACE)
        target = cluster_target(cluster)
        state = target.read().value
        assert state is not None
        wanted = release(*(m for m in chat().manifests if m.key.kind != "Service"))
        plan = plan_of(state, wanted)
        kept = tuple(c.model_copy(update={"action": "forget"}) if c.action == "delete" else c for c in plan.changes)
        plan = plan.model_copy(update={"changes": kept})
        done = target.write(wanted, plan, record(), expected=state.identity, emit=lambda event: None)
        assert done.value is not None
        assert done.value.counts == {"forget": 1}
        after = cluster.get("service", "chat", NAMESPACE)
        assert (after["spec"], after["metadata"]["uid"]) == (before["spec"], before["metadata"]["uid"])
        assert after["metadata"].get("labels", {}) == {}
        assert after["metadata"].get("managedFields", []) == []
        gone = target.read().value
        assert gone is not None
        assert ObjectKey("v1", "Service", NAMESPACE, "chat") not in {o.key for o in gone.objects}
        assert plan_of(gone, wanted).changes == ()
