"""Two writers at once, and writers that are killed: real processes, real git."""

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.builders import actions, apply, chat, git, plan_of, record
from tests.contracts.places import PLACES, Place, local_branch, remote_branch

ROUNDS = 20
_FORK = multiprocessing.get_context("fork")

# Stands before git on the PATH and kills its parent, the process that applies, at the n-th command that writes:
# after the command ended, or while it runs on as an orphan.
_KILLER = """#!/bin/sh
case " $* " in
  *" init "*|*" fetch "*|*" fast-import "*|*" read-tree "*|*" update-index "*|*" write-tree "*|*" commit-tree "*|*" update-ref "*|*" push "*) ;;
  *) exec {git} "$@" ;;
esac
n=$(($(cat {count}) + 1))
echo $n > {count}
if [ $n != {at} ]; then exec {git} "$@"; fi
if [ {mode} = during ]; then kill -9 $PPID; exec {git} "$@"; fi
{git} "$@"
kill -9 $PPID
"""  # noqa: E501


def _write_rounds(place: Place, user: str, value: int, barrier: Any, answers: Any) -> None:
    target = place.open(user)
    for number in range(ROUNDS):
        state = target.read().value
        assert state is not None
        desired = chat(100 * number + value)
        plan = plan_of(state, desired)
        barrier.wait(60)
        done = target.write(desired, plan, record(summary=user), expected=state.identity, emit=lambda event: None)
        answers.put((number, user, [d.code.id for d in done.diagnostics]))
        barrier.wait(60)


@pytest.mark.parametrize(
    "make", [pytest.param(local_branch, id="local"), pytest.param(remote_branch, id="remote", marks=pytest.mark.slow)]
)
def test_of_two_writers_at_once_exactly_one_wins(tmp_path: Path, make: Callable[[Path], Place]) -> None:
    place = make(tmp_path)
    users = ("ana", "ben")
    for user in users:
        place.open(user)
    barrier, answers = _FORK.Barrier(len(users)), _FORK.Queue()
    writers = [
        _FORK.Process(target=_write_rounds, args=(place, user, number, barrier, answers))
        for number, user in enumerate(users)
    ]
    for writer in writers:
        writer.start()
    found = [answers.get(timeout=60) for _ in range(ROUNDS * len(users))]
    for writer in writers:
        writer.join(60)
    for number in range(ROUNDS):
        verdicts = sorted(codes for of, _, codes in found if of == number)
        assert verdicts == [[], ["OD510"]], f"round {number}: {found}"
    history = place.open("ana").history(2 * ROUNDS).value or ()
    assert len(history) == ROUNDS
    winners = [user for _, user, codes in sorted(found) if not codes]
    assert [revision.summary for revision in reversed(history)] == winners


def _apply_under(place: Place, user: str, value: int, binaries: Path) -> None:
    os.environ["PATH"] = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    done = apply(place.open(user), chat(value))
    os._exit(0 if done.value else 1)


def _killed_at(place: Place, user: str, value: int, folder: Path, at: int, mode: str) -> bool:
    """Whether the apply was killed; False where it ended before its n-th writing command."""
    folder.mkdir(exist_ok=True)
    count, killer = folder / "count", folder / "git"
    count.write_text("0")
    killer.write_text(_KILLER.format(git=shutil.which("git"), count=count, at=at, mode=mode))
    killer.chmod(0o755)
    process = _FORK.Process(target=_apply_under, args=(place, user, value, folder))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.parametrize("mode", ["after", "during"])
@pytest.mark.parametrize("name", ["local-branch", pytest.param("remote-branch", marks=pytest.mark.slow)])
def test_killed_anywhere_apply_again_converges(tmp_path: Path, name: str, mode: str) -> None:
    place = PLACES[name](tmp_path)
    apply(place.open("ana"), chat(0))
    at = 1
    # Each time another user, so that making the mirror and fetching are among the steps too.
    while _killed_at(place, f"user{at}", at, tmp_path / "bin", at, mode):
        other = place.open("ana").read()
        assert other.value is not None, other.diagnostics
        left = actions(plan_of(other.value, chat(at)))
        assert left in ({}, {"LLM.chat/main/deployment": "update"})
        again = apply(place.open(f"user{at}"), chat(at))
        if again.value is None:
            # The orphan of the killed writer came in between: it has written just what was wanted.
            assert [d.code.id for d in again.diagnostics] == ["OD510"]
            again = apply(place.open(f"user{at}"), chat(at))
        assert again.value is not None
        state = place.open("ana").read().value
        assert state is not None
        assert actions(plan_of(state, chat(at))) == {}
        at += 1
    assert at > 5
    kinds = {revision.kind for revision in place.open("ana").history(100).value or ()}
    assert kinds == {"apply"}
    for repository in (tmp_path / "project", tmp_path / "deploy.git"):
        if repository.exists():
            git(repository, "fsck", "--strict", "--no-dangling")
