"""How the client asks a real API server: in pages, a few requests at once, and not before it is told to ask again."""

import time
from pathlib import Path
from typing import Any

import pytest

from opsdecl.targets.cluster.client import IN_FLIGHT
from opsdecl.targets.cluster.connection import Connections
from tests.contracts.builders import apply, chat, manifest, plan_of, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.fault_proxy import Fault, Request, in_front_of

__all__ = ["assist"]
ALL = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]


def test_long_lists_come_in_pages_and_few_requests_are_under_way_at_once(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsdecl.targets.cluster.client.PAGE", 7)
    under_way, most = 0, 0
    sent = Connections.send

    async def counting(self: Connections, request: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await sent(self, request)
        finally:
            under_way -= 1

    monkeypatch.setattr(Connections, "send", counting)
    many = release(*(manifest(f"LLM.m{n}/main/config", "ConfigMap", f"m{n:02}") for n in range(40)))
    assert apply(cluster_target(cluster), many).diagnostics == ()
    # The renewal of the lock passes the others.
    assert 1 < most <= IN_FLIGHT + 1
    asked: list[str] = []
    with in_front_of(cluster, lambda request: asked.append(request.target)) as (_, kubeconfig):
        state = cluster_target(cluster, many, kubeconfig=str(kubeconfig)).read().value
    assert state is not None
    assert plan_of(state, many).changes == ()
    pages = [target for target in asked if f"namespaces/{NAMESPACE}/configmaps?" in target and "part-of" in target]
    assert len(pages) == 6, asked
    assert all("limit=7" in target for target in pages)
    # One list, and not a look at each object.
    assert len(asked) < 20


def test_nothing_is_asked_again_before_the_server_wants_it(
    cluster: ControlPlane, assist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than we would have waited by ourselves, however often it failed.
    monkeypatch.setattr("opsdecl.targets.cluster.client._LONGEST_PAUSE_S", 0.1)
    at: list[float] = []

    def once(request: Request) -> Fault | None:
        at.append(time.monotonic())
        return Fault.TOO_MANY_RETRY_AFTER if len(at) == 1 else None

    with in_front_of(cluster, once) as (proxy, kubeconfig):
        assert cluster_target(cluster, kubeconfig=str(kubeconfig)).partitions().value == ()
    assert len(at) == 2
    assert at[1] - at[0] >= proxy.retry_after_s


def test_in_a_pod_the_service_account_is_taken(
    cluster: ControlPlane, assist: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = {"token": cluster.identity_token(ALL), "namespace": NAMESPACE}
    account["ca.crt"] = (cluster.certificates / "ca.crt").read_text()
    for name, text in account.items():
        (tmp_path / name).write_text(text)
    from lightkube.config.kubeconfig import KubeConfig

    there = KubeConfig.from_service_account
    monkeypatch.setattr(KubeConfig, "from_service_account", lambda: there(tmp_path))
    host, _, port = cluster.server.removeprefix("https://").partition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    target = cluster_target(cluster, context=None, in_cluster=True)
    assert apply(target, chat()).diagnostics == ()
    state = target.read().value
    assert state is not None
    assert plan_of(state, chat()).changes == ()
