"""What every target promises of runs: started once, never changed, not repeated, and left to finish."""

import pytest

from opsdecl.addr import ON_CHANGE, ObjectKey, is_run
from opsdecl.apply.ports import Target
from opsdecl.diff.records import StartedRun
from opsdecl.diff.types import ReleasePlan
from tests.contracts.builders import NOW, actions, apply, nothing, plan_of, training
from tests.contracts.test_target import place, read, target

__all__ = ["place", "target"]

FIRST, SECOND = "Training.tune/main/run-aa11", "Training.tune/main/run-bb22"


def plan(target: Target, key: str, value: int = 1, **more: object) -> ReleasePlan:
    return plan_of(read(target), training(key, value, **more))  # type: ignore[arg-type]


def test_a_run_that_was_started_is_never_changed(target: Target) -> None:
    apply(target, training())
    assert actions(plan(target, "aa11", 4, labels={"team": "other"}, annotations={"note": "x"})) == {}
    apply(target, training("aa11", 4, owner="somebody-else"))
    held = {o.address: o for o in read(target).objects}
    assert (held[FIRST].applied or {})["spec"]["backoffLimit"] == 1
    assert actions(plan(target, "aa11", 4)) == {}


def test_another_key_is_another_run_and_the_first_one_finishes(target: Target) -> None:
    apply(target, training())
    assert actions(plan(target, "bb22")) == {FIRST: "forget", SECOND: "create"}
    done = apply(target, training("bb22"))
    assert done.value.counts == {"create": 1, "forget": 1}
    assert actions(plan(target, "bb22")) == {}


def test_a_run_that_says_so_is_cancelled(target: Target) -> None:
    apply(target, training("aa11", annotations={ON_CHANGE: "cancel"}))
    assert actions(plan(target, "bb22")) == {FIRST: "delete", SECOND: "create"}
    apply(target, training("bb22"))
    assert actions(plan(target, "bb22")) == {}


def test_going_back_to_what_was_run_before_repeats_nothing(target: Target) -> None:
    apply(target, training())
    apply(target, training("bb22"))
    assert actions(plan(target, "aa11")) == {SECOND: "forget"}
    apply(target, training("aa11"))
    assert actions(plan(target, "aa11")) == {}
    assert actions(plan(target, "bb22")) == {}


def test_the_ledger_names_what_was_started_and_when(target: Target) -> None:
    apply(target, training())
    first = StartedRun(FIRST, ObjectKey("batch/v1", "Job", "assist", "tune-aa11"), NOW)
    assert read(target).runs == (first,)
    apply(target, training("bb22"))
    assert [run.address for run in read(target).runs] == [FIRST, SECOND]


def test_what_nobody_declares_any_more_ends_and_may_be_run_again(target: Target) -> None:
    apply(target, training())
    gone = actions(plan_of(read(target), nothing()))
    assert gone == {FIRST: "delete", "Training.tune/main/output": "delete"}
    apply(target, nothing(), kind="destroy")
    assert read(target).runs == ()
    assert FIRST in actions(plan(target, "aa11"))


@pytest.mark.parametrize("address", ["Training.tune/main/run-aa11", "Dataset.a/main/run-clean-aa11"])
def test_a_run_is_known_by_its_role(address: str) -> None:
    assert is_run(address)
    assert not is_run("Training.run-1/main/output")
