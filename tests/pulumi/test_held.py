"""A stack that somebody else holds: what an apply says and leaves behind, and what comes of a lock that is taken away
from a holder that lives. On the real engine."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opsdecl.apply.types import Event, Started
from opsdecl.diff.records import TargetState
from opsdecl.render.types import ManifestSet
from opsdecl.targets.pulumi.target import PulumiTarget
from tests.contracts.builders import apply, chat, nothing, plan_of, record
from tests.pulumi.test_crashes import check_converged, files_moved, fleet
from tests.pulumi.test_failures import codes, lock
from tests.support.crashes import FORK, children
from tests.support.fault_table import Tell
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


def seen(folder: Path) -> TargetState:
    state = folder_target(folder).read().value
    assert state is not None
    return state


@pytest.mark.parametrize("before", [chat(), nothing()], ids=["an update", "the first apply"])
def test_who_was_refused_leaves_nothing_and_the_same_plan_is_good_afterwards(pulumi: Path, before: ManifestSet) -> None:
    target = folder_target(pulumi)
    apply(target, before)
    state = seen(pulumi)
    plan = plan_of(state, chat(2))
    held = lock(pulumi, "runner-7", 4711)

    def write() -> tuple[list[str], dict[str, int]]:
        done = target.write(chat(2), plan, record(), expected=state.identity, emit=lambda event: None)
        return codes(done), dict(done.value.counts) if done.value is not None else {}

    assert write() == (["OD674"], {})
    assert seen(pulumi) == state
    held.unlink()
    assert write() == ([], {change.action: len(plan.changes) for change in plan.changes})
    check_same(pulumi, chat(2))


def check_same(folder: Path, desired: ManifestSet) -> None:
    once_more = apply(folder_target(folder), desired)
    assert (once_more.value.counts, once_more.diagnostics) == ({}, ())


def test_an_apply_beside_another_one_does_not_touch_what_that_one_announced(pulumi: Path) -> None:
    """The first is at work when the second begins, and is killed afterwards: its files are known all the same."""
    apply(folder_target(pulumi), fleet(0, 60))
    with in_the_middle(pulumi, fleet(1, 60)) as first:
        announced = (pulumi / "backend/.pulumi/stacks/acme/prod.opsdecl.json").read_bytes()
        assert codes(apply(folder_target(pulumi), fleet(0, 60))) == ["OD674"]
        assert (pulumi / "backend/.pulumi/stacks/acme/prod.opsdecl.json").read_bytes() == announced
        for pid in first:
            os.kill(pid, signal.SIGKILL)
    assert set(codes(apply(folder_target(pulumi), fleet(0, 60)))) == {"OD684", "OD687"}
    check_converged(pulumi, fleet(0, 60))


def test_a_lock_that_was_taken_away_from_a_holder_that_lives(pulumi: Path, tell: Tell) -> None:
    """Both then write what they like. The one that was put out says so, and the next apply finds what both left."""
    target = folder_target(pulumi)
    apply(target, fleet(1, 60))
    with in_the_middle(pulumi, fleet(2, 60)) as frozen:
        assert "process" in (target.unlock(force=True).value or "")
        taken = apply(target, fleet(3, 60))
        assert set(codes(taken)) == {"OD684"}
        revisions = [revision.id for revision in target.history(5).value or ()]
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    assert json.loads((pulumi / "told.json").read_text()) == ["OD697"]
    assert [revision.id for revision in target.history(5).value or ()] == revisions
    again = apply(target, fleet(3, 60))
    assert set(codes(again)) <= {"OD684"}
    check_converged(pulumi, fleet(3, 60))
    tell("a lock taken away from a holder that was frozen and goes on", converged=1, refused_by_its_record=1)


@contextmanager
def in_the_middle(folder: Path, desired: ManifestSet) -> Iterator[list[int]]:
    """Processes of an apply that stand still, some files in; waits for their end. What it says is in `told.json`."""
    due = files_moved(folder, 5)
    process = FORK.Process(target=_apply_and_tell, args=(folder_target(folder), desired, folder / "told.json"))
    process.start()
    assert process.pid is not None
    while not due():
        assert process.is_alive(), "it ended before"
        time.sleep(0.002)
    frozen = [*children("pulumi", process.pid), process.pid]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    yield frozen
    process.join(120)
    assert process.exitcode is not None


def _apply_and_tell(target: PulumiTarget, desired: ManifestSet, told: Path) -> None:
    done = apply(target, desired)
    told.write_text(json.dumps([finding.code.id for finding in done.diagnostics]))
    os._exit(0)


def test_records_that_another_apply_wrote_are_not_written_over(pulumi: Path) -> None:
    """The state is as it was, and what is said of it is not."""
    target = folder_target(pulumi)
    apply(target, chat())
    state = seen(pulumi)
    file = pulumi / "backend/.pulumi/stacks/acme/prod.opsdecl.json"
    other = file.read_bytes().replace(b'"prod: one change"', b'"prod: by somebody"')
    assert other != file.read_bytes()

    def be_faster(event: Event) -> None:
        if isinstance(event, Started):
            file.write_bytes(other)

    late = target.write(chat(2), plan_of(state, chat(2)), record(), expected=state.identity, emit=be_faster)
    assert codes(late) == ["OD510"]
    assert "the records" in late.diagnostics[0].message
    told = target.history(1).value
    assert told is not None
    assert told[0].summary == "prod: by somebody"
