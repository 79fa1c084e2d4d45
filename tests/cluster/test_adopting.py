"""Objects and fields that others hold are taken over: shown first, on purpose, and all of them."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.addr import Release
from opsdecl.apply.types import Adoption
from opsdecl.diag import Checked
from opsdecl.targets.cluster.adopting import Choice
from tests.cluster.test_refusals import codes, of_kind
from tests.contracts.builders import apply, chat, manifest, plan_of, record, release
from tests.support.cluster import ControlPlane, as_stream
from tests.support.cluster_places import NAMESPACE, assist, cluster_target

__all__ = ["assist"]
SERVICE = "LLM.chat/main/service"


def service(**spec: Any) -> dict[str, Any]:
    data = of_kind("Service", chat()).data
    return {**data, "spec": {**data["spec"], **spec}}


def look(cluster: ControlPlane, *named: str, of: Release | None = None) -> Checked[Adoption]:
    wanted = chat(of=of) if of else chat()
    return cluster_target(cluster, wanted, wanted.release).find_adoption(Choice((SERVICE,), frozenset(named)))


def adopt(cluster: ControlPlane, *named: str, shown: Adoption | None = None, of: Release | None = None) -> Checked[Any]:
    wanted = chat(of=of) if of else chat()
    found = shown or look(cluster, *named, of=of).value
    assert found is not None
    target = cluster_target(cluster, wanted, wanted.release)
    return target.adopt(Choice((SERVICE,), frozenset(named)), found, record("adopt"), emit=lambda event: None)


def managers(cluster: ControlPlane) -> set[str]:
    return {entry["manager"] for entry in cluster.get("service", "chat", NAMESPACE)["metadata"]["managedFields"]}


def plan_is_empty(cluster: ControlPlane) -> bool:
    """Of what was there; the rest of the release is still to be made."""
    state = cluster_target(cluster, chat()).read()
    assert state.value is not None
    assert state.diagnostics == ()
    return all(change.action == "create" for change in plan_of(state.value, chat()).changes)


def diff_is_clean(cluster: ControlPlane) -> bool:
    wanted = as_stream([service()])
    return cluster.attempt("diff", "--server-side", "-f", "-", stdin=wanted).returncode == 0


def test_what_a_client_side_apply_holds_changes_hands_whole(cluster: ControlPlane, assist: str) -> None:
    theirs = service(selector={"app": "theirs"}, publishNotReadyAddresses=True)
    theirs["metadata"] = {**theirs["metadata"], "labels": {"team": "assist"}}
    cluster.kubectl("apply", "-f", "-", stdin=as_stream([theirs]))
    before = cluster.get("service", "chat", NAMESPACE)
    assert codes(cluster_target(cluster, chat()).read()) == ["OD609"]
    found = look(cluster)
    assert found.diagnostics == ()
    assert found.value is not None
    [one] = found.value.objects
    assert (one.joins, one.managers) == (True, ("kubectl-client-side-apply",))
    taken = {field.path: (field.manager, field.before, field.after) for field in one.fields}
    held = "kubectl-client-side-apply"
    annotation = 'metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]'
    assert json.loads(taken.pop(annotation)[1])["kind"] == "Service"
    assert taken == {
        "spec.selector": (held, {"app": "theirs"}, {"app": "chat"}),
        "metadata.labels.team": (held, "assist", None),
        "spec.publishNotReadyAddresses": (held, True, None),
    }
    done = adopt(cluster)
    assert done.diagnostics == ()
    assert done.value is not None
    assert done.value.counts == {"adopt": 1}
    after = cluster.get("service", "chat", NAMESPACE)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["spec"]["clusterIP"] == before["spec"]["clusterIP"]
    assert after["spec"]["selector"] == {"app": "chat"}
    assert "annotations" not in after["metadata"]
    assert "publishNotReadyAddresses" not in after["spec"]
    assert managers(cluster) == {"opsdecl/acme/prod/main"}
    assert plan_is_empty(cluster)
    assert diff_is_clean(cluster)
    assert look(cluster).value == replace(found.value, objects=(), digest=look(cluster).value.digest)  # type: ignore[union-attr]


def test_a_persons_edit_goes_on_their_word_a_programs_field_only_by_its_name(
    cluster: ControlPlane, assist: str
) -> None:
    cluster.apply(service(selector={"app": "theirs"}), manager="some-operator")
    refused = look(cluster)
    assert codes(refused) == ["OD630"]
    assert "`spec.selector` of Service assist/chat is held by `some-operator`" in refused.diagnostics[0].message
    assert "--from some-operator" in refused.diagnostics[0].hint
    assert refused.value is not None
    assert refused.value.objects == ()
    done = adopt(cluster, "some-operator")
    assert done.value is not None
    assert done.value.counts == {"adopt": 1}
    assert managers(cluster) == {"opsdecl/acme/prod/main"}
    assert plan_is_empty(cluster)


@pytest.mark.parametrize(
    ("marks", "manager", "words"),
    [
        ({"annotations": {"meta.helm.sh/release-name": "web"}}, "helm", "Helm release `web`"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:/Service:a/b"}}, "argocd-controller", "`shop`"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "apps"}}, "kustomize-controller", "Kustomization `apps`"),
    ],
)
def test_an_object_of_another_tool_is_refused_unless_that_is_named(
    cluster: ControlPlane, assist: str, marks: dict[str, Any], manager: str, words: str
) -> None:
    theirs = service()
    theirs["metadata"] = {**theirs["metadata"], **marks}
    cluster.apply(theirs, manager=manager)
    assert codes(cluster_target(cluster, chat()).read()) == ["OD614"]
    refused = look(cluster)
    assert codes(refused) == ["OD614"]
    assert words in refused.diagnostics[0].message
    assert f"--from {manager}" in refused.diagnostics[0].hint
    assert adopt(cluster, manager).diagnostics == ()
    after = cluster.get("service", "chat", NAMESPACE)["metadata"]
    assert not after.get("annotations")
    assert not any("flux" in name for name in after["labels"])
    assert managers(cluster) == {"opsdecl/acme/prod/main"}
    assert plan_is_empty(cluster)


def test_another_release_gives_up_an_object_by_its_name_and_says_so(cluster: ControlPlane, assist: str) -> None:
    staging = Release("acme", "staging", "main")
    apply(cluster_target(cluster), chat())
    refused = look(cluster, of=staging)
    assert codes(refused) == ["OD614"]
    assert "release `opsdecl/acme/prod/main`" in refused.diagnostics[0].message
    assert adopt(cluster, "opsdecl/acme/prod/main", of=staging).diagnostics == ()
    assert managers(cluster) == {"opsdecl/acme/staging/main"}
    left = release(*(m for m in chat().manifests if m.key.kind != "Service"))
    done = apply(cluster_target(cluster), left)
    assert codes(done) == ["OD619"]
    assert cluster.get("service", "chat", NAMESPACE)["metadata"]["name"] == "chat"


def test_what_moved_since_it_was_shown_is_not_taken(cluster: ControlPlane, assist: str) -> None:
    cluster.kubectl("apply", "-f", "-", stdin=as_stream([service(selector={"app": "theirs"})]))
    shown = look(cluster).value
    cluster.kubectl("delete", "service", "chat", "-n", NAMESPACE)
    cluster.kubectl("apply", "-f", "-", stdin=as_stream([service(selector={"app": "theirs"})]))
    done = adopt(cluster, shown=shown)
    assert codes(done) == ["OD510"]
    assert SERVICE in done.diagnostics[0].message
    assert managers(cluster) == {"kubectl-client-side-apply"}


def test_a_forced_field_is_planned_and_applied_without_a_refusal(cluster: ControlPlane, assist: str) -> None:
    cluster.apply(service(selector={"app": "theirs"}), manager="some-operator")
    target = cluster_target(cluster, chat(), force=(f"{SERVICE} .spec.selector",))
    assert target.read().diagnostics == ()
    other = cluster_target(cluster, chat(), force=(f"{SERVICE} .spec.type",))
    assert codes(other.read()) == ["OD609"]
    assert apply(target, chat()).diagnostics == ()
    assert cluster.get("service", "chat", NAMESPACE)["spec"]["selector"] == {"app": "chat"}


def test_objects_that_are_made_by_the_next_apply_are_left_to_it(cluster: ControlPlane, assist: str) -> None:
    cluster.create(manifest("LLM.chat/main/x", "ConfigMap", "unrelated").data)
    found = look(cluster)
    assert found.value is not None
    assert (found.value.objects, found.diagnostics) == ((), ())


def test_what_persons_changed_of_what_is_ours_is_shown_before_it_is_taken(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    affinity = {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 7}}}
    for manager, spec in (("kubectl-edit", {"selector": {"app": "theirs"}}), ("k9s", affinity)):
        by = ("--type=merge", "-p", json.dumps({"spec": spec}), f"--field-manager={manager}")
        cluster.kubectl("patch", "service", "chat", "-n", NAMESPACE, *by)
    # The server names two managers in another order each time, and what is shown is the same all the same.
    looks = [look(cluster).value for _ in range(12)]
    first = looks[0]
    assert first is not None
    assert {one.digest for one in looks if one is not None} == {first.digest}
    [one] = first.objects
    assert [(field.manager, field.path) for field in one.fields] == [
        ("kubectl-edit", "spec.selector"),
        ("k9s", "spec.sessionAffinityConfig.clientIP.timeoutSeconds"),
    ]
    done = adopt(cluster, shown=first)
    assert done.value is not None, done.diagnostics
    assert done.value.counts == {"adopt": 1}
    assert plan_is_empty(cluster)
