"""kill -9 during an apply of 300 objects: the next apply converges, and nothing is forgotten or made twice."""

import os
import random
import signal
import time
from collections import Counter

import pytest

from opsdecl.render.types import ManifestSet
from tests.contracts.builders import plan_of
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import assist, cluster_target
from tests.support.crashes import (
    FORK,
    OBJECTS,
    apply_in_steps,
    fleet,
    kill_at_request,
    live,
    names_of,
    turns,
    unlock,
    writes_records,
)
from tests.support.fault_table import Tell, rounds

__all__ = ["assist"]
SEED = 20261123


def _apply_and_exit(cluster: ControlPlane, desired: ManifestSet, boundary: int) -> None:
    """Killed right before the n-th boundary; 0 for never."""
    kill_at_request(boundary, "before", turns if rounds(0, 1) == 0 else writes_records)
    done = apply_in_steps(cluster_target(cluster), desired)
    os._exit(0 if done.value is not None and not done.diagnostics else 1)


def _check_second_apply(cluster: ControlPlane, desired: ManifestSet) -> Counter[str]:
    """Applies again after a kill; what is there then, counted."""
    unlock(cluster)
    halfway = live(cluster)
    again = apply_in_steps(cluster_target(cluster), desired)
    assert again.value is not None, again.diagnostics
    assert again.diagnostics == ()
    after, state = live(cluster), cluster_target(cluster).read().value
    assert state is not None
    wanted = names_of(desired)
    replaced = [name for name in wanted & halfway.keys() if after.get(name) != halfway[name]]
    return Counter(
        converged=not plan_of(state, desired).changes and len(state.objects) == len(desired.manifests),
        missing=len(wanted - after.keys()),
        orphans=len(after.keys() - wanted) + len(state.unowned),
        made_twice=len(replaced),
        written_by_the_second=sum(again.value.counts.values()),
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_every_step_boundary(cluster: ControlPlane, assist: str, tell: Tell) -> None:
    assert apply_in_steps(cluster_target(cluster), fleet(1)).diagnostics == ()
    total: Counter[str] = Counter()
    killed, version = 0, 1
    while True:
        version += 1
        process = FORK.Process(target=_apply_and_exit, args=(cluster, fleet(version), killed + 1))
        process.start()
        process.join(120)
        assert process.exitcode in (0, -signal.SIGKILL)
        total += _check_second_apply(cluster, fleet(version))
        if process.exitcode == 0:
            break
        killed += 1
    tell(f"kill -9 at each step boundary of {OBJECTS} objects", kills=killed, **_counts(total))
    assert killed > 5
    assert total["converged"] == killed + 1
    assert not any(total[name] for name in ("missing", "orphans", "made_twice"))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_at_random_instants(cluster: ControlPlane, assist: str, tell: Tell) -> None:
    drawn, number = random.Random(SEED), rounds(12, 200)
    begun = time.monotonic()
    process = FORK.Process(target=_apply_and_exit, args=(cluster, fleet(1), 0))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    whole = time.monotonic() - begun
    total: Counter[str] = Counter()
    killed = 0
    for version in range(2, number + 2):
        process = FORK.Process(target=_apply_and_exit, args=(cluster, fleet(version), 0))
        process.start()
        process.join(drawn.uniform(0, whole))
        process.kill()
        process.join(120)
        assert process.exitcode in (0, -signal.SIGKILL)
        killed += process.exitcode != 0
        total += _check_second_apply(cluster, fleet(version))
    tell(f"kill -9 at random instants of {OBJECTS} objects", kills=killed, of_rounds=number, **_counts(total))
    assert killed > number / 2
    assert total["converged"] == number
    assert not any(total[name] for name in ("missing", "orphans", "made_twice"))


def _counts(total: Counter[str]) -> dict[str, int]:
    return {name: total[name] for name in ("converged", "missing", "orphans", "made_twice", "written_by_the_second")}
