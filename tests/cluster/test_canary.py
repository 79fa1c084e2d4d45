"""A canary on a real API server with the definitions of Argo Rollouts and the Gateway API, and no controller behind.

What the controller and its plugin write is done by hand, as tests/operators has it recorded.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import ControlPlane
from tests.support.git import commit, repository
from tests.support.operators import act_as
from tests.support.project import Ran, opsdecl_here
from tests.support.routed import MODELS, NAMESPACE, ROUTES, STEPPED, write_routed
from tests.support.small import TARGET

ROUTE = "httproutes.gateway.networking.k8s.io"
OPERATOR = "argo-rollouts-1.9.1"


@pytest.fixture
def installed(cluster: ControlPlane) -> Iterator[ControlPlane]:
    cluster.install_crds("argo-rollouts")
    cluster.install_definitions("gateway-api", "httproutes")
    cluster.delete_namespaces(NAMESPACE)
    cluster.create_namespace(NAMESPACE)
    yield cluster
    cluster.delete_namespaces(NAMESPACE)


@pytest.mark.slow
def test_what_the_controller_moves_is_not_ours(installed: ControlPlane, tmp_path: Path) -> None:
    cluster = installed
    target = f"main: {{type: cluster, context: {cluster.context}, waitAtMost: 60s}}"
    project = repository(write_routed(tmp_path / "project", **{TARGET: target, **STEPPED}))

    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(project, *arguments, "--env", "prod", env={"KUBECONFIG": str(cluster.kubeconfig)})

    def edit(file: str, old: str, new: str) -> None:
        text = (project / file).read_text()
        assert old in text
        (project / file).write_text(text.replace(old, new, 1))
        commit(project, "edited")

    def nothing_to_do() -> None:
        planned, drift = opsdecl("plan", "--live", "--exit-code"), opsdecl("drift", "--exit-code")
        assert (planned.code, drift.code) == (0, 0), planned.all + drift.all

    def weights() -> list[int]:
        rule = cluster.get(ROUTE, "chat", NAMESPACE)["spec"]["rules"][0]
        return [backend["weight"] for backend in rule["backendRefs"]]

    def steps() -> list[dict[str, Any]]:
        found = cluster.get("rollouts.argoproj.io", "chat", NAMESPACE)["spec"]["strategy"]["canary"]["steps"]
        return list(found)

    def version_behind(service: str) -> str:
        return str(cluster.get("service", service, NAMESPACE)["spec"]["selector"]["rollouts-pod-template-hash"])

    first = opsdecl("apply", "--yes", "--no-wait")
    assert first.code == 0, first.all
    assert cluster.attempt("get", "deployment", "chat", "-n", NAMESPACE).returncode != 0
    nothing_to_do()
    asked = [step["analysis"] for step in steps() if "analysis" in step]
    names = [template["templateName"] for one in asked for template in one["templates"]]
    assert names == ["chat-canary-50", "chat-canary-75"]
    for name in names:
        (metric,) = cluster.get("analysistemplates.argoproj.io", name, NAMESPACE)["spec"]["metrics"]
        assert metric["count"] in (5, 6)
    act_as(cluster, OPERATOR, NAMESPACE)
    nothing_to_do()

    edit(MODELS, "maxModelLen: 8192", "maxModelLen: 4096")
    planned = opsdecl("plan", "--live")
    assert "update Rollout chat" in planned.all, planned.all
    assert opsdecl("apply", "--yes", "--no-wait").code == 0
    act_as(cluster, f"{OPERATOR}-canary", NAMESPACE)
    nothing_to_do()
    act_as(cluster, f"{OPERATOR}-analysis", NAMESPACE)
    nothing_to_do()
    assert "the canary keeps its share while it is judged at step 2" in opsdecl("status", "--format", "json").out

    # Whatever else changes meanwhile, shares and versions stay as the controller left them.
    edit(ROUTES, "path: /v1}", "path: /v2}")
    edit(MODELS, "metadata: {name: chat, owner: team-assist}", "metadata: {name: chat, owner: team-chat}")
    changed = opsdecl("apply", "--yes", "--no-wait")
    assert changed.code == 0, changed.all
    live = cluster.get(ROUTE, "chat", NAMESPACE)["spec"]["rules"][0]
    assert live["matches"][0]["path"]["value"] == "/v2"
    assert weights() == [90, 10]
    assert (version_behind("chat"), version_behind("chat-canary")) == ("7d6f8c9b5", "5b9c4d7f8")
    nothing_to_do()

    # What a person changes of the rest of the rule is drift, and put right without touching the shares.
    path = json.dumps([{"op": "replace", "path": "/spec/rules/0/matches/0/path/value", "value": "/v3"}])
    cluster.kubectl("patch", ROUTE, "chat", "-n", NAMESPACE, "--type=json", "-p", path)
    drift = opsdecl("drift", "--exit-code")
    assert drift.code == 2, drift.all
    assert "path.value" in drift.all, drift.all
    assert "weight" not in drift.all
    assert opsdecl("apply", "--yes", "--no-wait", "--revert-drift").code == 0
    assert weights() == [90, 10]
    nothing_to_do()
    assert opsdecl("destroy", "--yes", "--including-protected").code == 0
