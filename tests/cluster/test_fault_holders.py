"""Holders of the lock that run at once, freeze, or whose clocks differ: at most one of them changes anything."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from opsdecl.apply.types import Event, Queued
from opsdecl.cli.verdict import exit_for
from opsdecl.render.types import ManifestSet
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.lease import elapsed_s
from tests.contracts.builders import chat, plan_of, record
from tests.support.cluster import ControlPlane, wait_until
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.crashes import FORK, KINDS, apply_in_steps, fleet, live, start_to_freeze
from tests.support.fault_table import Tell, rounds

__all__ = ["assist"]
ROUNDS = 50
LEASE_S, LIVELY_LEASE_S = 2, 12
AHEAD_S = 600
MOST_LATE_LOOKS = 2
"""The one that finds the time over; one more where this process stood still between the start of its watch and ours.
There are thirty in each LEASE_S."""
SEED = 20261128
FROZEN_OBJECTS = 120


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


def _thaw(cluster: ControlPlane, process: Any, answers: Any, number: int) -> Counter[str]:
    """What a frozen holder does after another one has followed it, counted."""
    won = apply_in_steps(cluster_target(cluster), fleet(number + 1, FROZEN_OBJECTS))
    assert won.diagnostics == ()
    before = live(cluster, "resourceVersion")
    os.kill(process.pid, signal.SIGCONT)
    said = answers.get(timeout=60)
    process.join(60)
    after = live(cluster, "resourceVersion")
    landed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    counted = Counter({"landed": len(landed), "stopped": said in (["OD611"], ["OD510"])})
    return _told(cluster, number, landed, landed - before.keys()) + counted


def _told(cluster: ControlPlane, number: int, landed: set[str], made: set[str]) -> Counter[str]:
    """How many of the late writes the next plan of the winner shows: as not its own, or as drift. Of those that made an
    object, it says who made it."""
    wanted = fleet(number + 1, FROZEN_OBJECTS)
    read = cluster_target(cluster, wanted).read()
    state = read.value
    assert state is not None
    late = {d.message.partition(" was made ")[0] for d in read.diagnostics if d.code.id == "OD625"}
    stamped = {line.partition(" ")[0] + "/" + line.rpartition("/")[2] for line in late}
    shown = {f"{change.object.kind}/{change.object.name}" for change in plan_of(state, wanted).changes}
    shown |= {line.partition(" ")[0] + "/" + line.rpartition("/")[2] for line in state.unowned}
    return Counter(told_by_the_next_plan=len(landed & shown), made=len(made), known_by_their_stamp=len(made & stamped))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("instant", ["right after a look at the lock", "at a random instant"])
def test_of_a_holder_that_was_frozen_past_its_time_one_write_lands_at_most(
    cluster: ControlPlane, assist: str, tell: Tell, instant: str
) -> None:
    drawn, at_look_number = random.Random(SEED), instant.startswith("right")
    total: Counter[str] = Counter()
    most = 0
    for number in range(1, 2 * rounds(5, 40), 2):
        target = cluster_target(cluster, lease_s=LEASE_S)
        look = number % 17 + 2 if at_look_number else 0
        process, answers = start_to_freeze(target, fleet(number, FROZEN_OBJECTS), look)
        if not at_look_number:
            # Frozen before it has read anything, it would not be late but an apply like any other.
            wait_until(partial(_holds_or_ended, cluster, process.pid), "nobody holds the lock")
            time.sleep(drawn.uniform(0, 0.3))
            os.kill(process.pid, signal.SIGSTOP)
        stopped = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert stopped is not None
        if stopped.si_code != os.CLD_STOPPED:
            total["ended_before"] += 1
            process.join(60)
            continue
        # What it had sent by then is acted on all the same, and a plan that was made before is stale.
        wait_until(partial(_is_quiet, cluster), "something of the frozen apply still lands")
        found = _thaw(cluster, process, answers, number)
        most = max(most, found["landed"])
        total += Counter(rounds=1) + found
    tell(f"holder frozen {instant}, followed, thawed", **total, most_at_once=most)
    assert most <= 1
    assert total["told_by_the_next_plan"] == total["landed"]
    assert total["known_by_their_stamp"] == total["made"]
    assert total["stopped"] == total["rounds"] if at_look_number else total["stopped"] > 0


def _holds_or_ended(cluster: ControlPlane, process: int) -> bool:
    ended = os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return ended is not None or _is_held(cluster)


def _is_quiet(cluster: ControlPlane) -> bool:
    before = _versions(cluster)
    time.sleep(0.3)
    return before == _versions(cluster)


def _versions(cluster: ControlPlane) -> str:
    return cluster.kubectl("get", KINDS, "-n", NAMESPACE, "-o", "jsonpath={..resourceVersion}")


def _is_held(cluster: ControlPlane) -> bool:
    return "process" in cluster.kubectl("get", "leases", "-n", NAMESPACE, "-o", "jsonpath={..holderIdentity}")


def _apply_with_clock(cluster: ControlPlane, desired: ManifestSet, ahead_s: int, lease_s: int, answers: Any) -> None:
    """As somebody whose idea of the time is off."""
    right = Client.now
    Client.now = lambda self: right(self) + timedelta(seconds=ahead_s)  # type: ignore[method-assign]
    done = apply_in_steps(cluster_target(cluster, lease_s=lease_s), desired)
    answers.put([d.code.id for d in done.diagnostics])


@dataclass(slots=True)
class Watch:
    """How an apply of this process waits for the holder of the lock: seconds since it began to watch."""

    began: float = 0.0
    looks_s: list[float] = field(default_factory=list)
    taken_s: float = 0.0

    def hear(self, event: Event) -> None:
        if isinstance(event, Queued):
            self.began = elapsed_s()

    def note(self, method: str) -> None:
        if self.began and not self.taken_s and method == "GET":
            self.looks_s.append(elapsed_s() - self.began)
        elif self.began and not self.taken_s:
            self.taken_s = elapsed_s() - self.began


@contextmanager
def watching() -> Iterator[Watch]:
    """The requests about Leases, as they are sent."""
    watch, once = Watch(), Client._once

    async def noting(self: Client, method: str, path: str, *rest: Any) -> Any:
        if "/leases/" in path:
            watch.note(method)
        return await once(self, method, path, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "_once", noting)
        yield watch


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("ahead_s", [-AHEAD_S, AHEAD_S])
def test_clocks_of_holders_do_not_matter(cluster: ControlPlane, assist: str, tell: Tell, ahead_s: int) -> None:
    total: Counter[str] = Counter()
    for number in range(2 * rounds(2, 10)):
        dies, answers = number % 2 == 1, FORK.Queue()
        # Who is alive must not lose its hold because the machine is busy; whoever dies is soon followed.
        lease_s = LEASE_S if dies else LIVELY_LEASE_S
        arguments = (cluster, fleet(2 * number + 1), ahead_s, lease_s, answers)
        process = FORK.Process(target=_apply_with_clock, args=arguments)
        process.start()
        wait_until(lambda: _is_held(cluster), "nobody holds the lock")
        if dies:
            process.kill()
        with watching() as watch:
            desired = fleet(2 * number + 2, FROZEN_OBJECTS)
            done = apply_in_steps(cluster_target(cluster), desired, emit=watch.hear)
        total["holders"] += 1
        if dies:
            # However slow the machine: never before its time is over, and then without looking on.
            assert watch.taken_s > LEASE_S, watch
            assert sum(look > LEASE_S for look in watch.looks_s) <= MOST_LATE_LOOKS, watch
            total["followed_when_dead"] += done.diagnostics == ()
        else:
            assert answers.get(timeout=60) == []
            assert [d.code.id for d in done.diagnostics] in (["OD610"], ["OD510"]), done.diagnostics
            total["left_alone_while_alive"] += 1
        process.join(60)
    tell(f"holder's clock {abs(ahead_s) // 60} min {'ahead' if ahead_s > 0 else 'behind'}", **total)
    assert total["followed_when_dead"] == total["left_alone_while_alive"] == total["holders"] / 2
