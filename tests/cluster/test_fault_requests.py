"""A fifth of all requests fail, in every way that requests fail, and the API server itself goes away in the middle."""

import threading
import time
from collections import Counter
from typing import Any

import pytest

from opsdecl.diag import Checked
from tests.contracts.builders import plan_of
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import assist, cluster_target
from tests.support.crashes import apply_in_steps, fleet, live, names_of, unlock
from tests.support.fault_proxy import Drawn, Fault, in_front_of
from tests.support.fault_table import Tell, rounds

__all__ = ["assist"]
OBJECTS = 60
MOST_APPLIES = 12
HONEST = frozenset({"OD510", "OD600", "OD604", "OD607", "OD610", "OD611", "OD618"})
"""Stale, unreachable, not accepted, refused, held, lost, left out: never a success that is none."""


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are short, and lists have pages, so that pages can expire."""
    monkeypatch.setattr("opsdecl.targets.cluster.client._FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr("opsdecl.targets.cluster.client.PAGE", 10)
    monkeypatch.setattr("opsdecl.targets.cluster.connection.TIMEOUT_S", 0.5)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("impatient")
def test_a_fifth_of_all_requests_fail(cluster: ControlPlane, assist: str, tell: Tell) -> None:
    seeds = range(rounds(3, 20))
    faults: Counter[Fault] = Counter()
    total: Counter[str] = Counter()
    for seed in seeds:
        desired = fleet(seed + 1, OBJECTS)
        with in_front_of(cluster, Drawn(0.2, seed=seed), hold_s=1) as (proxy, kubeconfig):
            for _ in range(MOST_APPLIES):
                done = apply_in_steps(cluster_target(cluster, kubeconfig=str(kubeconfig), lease_s=2), desired)
                total["applies"] += 1
                if done.value is not None and not done.diagnostics:
                    break
                assert {d.code.id for d in done.diagnostics} <= HONEST, done.diagnostics
                total["stopped_with_a_finding"] += 1
                time.sleep(2)  # A holder whose release of the lock failed is followed after its time.
            faults += proxy.counts.faults
            total["requests"] += proxy.counts.requests
            # What of it was still under way would be one more disturbance of the next look.
            proxy.wait_until_quiet()
        # What is there in the end, told by an undisturbed look.
        unlock(cluster)
        again = apply_in_steps(cluster_target(cluster), desired)
        assert not again.diagnostics, "\n".join(f"{d.code.id} {d.message}" for d in again.diagnostics)
        state, there = cluster_target(cluster).read().value, live(cluster)
        assert state is not None
        total["converged"] += not plan_of(state, desired).changes
        total["orphans"] += len(there.keys() - names_of(desired)) + len(state.unowned)
        total["missing"] += len(names_of(desired) - there.keys())
    tell("a fifth of all requests fail", rounds=len(seeds), failed=sum(faults.values()), **total)
    for fault, count in faults.items():
        tell(f"a fifth of all requests fail: {fault.value}", injected=count)
    assert total["converged"] == len(seeds)
    assert total["orphans"] == total["missing"] == 0
    assert len(faults) >= 9


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_api_server_is_killed_and_started_again_in_the_middle(
    cluster: ControlPlane, assist: str, tell: Tell
) -> None:
    total: Counter[str] = Counter()
    for version in range(1, 1 + rounds(3, 20)):
        answers: list[Checked[Any]] = []

        def work(version: int = version, answers: list[Checked[Any]] = answers) -> None:
            answers.append(apply_in_steps(cluster_target(cluster, lease_s=60), fleet(version)))

        applying = threading.Thread(target=work)
        applying.start()
        time.sleep(0.2 + 0.3 * version)
        with cluster.without("kube-apiserver"):
            time.sleep(0.5)
        applying.join(120)
        done = answers[0]
        total["went_through" if done.value is not None and not done.diagnostics else "stopped_with_a_finding"] += 1
        assert {d.code.id for d in done.diagnostics} <= HONEST, done.diagnostics
        unlock(cluster)
        again = apply_in_steps(cluster_target(cluster), fleet(version))
        assert not again.diagnostics, "\n".join(f"{d.code.id} {d.message}" for d in again.diagnostics)
        state = cluster_target(cluster).read().value
        assert state is not None
        total["converged"] += not plan_of(state, fleet(version)).changes
        total["orphans"] += len(live(cluster).keys() - names_of(fleet(version))) + len(state.unowned)
    tell("API server killed and started again in the middle", restarts=rounds(3, 20), **total)
    assert total["converged"] == rounds(3, 20)
    assert total["orphans"] == 0
