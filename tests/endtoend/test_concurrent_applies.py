"""Two people apply reviewed plans at once, from two clones, to one bare remote: real processes, real git."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.git import bare, clone, commit, git, repository
from tests.support.project import Ran, copy_example, opsdecl, opsdecl_here

ROUNDS = 20
RISK = "environments/base/risk.yaml"
BRANCH = "rendered/dev"


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Path, Path]:
    """Two clones of one project whose dev is applied to `deploy.git`."""
    bare(tmp_path / "deploy.git")
    project = copy_example(tmp_path / "project")
    settings = project / "environments/dev/environment.yaml"
    settings.write_text(settings.read_text().replace('remote: "."', f'remote: "file://{tmp_path}/deploy.git"'))
    repository(project)
    assert opsdecl(project, "apply", "--env", "dev", "--yes").code == 0
    return clone(project, tmp_path / "ana", "Ana Lopez"), clone(project, tmp_path / "ben", "Ben Okoro")


def start(folder: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "opsdecl", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
    )


def finish(process: "subprocess.Popen[bytes]") -> Ran:
    out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out.decode(), err.decode())


def change(folder: Path, memory: int) -> None:
    """A change of its own, and the plan that was reviewed for it."""
    text = (folder / RISK).read_text().partition("\n# memory")[0]
    fraud, _, eta = text.partition("\n---\n")
    fraud = "\n".join(line for line in fraud.splitlines() if not line.startswith("  resources:"))
    (folder / RISK).write_text(f"{fraud}\n  resources: {{cpu: '1', memory: {memory}Mi}}\n---\n{eta}")
    commit(folder, f"{memory} MiB")
    planned = opsdecl_here(folder, "plan", "--env", "dev", "--out", "../" + folder.name + ".json")
    assert planned.code == 0, planned.all


def head(remote: Path) -> str:
    return git(remote, "rev-parse", BRANCH)


@pytest.mark.parametrize("rounds", [1, pytest.param(ROUNDS, marks=pytest.mark.slow)])
def test_one_wins_and_the_other_has_changed_nothing(clones: tuple[Path, Path], tmp_path: Path, rounds: int) -> None:
    remote = tmp_path / "deploy.git"
    for number in range(rounds):
        before = head(remote)
        for user, folder in enumerate(clones):
            change(folder, 2048 + 2 * number + user)
        running = [start(folder, "apply", "--env", "dev", "--plan", f"../{folder.name}.json") for folder in clones]
        ran = [finish(process) for process in running]
        codes = [each.code for each in ran]
        assert sorted(codes) in ([0, 4], [0, 5]), [each.err for each in ran]
        winner = codes.index(0)
        assert git(remote, "rev-list", f"{before}..{BRANCH}").split() == [head(remote)]
        assert f"memory: {2048 + 2 * number + winner}Mi" in git(
            remote, "show", f"{BRANCH}:manifests/risk/deployment-fraud.yaml"
        )
        assert "OD510" in ran[1 - winner].err or "OD661" in ran[1 - winner].err
        # The one that lost says who was faster, plans again, and then it is its turn.
        again = opsdecl_here(clones[1 - winner], "apply", "--env", "dev", "--yes")
        assert again.code == 0, again.all
        assert f"memory: {2048 + 2 * number + 1 - winner}Mi" in git(
            remote, "show", f"{BRANCH}:manifests/risk/deployment-fraud.yaml"
        )
    git(remote, "fsck", "--strict", "--no-dangling")
    history = opsdecl_here(clones[0], "history", "--env", "dev", "--limit", "100").out
    assert history.count("apply dev") == 1 + 2 * rounds


def test_a_plan_that_somebody_overtook_is_refused_and_says_by_whom(clones: tuple[Path, Path], tmp_path: Path) -> None:
    ana, ben = clones
    change(ana, 3000)
    change(ben, 4000)
    assert opsdecl_here(ana, "apply", "--env", "dev", "--plan", "../ana.json").code == 0
    before = head(tmp_path / "deploy.git")
    late = opsdecl_here(ben, "apply", "--env", "dev", "--plan", "../ben.json")
    assert late.code == 4
    assert before[:12] in late.err
    assert head(tmp_path / "deploy.git") == before


def test_the_same_plan_twice_is_carried_out_once(clones: tuple[Path, Path], tmp_path: Path) -> None:
    ana, ben = clones
    change(ana, 3000)
    change(ben, 3000)
    assert opsdecl_here(ana, "apply", "--env", "dev", "--plan", "../ana.json").code == 0
    before = head(tmp_path / "deploy.git")
    again = opsdecl_here(ben, "apply", "--env", "dev", "--plan", "../ben.json")
    assert again.code == 0, again.all
    assert head(tmp_path / "deploy.git") == before
