"""Applies through Pulumi that are killed with everything that they started, and what the next one makes of it."""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from opsdecl.render.types import ManifestSet
from opsdecl.targets.pulumi.target import PulumiTarget
from tests.contracts.builders import actions, apply, chat, manifest, plan_of, release
from tests.support.crashes import FORK, children, kill_with_children
from tests.support.fault_table import Tell, rounds
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]
SEED = 20261129


def fleet(version: int, objects: int = 150) -> ManifestSet:
    """Two thirds of the objects are in the version before as well, with another value."""
    first = objects // 3 * (version + 1)
    made = (manifest(f"LLM.m{n}/main/c", "ConfigMap", f"m{n}", version) for n in range(first, first + objects))
    return release(*made)


def _apply_and_exit(target: PulumiTarget, desired: ManifestSet) -> None:
    done = apply(target, desired)
    os._exit(0 if done.value is not None else 1)


def apply_and_kill(folder: Path, desired: ManifestSet, is_due: Callable[[], bool]) -> int | None:
    return killed_apply(folder_target(folder), desired, is_due)


def killed_apply(target: PulumiTarget, desired: ManifestSet, is_due: Callable[[], bool]) -> int | None:
    """Kills an apply and all its children, once it is due; 0 where it ended before."""
    process = FORK.Process(target=_apply_and_exit, args=(target, desired))
    process.start()
    assert process.pid is not None
    while process.is_alive() and not is_due():
        time.sleep(0.005)
    kill_with_children(process.pid)
    process.join(60)
    return process.exitcode


def files_moved(folder: Path, number: int) -> Callable[[], bool]:
    """Whether there are so many files more or less than there were."""
    rendered = folder / "rendered/1-manifest"

    def listed() -> set[Path]:
        return set(rendered.iterdir()) if rendered.exists() else set()

    before = listed()
    return lambda: len(listed() ^ before) >= number


def after_s(seconds: float) -> Callable[[], bool]:
    due = time.monotonic() + seconds
    return lambda: time.monotonic() >= due


def after_announcement(folder: Path, seconds: float) -> Callable[[], bool]:
    """So long after the apply said in its records what it is about to do: the engine is at work from then on."""
    records, due = folder / "backend/.pulumi/stacks/acme/prod.opsdecl.json", [0.0]
    before = records.stat().st_ino

    def is_due() -> bool:
        if not due[0] and records.stat().st_ino != before:
            due[0] = time.monotonic() + seconds
        return bool(due[0]) and time.monotonic() >= due[0]

    return is_due


def some_instant(folder: Path, version: int, usual_s: float, drawn: float) -> Callable[[], bool]:
    """Of two rounds one is killed at any instant, and one at an instant at which the engine is at work."""
    return after_s(usual_s * drawn) if version % 2 else after_announcement(folder, usual_s * drawn / 4)


def check_converged(folder: Path, desired: ManifestSet) -> None:
    """Nothing is missing, nothing is left over, nothing is to be done."""
    after = folder_target(folder).read().value
    assert after is not None
    assert actions(plan_of(after, desired)) == {}
    assert {o.key for o in after.objects} == {m.key for m in desired.manifests}
    assert len(list((folder / "rendered/1-manifest").iterdir())) == len(desired.manifests)
    once_more = apply(folder_target(folder), desired)
    assert (once_more.value.counts, once_more.diagnostics) == ({}, ())


def test_files_that_were_deleted_or_torn_are_written_again(pulumi: Path) -> None:
    desired = fleet(0, 6)
    apply(folder_target(pulumi), desired)
    whole = {file.name: file.read_text() for file in (pulumi / "rendered/1-manifest").iterdir()}
    emptied, deleted, torn, edited, *_ = sorted((pulumi / "rendered/1-manifest").iterdir())
    emptied.write_text("")
    deleted.unlink()
    torn.write_text(torn.read_text()[:40])
    edited.write_text(edited.read_text().replace('value: "0"', 'value: "7"'))
    done = apply(folder_target(pulumi), desired)
    assert done.value.counts == {"create": 3, "update": 1}
    assert {file.name: file.read_text() for file in (pulumi / "rendered/1-manifest").iterdir()} == whole
    check_converged(pulumi, desired)


def test_a_protected_file_is_written_again_and_stays_protected(pulumi: Path) -> None:
    apply(folder_target(pulumi), chat())
    whole = {file.name: file.read_text() for file in (pulumi / "rendered/1-manifest").iterdir()}
    (pulumi / "rendered/1-manifest/v1-persistentvolumeclaim-assist-chat-cache.yaml").unlink()
    done = apply(folder_target(pulumi), chat())
    assert (done.value.counts, done.diagnostics) == ({"create": 1}, ())
    assert {file.name: file.read_text() for file in (pulumi / "rendered/1-manifest").iterdir()} == whole
    check_converged(pulumi, chat())
    state = json.loads((pulumi / "backend/.pulumi/stacks/acme/prod.json").read_text())
    assert [r["urn"].rpartition("::")[2] for r in state["checkpoint"]["latest"]["resources"] if r.get("protect")] == [
        "LLM.chat/main/cache"
    ]


@pytest.mark.parametrize("after_files", [1, 20, 60])
def test_killed_with_all_its_children_apply_again_converges(pulumi: Path, after_files: int) -> None:
    apply(folder_target(pulumi), fleet(1))
    assert apply_and_kill(pulumi, fleet(2), files_moved(pulumi, after_files)) == -signal.SIGKILL
    again = apply(folder_target(pulumi), fleet(3))
    assert again.value is not None, again.diagnostics
    assert {finding.code.id for finding in again.diagnostics} <= {"OD684", "OD687"}
    assert "OD684" in {finding.code.id for finding in again.diagnostics}
    check_converged(pulumi, fleet(3))


def test_a_file_that_a_killed_apply_began_and_nobody_wants_is_not_left_behind(pulumi: Path) -> None:
    """Neither the state, which is written at the end, nor the folder knows what it is; the records do."""
    apply(folder_target(pulumi), fleet(0, 60))
    before = {file.name for file in (pulumi / "rendered/1-manifest").iterdir()}
    assert apply_and_kill(pulumi, fleet(1, 60), files_moved(pulumi, 3)) == -signal.SIGKILL
    begun = sorted(file for file in (pulumi / "rendered/1-manifest").iterdir() if file.name not in before)
    begun[0].write_text(begun[0].read_text()[:30])
    apply(folder_target(pulumi), fleet(0, 60))
    check_converged(pulumi, fleet(0, 60))


def test_what_an_engine_that_was_killed_had_made_is_known_to_the_next_apply(pulumi: Path) -> None:
    """Only Pulumi dies, and opsdecl lives to tell."""
    killer = Thread(target=_kill_engine, args=(pulumi / "rendered/1-manifest",))
    killer.start()
    done = apply(folder_target(pulumi), fleet(0))
    killer.join()
    assert (done.value.failed, [finding.code.id for finding in done.diagnostics]) == (True, ["OD676"])
    kept = folder_target(pulumi).read().value
    assert kept is not None
    assert len(kept.objects) == len(list((pulumi / "rendered/1-manifest").iterdir()))
    apply(folder_target(pulumi), fleet(1))
    check_converged(pulumi, fleet(1))


def _kill_engine(folder: Path) -> None:
    while not folder.exists() or len(list(folder.iterdir())) < 5:
        time.sleep(0.01)
    for process in children("bin/pulumi"):
        os.kill(process, signal.SIGKILL)


@pytest.mark.timeout(5400)
def test_killed_at_random_instants_apply_again_converges_in_a_folder(pulumi: Path, tell: Tell) -> None:
    drawn, number = random.Random(SEED), rounds(2, 50)
    begun = time.monotonic()
    apply(folder_target(pulumi), fleet(0, 30))
    usual_s = time.monotonic() - begun
    seen: Counter[str] = Counter()
    for version in range(1, number + 1):
        due = some_instant(pulumi, version, usual_s, drawn.random())
        seen["killed"] += bool(apply_and_kill(pulumi, fleet(version, 30), due))
        again = apply(folder_target(pulumi), fleet(version, 30))
        assert again.value is not None, (version, again.diagnostics)
        found = {finding.code.id for finding in again.diagnostics}
        assert found <= {"OD684", "OD687"}, (version, again.diagnostics)
        seen["repaired"] += "OD684" in found
        seen["locks_taken_away"] += "OD687" in found
        check_converged(pulumi, fleet(version, 30))
        seen["converged"] += 1
    assert seen["killed"] > 0
    tell("Pulumi and opsdecl killed at random instants, 30 objects in a folder", rounds=number, **seen)
