"""Applies that are killed at each of their requests, or take long, on a real control plane: real signals."""

import os
import signal
import time

import pytest

from opsdecl.render.types import ManifestSet
from tests.contracts.builders import actions, apply, chat, manifest, plan_of, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.crashes import FORK, kill_at_request, unlock

__all__ = ["assist"]


def _apply_and_exit(cluster: ControlPlane, desired: ManifestSet, number: int, when: str) -> None:
    kill_at_request(number, when)
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
        process = FORK.Process(target=_apply_and_exit, args=(cluster, _set(value), value - 1, when))
        process.start()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL)
        unlock(cluster)
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


@pytest.mark.slow
def test_an_apply_that_takes_longer_than_the_lock_lasts_keeps_it(cluster: ControlPlane, assist: str) -> None:
    many = release(*(manifest(f"LLM.m{n}/main/c", "ConfigMap", f"m{n}", n) for n in range(1500)))
    started = time.monotonic()
    done = apply(cluster_target(cluster, lease_s=1), many)
    assert done.diagnostics == ()
    assert done.value.counts == {"create": 1500}
    assert time.monotonic() - started > 1
    again = cluster_target(cluster, many).read()
    assert again.value is not None
    assert plan_of(again.value, many).changes == ()
