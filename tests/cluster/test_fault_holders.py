"""Holders of the lock that run at once, freeze, or whose clocks differ: at most one of them changes anything."""

import os
import signal
import time
from collections import Counter
from typing import Any

import pytest

from opsdecl.cli.verdict import exit_for
from opsdecl.render.types import ManifestSet
from tests.contracts.builders import actions, apply, chat, plan_of, record
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import assist, cluster_target
from tests.support.crashes import FORK, at_request, send
from tests.support.fault_table import Tell

__all__ = ["assist"]
ROUNDS = 50
LEASE_S = 3


def _write_rounds(cluster: ControlPlane, user: str, value: int, barrier: Any, answers: Any) -> None:
    target = cluster_target(cluster)
    for number in range(ROUNDS):
        barrier.wait(60)
        state = target.read().value
        assert state is not None
        torn = sum(o.applied_digest != o.live_digest for o in state.objects)
        desired = chat(100 * number + value)
        plan = plan_of(state, desired)
        barrier.wait(60)
        done = target.write(desired, plan, record(summary=user), expected=state.identity, emit=lambda event: None)
        answers.put((number, user, exit_for(done.diagnostics).value, torn))
        barrier.wait(60)


@pytest.mark.slow
def test_of_two_applies_at_once_exactly_one_wins(cluster: ControlPlane, assist: str, tell: Tell) -> None:
    users = ("ana", "ben")
    barrier, answers = FORK.Barrier(len(users)), FORK.Queue()
    writers = [
        FORK.Process(target=_write_rounds, args=(cluster, user, number + 1, barrier, answers))
        for number, user in enumerate(users)
    ]
    for writer in writers:
        writer.start()
    found = sorted(answers.get(timeout=60) for _ in range(ROUNDS * len(users)))
    for writer in writers:
        writer.join(60)
    verdicts = Counter(tuple(sorted(code for of, _, code, _ in found if of == number)) for number in range(ROUNDS))
    torn = sum(row[3] for row in found)
    tell(
        "two applies at once",
        rounds=ROUNDS,
        other_left_with_4=verdicts[0, 4],
        other_left_with_5=verdicts[0, 5],
        objects_of_the_loser=torn,
    )
    assert verdicts[0, 4] + verdicts[0, 5] == ROUNDS, found
    assert torn == 0
    kept = cluster_target(cluster).history(ROUNDS).value or ()
    winners = [user for _, user, code, _ in found if code == 0]
    assert [revision.summary for revision in reversed(kept)] == winners[-len(kept) :]


def _freeze_and_tell(cluster: ControlPlane, desired: ManifestSet, number: int, answers: Any) -> None:
    at_request(number, "before", send(signal.SIGSTOP))
    done = apply(cluster_target(cluster, lease_s=LEASE_S), desired)
    answers.put([d.code.id for d in done.diagnostics])


@pytest.mark.slow
def test_a_holder_that_was_frozen_past_its_time_writes_nothing_more(cluster: ControlPlane, assist: str) -> None:
    target = cluster_target(cluster)
    apply(target, chat(1))
    answers = FORK.Queue()
    # The fourth write is the first of an object: the Lease, a chunk and the parent come before it.
    process = FORK.Process(target=_freeze_and_tell, args=(cluster, chat(2), 4, answers))
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
