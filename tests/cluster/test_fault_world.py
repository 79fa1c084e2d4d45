"""The cluster around a release changes or refuses: namespaces that end, kinds that go, policies, limits, silence."""

import json
import re
import socket
import time
from pathlib import Path

import pytest

from opsdecl.addr import ObjectKey
from opsdecl.render.types import Manifest
from tests.cluster.test_commands import MODELS, project
from tests.contracts.builders import apply, chat, manifest, plan_of, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.project import opsdecl_here

__all__ = ["assist", "project"]
_POLICY = "admissionregistration.k8s.io/v1"


def refuse_deployments(cluster: ControlPlane, namespace: str) -> None:
    """A policy of the cluster that takes no Deployment in the namespace."""
    rules = [{"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}]
    said = {"expression": "false", "message": "no workloads before the audit"}
    spec = {"matchConstraints": {"resourceRules": rules}, "validations": [said], "failurePolicy": "Fail"}
    policy = {"apiVersion": _POLICY, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "audit"}}
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    bound = {"policyName": "audit", "validationActions": ["Deny"], "matchResources": here}
    binding = {"apiVersion": _POLICY, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "audit"}}
    cluster.create({**policy, "spec": spec}, {**binding, "spec": bound})


@pytest.mark.slow
def test_a_policy_of_the_cluster_and_a_quota_refuse_at_the_line_of_the_spec(
    cluster: ControlPlane, project: Path
) -> None:
    refuse_deployments(cluster, "risk")
    cluster.kubectl("create", "quota", "none", "--hard=count/services=0", "-n", "assist")
    try:
        deadline = time.monotonic() + 20
        said = opsdecl_here(project, "plan", "--live", "--env", "staging", env={"KUBECONFIG": str(cluster.kubeconfig)})
        while "before the audit" not in said.all and time.monotonic() < deadline:
            time.sleep(0.5)  # Policies are in force a moment after they were made.
            said = opsdecl_here(
                project, "plan", "--live", "--env", "staging", env={"KUBECONFIG": str(cluster.kubeconfig)}
            )
    finally:
        cluster.kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", "audit")
    assert said.code == 1
    at_line = re.compile(rf"^{re.escape(MODELS)}:\d+:\d+: error\[OD608\] .*", re.MULTILINE)
    refusals = at_line.findall(said.all)
    for words in ("no workloads before the audit", "exceeded quota: none"):
        assert any(words in line for line in refusals), said.all


@pytest.mark.slow
@pytest.mark.parametrize("command", [("plan", "--live"), ("apply", "--yes"), ("destroy", "--yes"), ("drift",)])
def test_silence_is_never_taken_for_an_empty_cluster(
    cluster: ControlPlane, project: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsdecl.targets.cluster.client._FIRST_PAUSE_S", 0.001)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nobody = cluster.kubeconfig_with(cluster.admin, server=f"https://127.0.0.1:{held.getsockname()[1]}")
        said = opsdecl_here(project, *command, "--env", "staging", env={"KUBECONFIG": str(nobody)})
    assert said.code == 1
    assert "OD600" in said.all
    assert not any(word in said.out for word in ("create", "delete", "no drift"))


def test_a_namespace_that_is_ending_takes_nothing_new_and_is_named(cluster: ControlPlane, assist: str) -> None:
    cluster.create_namespace("ending")
    held = {"apiVersion": "v1", "kind": "ConfigMap"}
    cluster.create({**held, "metadata": {"name": "held", "namespace": "ending", "finalizers": ["acme.example/never"]}})
    cluster.delete_namespaces("ending", wait=False)
    try:
        there = manifest("LLM.new/main/config", "ConfigMap", "new", namespace="ending")
        done = apply(cluster_target(cluster), release(*chat().manifests, there))
    finally:
        free = json.dumps({"metadata": {"finalizers": None}})
        cluster.kubectl("patch", "configmap", "held", "-n", "ending", "--type=merge", "-p", free)
    assert [d.code.id for d in done.diagnostics] == ["OD608"]
    assert "being terminated" in done.diagnostics[0].message
    assert done.value.counts == {"create": 3}


@pytest.mark.slow
def test_a_kind_that_is_deleted_under_us_is_named_and_comes_back(cluster: ControlPlane, assist: str) -> None:
    cluster.create(_WIDGETS)
    cluster.kubectl("wait", "--for=condition=Established", "crd/widgets.acme.example", "--timeout=30s")
    given = manifest("LLM.chat/main/widget", "Widget", "chat", api_version="acme.example/v1")
    wanted = release(*chat().manifests, given)
    assert apply(cluster_target(cluster), wanted).diagnostics == ()
    cluster.kubectl("delete", "crd", "widgets.acme.example", "--timeout=60s")
    found = cluster_target(cluster, wanted).read()
    assert [d.code.id for d in found.diagnostics] == ["OD616"]
    assert found.value is not None
    assert [(c.address, c.action) for c in plan_of(found.value, wanted).changes] == [("LLM.chat/main/widget", "create")]
    assert apply(cluster_target(cluster), chat()).diagnostics == ()
    after = cluster_target(cluster).read().value
    assert after is not None
    assert ObjectKey("acme.example/v1", "Widget", NAMESPACE, "chat") not in {o.key for o in after.objects}


@pytest.mark.slow
def test_what_no_schema_describes_is_compared_as_it_is(cluster: ControlPlane, assist: str) -> None:
    cluster.create(_WIDGETS)
    cluster.kubectl("wait", "--for=condition=Established", "crd/widgets.acme.example", "--timeout=30s")
    given = manifest("LLM.chat/main/widget", "Widget", "chat", api_version="acme.example/v1")
    # A quantity, a list with names and one without, a number as text: nothing says how any of it may be spelled.
    spec = {"cpu": "1000m", "parts": [{"name": "b", "size": 2}, {"name": "a"}], "order": ["b", "a"], "port": "80"}
    wanted = release(Manifest(given.address, given.key, given.token, {**given.data, "spec": spec}, {}))
    try:
        assert apply(cluster_target(cluster, wanted), wanted).value.counts == {"create": 1}
        state = cluster_target(cluster, wanted).read()
        assert state.value is not None
        assert (state.diagnostics, plan_of(state.value, wanted).changes) == ((), ())
        merge = ("patch", "widget", "chat", "-n", NAMESPACE, "--type=merge", "-p")
        cluster.kubectl(*merge, '{"spec": {"parts": [{"name": "b", "size": 3}, {"name": "a"}], "theirs": 1}}')
        state = cluster_target(cluster, wanted).read()
        assert state.value is not None
        (change,) = plan_of(state.value, wanted).changes
        assert (change.action, change.cause) == ("update", "drift")
        assert [field.path for field in change.fields] == ["spec.parts[b].size"]
        assert any("spec.theirs by kubectl-patch" in line for line in state.value.unowned)
        assert apply(cluster_target(cluster, wanted), wanted).value.counts == {"update": 1}
        assert cluster.get("widget", "chat", NAMESPACE)["spec"] == {**spec, "theirs": 1}
    finally:
        cluster.kubectl("delete", "crd", "widgets.acme.example", "--timeout=60s")


_WIDGETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.acme.example"},
    "spec": {
        "group": "acme.example",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


class TestLargeObjects:
    """A ConfigMap holds 1 MiB."""

    def test_just_below_the_limit_it_is_applied_and_read_back(self, cluster: ControlPlane, assist: str) -> None:
        large = release(manifest("LLM.chat/main/large", "ConfigMap", "large", "x" * 1_000_000))
        done = apply(cluster_target(cluster), large)
        assert done.diagnostics == ()
        state = cluster_target(cluster, large).read().value
        assert state is not None
        assert plan_of(state, large).changes == ()

    def test_above_the_limit_the_plan_refuses_it(self, cluster: ControlPlane, assist: str) -> None:
        large = release(manifest("LLM.chat/main/large", "ConfigMap", "large", "x" * 1_200_000))
        found = cluster_target(cluster, large).read()
        assert [d.code.id for d in found.diagnostics] == ["OD608"]
        assert found.diagnostics[0].subject == "LLM.chat"
