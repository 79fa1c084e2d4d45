"""What goes wrong between us and a real API server: always a finding, never "there is nothing"."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from opsdecl.diag import Checked
from tests.contracts.builders import apply, chat, nothing, plan_of, record
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.fault_proxy import Drawn, Fault, in_front_of

__all__ = ["assist"]


def codes(found: Checked[Any]) -> list[str]:
    return [d.code.id for d in found.diagnostics]


def every_answer(cluster: ControlPlane, kubeconfig: Path) -> dict[str, list[str]]:
    """What reading, looking back and writing say; none may answer with a value."""
    target = cluster_target(cluster, kubeconfig=str(kubeconfig))
    plan = plan_of(cluster_target(cluster).read().value, nothing())  # type: ignore[arg-type]
    answers: dict[str, Checked[Any]] = {
        "read": target.read(),
        "history": target.history(5),
        "write": target.write(nothing(), plan, record(), expected="", emit=lambda event: None),
    }
    assert all(answer.value is None for answer in answers.values())
    return {name: codes(answer) for name, answer in answers.items()}


def test_an_unreachable_cluster_is_an_error_and_never_empty(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsdecl.targets.cluster.client._FIRST_PAUSE_S", 0.001)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nobody = cluster.kubeconfig_with(cluster.admin, server=f"https://127.0.0.1:{held.getsockname()[1]}")
        assert every_answer(cluster, nobody) == {key: ["OD600"] for key in ("read", "history", "write")}


def test_credentials_that_nobody_knows_are_named(cluster: ControlPlane, assist: str) -> None:
    stranger = cluster.kubeconfig_with({"token": "expired"})
    assert every_answer(cluster, stranger) == {key: ["OD604"] for key in ("read", "history", "write")}


def test_a_right_that_is_missing_is_named_with_verb_and_resource(cluster: ControlPlane, assist: str) -> None:
    apply(cluster_target(cluster), chat())
    rules = [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
    ]
    found = cluster_target(cluster, kubeconfig=str(cluster.identity(rules))).read()
    assert found.value is None
    assert codes(found) == ["OD605"]
    message = found.diagnostics[0].message
    assert "cannot list resource" in message
    assert "services" in message or "persistentvolumeclaims" in message


def test_a_certificate_of_another_authority_is_not_trusted(cluster: ControlPlane, assist: str) -> None:
    plain = Path(cluster.kubeconfig_with(cluster.admin))
    lines = [line for line in plain.read_text().splitlines() if "certificate-authority:" not in line]
    plain.write_text("\n".join(lines) + "\n")
    assert every_answer(cluster, plain) == {key: ["OD606"] for key in ("read", "history", "write")}


def test_a_service_account_that_may_only_read_plans_and_says_what_it_cannot_know(
    cluster: ControlPlane, assist: str
) -> None:
    apply(cluster_target(cluster), chat())
    reading = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]
    kubeconfig = str(cluster.identity(reading))
    found = cluster_target(cluster, chat(2), kubeconfig=kubeconfig, plans="read").read()
    assert found.value is not None
    assert codes(found) == ["OD617"]
    assert [c.address for c in plan_of(found.value, chat(2)).changes] == ["LLM.chat/main/deployment"]
    asking = cluster_target(cluster, chat(2), kubeconfig=kubeconfig).read()
    assert codes(asking) == ["OD605"]
    assert "patch" in asking.diagnostics[0].message


def test_the_namespace_of_the_records_must_exist(cluster: ControlPlane, assist: str) -> None:
    target = cluster_target(cluster, namespace="nowhere")
    state = target.read().value
    assert state is not None
    found = target.write(chat(), plan_of(state, chat()), record(), expected=state.identity, emit=lambda event: None)
    assert codes(found) == ["OD615"]
    assert "kubectl create namespace nowhere" in found.diagnostics[0].hint


def test_bookkeeping_that_a_quota_refuses_is_a_finding(cluster: ControlPlane, assist: str) -> None:
    cluster.kubectl("create", "quota", "none", "--hard=configmaps=0", "-n", NAMESPACE)
    found = apply(cluster_target(cluster), chat())
    assert codes(found) in (["OD605"], ["OD607"])
    assert "exceeded quota" in found.diagnostics[0].message or "quota" in found.diagnostics[0].message
    assert cluster.kubectl("get", "deployments,services", "-n", NAMESPACE, "-o", "name") == ""


@pytest.mark.parametrize("damage", ["missing", "changed", "other"])
def test_records_that_cannot_be_read_stop_everything(cluster: ControlPlane, assist: str, damage: str) -> None:
    target = cluster_target(cluster)
    apply(target, chat())
    label = "opsdecl.dev/record=chunk" if damage == "missing" else "opsdecl.dev/record=parent"
    names = cluster.kubectl("get", "cm", "-n", NAMESPACE, "-l", label, "-o", "name").split()
    if damage == "missing":
        cluster.kubectl("delete", *names, "-n", NAMESPACE)
    else:
        text = "{" if damage == "changed" else '{"formatVersion": 1, "release": "other"}'
        cluster.kubectl("patch", *names, "-n", NAMESPACE, "--type=json", "-p", _replace_release(text))
    found = target.read()
    assert found.value is None
    assert codes(found) == ["OD612"]


def test_records_of_a_newer_version_are_left_alone(cluster: ControlPlane, assist: str) -> None:
    target = cluster_target(cluster)
    apply(target, chat())
    names = cluster.kubectl("get", "cm", "-n", NAMESPACE, "-l", "opsdecl.dev/record=parent", "-o", "name").split()
    newer = '{"formatVersion": 2, "toolVersion": "9.1.0"}'
    cluster.kubectl("patch", *names, "-n", NAMESPACE, "--type=json", "-p", _replace_release(newer))
    found = target.read()
    assert codes(found) == ["OD613"]
    assert "9.1.0" in found.diagnostics[0].message


def _replace_release(text: str) -> str:
    return json.dumps([{"op": "replace", "path": "/data/release", "value": text}])


@pytest.mark.slow
def test_a_fifth_of_all_requests_may_fail(cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsdecl.targets.cluster.client._FIRST_PAUSE_S", 0.02)
    faults = (Fault.ERROR, Fault.TOO_MANY, Fault.TOO_MANY_RETRY_AFTER, Fault.RESET, Fault.AFTER_RESET, Fault.HALF)
    for seed in range(4):
        with in_front_of(cluster, Drawn(0.2, faults, seed)) as (_proxy, kubeconfig):
            target = cluster_target(cluster, kubeconfig=str(kubeconfig))
            done = apply(target, chat(seed + 1))
            assert done.value is not None, done.diagnostics
            assert done.diagnostics == ()
        state = cluster_target(cluster).read().value
        assert state is not None
        assert plan_of(state, chat(seed + 1)).changes == ()
