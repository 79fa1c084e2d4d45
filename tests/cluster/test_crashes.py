"""Applies that are killed, frozen or run at once, on a real control plane: real processes, real signals."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from opsdecl.render.types import ManifestSet
from opsdecl.targets.cluster.client import Client
from tests.contracts.builders import actions, apply, chat, manifest, plan_of, record, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target

__all__ = ["assist"]
_FORK = multiprocessing.get_context("fork")
ROUNDS = 15
LEASE_S = 3


def _at_request(number: int, when: str, what: Callable[[], None]) -> None:
    """In this process: does it at the n-th request that writes, before it is sent or after it was answered."""
    sent = Client._once
    count = 0

    async def counting(self: Client, method: str, *rest: Any) -> Any:
        nonlocal count
        count += method != "GET"
        here = method != "GET" and count == number
        if here and when == "before":
            what()
        answer = await sent(self, method, *rest)
        if here and when == "after":
            what()
        return answer

    Client._once = counting  # type: ignore[method-assign, assignment]


def _send(name: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), name)


def _apply_and_exit(cluster: ControlPlane, desired: ManifestSet, number: int, when: str) -> None:
    _at_request(number, when, _send(signal.SIGKILL))
    done = apply(cluster_target(cluster), desired)
    os._exit(0 if done.value is not None and not done.diagnostics else 1)


def _set(value: int) -> ManifestSet:
    """Each has an object that the one before did not have, so that something is created and something deleted."""
    extra = manifest(f"LLM.chat/main/r{value}", "ConfigMap", f"chat-{value}", value)
    return release(*chat(value).manifests[1:], extra, *chat(value).manifests[:1])


def _everything_of_ours(cluster: ControlPlane) -> set[str]:
    label = "-l=applyset.kubernetes.io/part-of"
    kinds = "deployments,services,persistentvolumeclaims,configmaps"
    return set(cluster.kubectl("get", kinds, "-n", NAMESPACE, label, "-o", "name").split())


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_any_request_apply_again_converges(cluster: ControlPlane, assist: str, when: str) -> None:
    target = cluster_target(cluster)
    apply(target, _set(1))
    value, killed = 2, 0
    while True:
        process = _FORK.Process(target=_apply_and_exit, args=(cluster, _set(value), value - 1, when))
        process.start()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL)
        cluster.kubectl("delete", "lease", "--all", "-n", NAMESPACE)
        state = target.read()
        assert state.value is not None, state.diagnostics
        assert {c.cause for c in plan_of(state.value, _set(value)).changes} <= {"spec"}
        again = apply(target, _set(value))
        assert again.value is not None, again.diagnostics
        assert again.diagnostics == ()
        after = target.read().value
        assert after is not None
        assert actions(plan_of(after, _set(value))) == {}
        assert {o.key for o in after.objects} == {m.key for m in _set(value).manifests}
        assert len(_everything_of_ours(cluster)) == len(_set(value).manifests)
        if process.exitcode == 0:
            break
        value, killed = value + 1, killed + 1
    assert killed > 10
    assert after.unowned == ()


def _write_rounds(cluster: ControlPlane, user: str, value: int, barrier: Any, answers: Any) -> None:
    target = cluster_target(cluster)
    for number in range(ROUNDS):
        barrier.wait(60)
        state = target.read().value
        assert state is not None
        desired = chat(100 * number + value)
        plan = plan_of(state, desired)
        barrier.wait(60)
        done = target.write(desired, plan, record(summary=user), expected=state.identity, emit=lambda event: None)
        answers.put((number, user, [d.code.id for d in done.diagnostics]))
        barrier.wait(60)


@pytest.mark.slow
def test_of_two_applies_at_once_exactly_one_wins(cluster: ControlPlane, assist: str) -> None:
    users = ("ana", "ben")
    barrier, answers = _FORK.Barrier(len(users)), _FORK.Queue()
    writers = [
        _FORK.Process(target=_write_rounds, args=(cluster, user, number + 1, barrier, answers))
        for number, user in enumerate(users)
    ]
    for writer in writers:
        writer.start()
    found = [answers.get(timeout=60) for _ in range(ROUNDS * len(users))]
    for writer in writers:
        writer.join(60)
    for number in range(ROUNDS):
        verdicts = sorted(codes for of, _, codes in found if of == number)
        assert verdicts in ([[], ["OD510"]], [[], ["OD610"]]), f"round {number}: {found}"
    history = cluster_target(cluster).history(2 * ROUNDS).value or ()
    winners = [user for _, user, codes in sorted(found) if not codes]
    assert [revision.summary for revision in reversed(history)] == winners


def _freeze_and_tell(cluster: ControlPlane, desired: ManifestSet, number: int, answers: Any) -> None:
    _at_request(number, "before", _send(signal.SIGSTOP))
    done = apply(cluster_target(cluster, lease_s=LEASE_S), desired)
    answers.put([d.code.id for d in done.diagnostics])


@pytest.mark.slow
def test_a_holder_that_was_frozen_past_its_time_writes_nothing_more(cluster: ControlPlane, assist: str) -> None:
    target = cluster_target(cluster)
    apply(target, chat(1))
    answers = _FORK.Queue()
    # The fourth write is the first of an object: the Lease, a chunk and the parent come before it.
    process = _FORK.Process(target=_freeze_and_tell, args=(cluster, chat(2), 4, answers))
    process.start()
    assert process.pid is not None
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    state = target.read().value
    assert state is not None
    held = target.write(chat(3), plan_of(state, chat(3)), record(), expected=state.identity, emit=lambda event: None)
    assert [d.code.id for d in held.diagnostics] == ["OD610"]
    assert "process" in held.diagnostics[0].message
    time.sleep(LEASE_S + 1.5)
    state = target.read().value
    assert state is not None
    won = target.write(chat(3), plan_of(state, chat(3)), record(), expected=state.identity, emit=lambda event: None)
    assert won.value is not None, won.diagnostics
    os.kill(process.pid, signal.SIGCONT)
    assert answers.get(timeout=30) in (["OD611"], ["OD510"])
    process.join(30)
    after = target.read().value
    assert after is not None
    assert actions(plan_of(after, chat(3))) == {}


@pytest.mark.slow
def test_an_apply_that_takes_longer_than_the_lock_lasts_keeps_it(cluster: ControlPlane, assist: str) -> None:
    many = release(*(manifest(f"LLM.m{n}/main/c", "ConfigMap", f"m{n}", n) for n in range(700)))
    started = time.monotonic()
    done = apply(cluster_target(cluster, lease_s=2), many)
    assert done.diagnostics == ()
    assert done.value.counts == {"create": 700}
    assert time.monotonic() - started > 2
    again = cluster_target(cluster, many).read()
    assert again.value is not None
    assert plan_of(again.value, many).changes == ()
    # One request; kubectl would delete them one after the other.
    cluster.kubectl("delete", "--raw", f"/api/v1/namespaces/{NAMESPACE}/configmaps")
