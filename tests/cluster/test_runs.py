"""Runs on a real control plane: its Job controller completes them, its TTL controller takes them away."""

import dataclasses
from typing import Any

import pytest

from opsdecl.render.types import ManifestSet
from tests.cluster.test_waiting import SAFE
from tests.contracts.builders import actions, apply, manifest, plan_of, record, release
from tests.contracts.places import Place
from tests.contracts.test_runs import (
    target,
    test_a_run_that_says_so_is_cancelled,
    test_a_run_that_was_started_is_never_changed,
    test_another_key_is_another_run_and_the_first_one_finishes,
    test_going_back_to_what_was_run_before_repeats_nothing,
    test_the_ledger_names_what_was_started_and_when,
    test_what_nobody_declares_any_more_ends_and_may_be_run_again,
)
from tests.support.cluster import ControlPlane, wait_until
from tests.support.cluster_places import NAMESPACE, assist, cluster_place, cluster_target

__all__ = [
    "assist",
    "target",
    "test_a_run_that_says_so_is_cancelled",
    "test_a_run_that_was_started_is_never_changed",
    "test_another_key_is_another_run_and_the_first_one_finishes",
    "test_going_back_to_what_was_run_before_repeats_nothing",
    "test_the_ledger_names_what_was_started_and_when",
    "test_what_nobody_declares_any_more_ends_and_may_be_run_again",
]


@pytest.fixture
def place(cluster: ControlPlane, assist: str) -> Place:
    return cluster_place(cluster)


def short_run(key: str, **more: Any) -> ManifestSet:
    """A run that simulated nodes complete, and that Kubernetes removes `ttl` seconds after."""
    made = manifest(f"Training.tune/main/run-{key}", "Job", f"tune-{key}")
    container = {"name": "run", "image": "registry.example.com/train:1", "securityContext": SAFE}
    pod = {"containers": [container], "restartPolicy": "Never"}
    spec = {"backoffLimit": 0, "template": {"spec": pod}, **more}
    return release(dataclasses.replace(made, data={**made.data, "spec": spec}))


def jobs(cluster: ControlPlane) -> str:
    return cluster.kubectl("get", "jobs", "-n", NAMESPACE, "-o", "name")


def state(cluster: ControlPlane, wanted: ManifestSet) -> Any:
    """As a plan with dry runs reads it."""
    found = cluster_target(cluster, wanted).read()
    assert found.value is not None
    assert not found.diagnostics
    return found.value


def test_a_finished_run_is_not_repeated_even_after_its_time_to_live(cluster: ControlPlane, assist: str) -> None:
    wanted = short_run("aa11", ttlSecondsAfterFinished=2)
    apply(cluster_target(cluster), wanted)
    # Nobody looks in between: what was started is known, how it ended is not.
    wait_until(lambda: not jobs(cluster), "the TTL controller does not remove the Job")
    assert actions(plan_of(state(cluster, wanted), wanted)) == {}
    before = cluster_target(cluster).read().value
    again = apply(cluster_target(cluster), wanted)
    assert (again.value.counts, again.value.revision) == ({}, before.revision if before else "")
    assert not jobs(cluster)
    shown = cluster_target(cluster).status().value
    assert shown is not None
    assert [(o.readiness.state, o.readiness.message.partition(",")[2]) for o in shown.objects] == [
        ("Current", " gone before anybody saw how it ended")
    ]


def test_how_a_run_ended_is_written_down_by_whoever_applies_next(cluster: ControlPlane, assist: str) -> None:
    wanted = short_run("cc33")
    apply(cluster_target(cluster), wanted)
    wait_until(lambda: "Complete" in cluster.kubectl("get", "jobs", "-n", NAMESPACE), "the Job is not completed")
    apply(cluster_target(cluster), wanted)
    cluster.kubectl("delete", "jobs", "--all", "-n", NAMESPACE)
    (row,) = state(cluster, wanted).runs
    assert row.outcome == "succeeded"
    assert row.ended
    assert actions(plan_of(state(cluster, wanted), wanted)) == {}
    shown = cluster_target(cluster).status().value
    assert shown is not None
    assert shown.objects[0].readiness.message.startswith("succeeded 2")


def test_a_run_that_ends_between_plan_and_apply_does_not_make_the_plan_stale(
    cluster: ControlPlane, assist: str
) -> None:
    first = short_run("dd44", ttlSecondsAfterFinished=0)
    apply(cluster_target(cluster), first)
    known = cluster_target(cluster).read().value
    assert known is not None
    wait_until(lambda: not jobs(cluster), "the TTL controller does not remove the Job")
    second = short_run("ee55")
    done = cluster_target(cluster).write(
        second, plan_of(known, second), record(), expected=known.identity, emit=lambda event: None
    )
    assert done.value is not None, done.diagnostics
    assert done.value.counts == {"create": 1, "forget": 1}
