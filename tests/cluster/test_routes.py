"""Routes on a real API server with the definitions of the Gateway API and its inference extension, CEL rules included.

No gateway runs here: what its controller writes is written by hand.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import ControlPlane
from tests.support.git import commit, repository
from tests.support.project import Ran, opsdecl_here
from tests.support.routed import BY_POOLS, CHECKED, NAMESPACE, ROUTES, write_routed
from tests.support.small import TARGET

HTTP_ROUTES = "httproutes.gateway.networking.k8s.io"
POLICIES = "envoyextensionpolicies.gateway.envoyproxy.io"
POOLS = "inferencepools.inference.networking.k8s.io"
ATTACHED: dict[str, Any] = {
    "parents": [
        {
            "parentRef": {"name": "public", "namespace": "gateways", "sectionName": "https"},
            "controllerName": "gateway.envoyproxy.io/gatewayclass-controller",
            "conditions": [
                {
                    "type": name,
                    "status": "True",
                    "reason": name,
                    "message": "",
                    "lastTransitionTime": "2026-11-29T12:00:00Z",
                }
                for name in ("Accepted", "ResolvedRefs")
            ],
        }
    ]
}
"""What the controller of a gateway reports of a Route that it took."""


def refused(reason: str, message: str) -> dict[str, Any]:
    """What the controller of a gateway reports of a policy that it did not take."""
    said = {**ATTACHED["parents"][0]["conditions"][0], "status": "False", "reason": reason, "message": message}
    target = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public", "namespace": "gateways"}
    controller = ATTACHED["parents"][0]["controllerName"]
    return {"ancestors": [{"ancestorRef": target, "controllerName": controller, "conditions": [said]}]}


@pytest.fixture
def installed(cluster: ControlPlane) -> Iterator[ControlPlane]:
    cluster.install_crds("gateway-api")
    cluster.install_crds("gateway-api-inference-extension")
    cluster.install_definitions("envoy-gateway", "envoyextensionpolicies")
    cluster.delete_namespaces(NAMESPACE)
    cluster.create_namespace(NAMESPACE)
    yield cluster
    cluster.delete_namespaces(NAMESPACE)


def project_at(folder: Path, cluster: ControlPlane, **changed: str) -> Path:
    target = f"main: {{type: cluster, context: {cluster.context}, waitAtMost: 60s}}"
    return repository(write_routed(folder, **{TARGET: target, **changed}))


def run(project: Path, cluster: ControlPlane, *arguments: str) -> Ran:
    return opsdecl_here(project, *arguments, "--env", "prod", env={"KUBECONFIG": str(cluster.kubeconfig)})


def report(cluster: ControlPlane, resource: str, name: str, status: Any) -> None:
    patch = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))
    cluster.kubectl("patch", resource, name, "-n", NAMESPACE, *patch)


def edit(project: Path, old: str, new: str) -> None:
    text = (project / ROUTES).read_text()
    assert old in text
    (project / ROUTES).write_text(text.replace(old, new))
    commit(project, "edited")


@pytest.mark.slow
def test_routes_to_services(installed: ControlPlane, tmp_path: Path) -> None:
    cluster, project = installed, project_at(tmp_path / "project", installed, **CHECKED)
    first = run(project, cluster, "apply", "--yes", "--no-wait")
    assert first.code == 0, first.all
    again = run(project, cluster, "plan", "--live", "--exit-code")
    assert again.code == 0, again.all
    report(cluster, HTTP_ROUTES, "chat", ATTACHED)
    report(cluster, POLICIES, "chat", refused("Conflicted", "another policy has this HTTPRoute"))
    status = run(project, cluster, "status")
    assert "Conflicted: another policy has this HTTPRoute" in status.all, status.all
    assert run(project, cluster, "plan", "--live", "--exit-code").code == 0

    weight = [{"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 50}]
    cluster.kubectl("patch", HTTP_ROUTES, "chat", "-n", NAMESPACE, "--type=json", "-p", json.dumps(weight))
    drift = run(project, cluster, "drift", "--exit-code")
    assert drift.code == 2, drift.all
    assert "backendRefs[chat].weight" in drift.all
    assert run(project, cluster, "apply", "--yes", "--no-wait", "--revert-drift").code == 0
    assert cluster.get(HTTP_ROUTES, "chat", NAMESPACE)["spec"]["rules"][0]["backendRefs"][0]["weight"] == 90

    edit(project, "weight: 90", "weight: 80")
    edit(project, "weight: 10", "weight: 20")
    moved = run(project, cluster, "apply", "--yes", "--no-wait")
    assert moved.code == 0, moved.all
    assert run(project, cluster, "plan", "--live", "--exit-code").code == 0
    assert run(project, cluster, "destroy", "--yes", "--including-protected").code == 0


@pytest.mark.slow
def test_routes_to_pools(installed: ControlPlane, tmp_path: Path) -> None:
    cluster, project = installed, project_at(tmp_path / "project", installed, **BY_POOLS)
    first = run(project, cluster, "apply", "--yes", "--no-wait")
    assert first.code == 0, first.all
    again = run(project, cluster, "plan", "--live", "--exit-code")
    assert again.code == 0, again.all
    pool = cluster.get(POOLS, "chat", NAMESPACE)["spec"]
    # The server fills in what no release says alike, and that is no drift.
    assert pool["endpointPickerRef"]["name"] == "chat-epp"
    report(cluster, HTTP_ROUTES, "legal", ATTACHED)
    assert run(project, cluster, "plan", "--live", "--exit-code").code == 0
    assert run(project, cluster, "destroy", "--yes", "--including-protected").code == 0
