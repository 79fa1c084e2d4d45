"""An apply that is killed, at random instants and at each of its steps: the next one finishes the work."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.git import bare, git, repository
from tests.support.project import command_on_path, copy_example, example_files, opsdecl, opsdecl_here

INSTANTS = 30
BRANCH = "rendered/prod"
RUNTIMES = "environments/base/runtimes.yaml"

# Stands before git on the PATH and kills its parent, the process that applies, at the n-th command that writes.
_KILLER = """#!/bin/sh
case " $* " in
  *" init "*|*" fetch "*|*" fast-import "*|*" hash-object "*|*" read-tree "*|*" update-index "*|*" write-tree "*|*" mktree "*|*" commit-tree "*|*" update-ref "*|*" push "*) ;;
  *) exec {git} "$@" ;;
esac
n=$(($(cat {count}) + 1))
echo $n > {count}
if [ $n != {at} ]; then exec {git} "$@"; fi
if [ {mode} = before ]; then kill -9 $PPID; exit 1; fi
if [ {mode} = during ]; then kill -9 $PPID; exec {git} "$@"; fi
{git} "$@"
kill -9 $PPID
"""  # noqa: E501


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example, whose prod goes to a bare repository."""
    bare(tmp_path / "deploy.git")
    folder = copy_example(tmp_path / "project")
    settings = folder / "environments/prod/environment.yaml"
    text = settings.read_text().replace('remote: "."', f'remote: "file://{tmp_path}/deploy.git"')
    settings.write_text(text.replace("protected: true", "protected: false"))
    return repository(folder)


def change(project: Path, number: int) -> None:
    """Every LLM gets another variable: something to write in each round."""
    text = example_files()[RUNTIMES].replace(
        'VLLM_NO_USAGE_STATS: "1"', f'VLLM_NO_USAGE_STATS: "1"\n    ROUND: "{number}"'
    )
    (project / RUNTIMES).write_text(text)


def kill_after(project: Path, seconds: float) -> bool:
    """Whether the apply was still running."""
    process = subprocess.Popen(
        [sys.executable, "-m", "opsdecl", "apply", "--env", "prod", "--yes"],
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    return process.wait(60) == -signal.SIGKILL


def kill_at(project: Path, binaries: Path, at: int, mode: str) -> bool:
    """Whether the apply was killed at its n-th writing command; False where it has fewer."""
    count, killer = binaries / "count", binaries / "git"
    count.write_text("0")
    killer.write_text(_KILLER.format(git=shutil.which("git"), count=count, at=at, mode=mode))
    killer.chmod(0o755)
    ran = opsdecl(
        project, "apply", "--env", "prod", "--yes", env={"PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    )
    assert ran.code in (0, -signal.SIGKILL), ran.all
    return ran.code != 0


def recover(project: Path, number: int) -> None:
    """Nothing is broken, and one more apply does the rest."""
    remote = project.parent / "deploy.git"
    check_remote(remote)
    assert opsdecl_here(project, "history", "--env", "prod").code == 0
    done = opsdecl_here(project, "apply", "--env", "prod", "--yes")
    if done.code in (4, 5):
        # What the killed process had started went on without it, and came in between.
        done = opsdecl_here(project, "apply", "--env", "prod", "--yes")
    assert done.code == 0, done.all
    assert opsdecl_here(project, "plan", "--env", "prod").out == "prod is up to date\n"
    assert opsdecl_here(project, "drift", "--env", "prod").out.endswith("no drift\n")
    assert f'value: "{number}"' in git(remote, "show", f"{BRANCH}:manifests/assist/deployment-assistant.yaml")


def check_remote(remote: Path) -> None:
    """What the killed process started may still push: `git fsck` calls missing what arrives while it looks."""
    for _ in range(20):
        try:
            git(remote, "fsck", "--strict", "--no-dangling")
            return
        except subprocess.CalledProcessError:
            time.sleep(0.5)
    git(remote, "fsck", "--strict", "--no-dangling")


def check_left_behind(project: Path, rounds: int) -> None:
    """History has one line a round, and nothing lies around."""
    remote = project.parent / "deploy.git"
    subjects = git(remote, "log", "--format=%s", BRANCH).splitlines()
    assert len(subjects) == rounds
    assert {subject.partition(":")[0] for subject in subjects} == {"apply prod"}
    lines = opsdecl_here(project, "history", "--env", "prod", "--limit", "200").out.splitlines()
    assert len(lines) == 1 + rounds
    assert "edit" not in {line.split()[2] for line in lines[1:]}
    left = [file for folder in (project / ".opsdecl", remote) for file in folder.rglob("*.lock")]
    assert [file for file in left if file.parent.name != "git"] == []
    assert git(project, "status", "--porcelain") in ("", f"M {RUNTIMES}")
    assert git(project, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("instants", [2, pytest.param(INSTANTS, marks=pytest.mark.slow)])
def test_killed_at_random_instants(project: Path, instants: int, seeded: Mapping[str, int]) -> None:
    draw = random.Random(seeded["seed"])
    started = time.monotonic()
    change(project, 0)
    assert opsdecl(project, "apply", "--env", "prod", "--yes").code == 0
    usual_s = time.monotonic() - started
    killed = 0
    for number in range(1, instants + 1):
        change(project, number)
        killed += kill_after(project, usual_s * (0.3 + 0.8 * draw.random()))
        recover(project, number)
    assert killed > 0 or instants < INSTANTS
    check_left_behind(project, instants + 1)


@pytest.fixture
def seeded() -> Mapping[str, int]:
    """Printed where the test fails."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    return {"seed": seed}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["before", "during", "after"])
def test_killed_at_each_step(project: Path, tmp_path: Path, mode: str) -> None:
    binaries = command_on_path(tmp_path / "bin")
    at = 1
    change(project, at)
    while kill_at(project, binaries, at, mode):
        recover(project, at)
        # As on another machine, without a mirror. What was started may still be at work in the old one.
        (project / ".opsdecl").rename(tmp_path / f"mirrors-{at}")
        at += 1
        change(project, at)
    assert at > 4
    check_left_behind(project, at)
