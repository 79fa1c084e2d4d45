"""Runs on a branch: whoever syncs it must neither end a run that left it nor start one again."""

from pathlib import Path

from opsdecl.addr import ON_CHANGE
from opsdecl.targets.git.settings import GitSettings
from opsdecl.targets.git.target import GitTarget
from tests.contracts.builders import RELEASE, apply, git, project, training

FILE = "manifests/assist/job-tune-aa11.yaml"
KEPT = ("argocd.argoproj.io/sync-options: Prune=false", "kustomize.toolkit.fluxcd.io/prune: disabled")


def branch(folder: Path) -> GitTarget:
    return GitTarget(GitSettings("rendered/prod"), RELEASE, project(folder / "project"))


def shown(target: GitTarget, file: str = FILE) -> str:
    return git(target.root, "show", f"rendered/prod:{file}")


def files(target: GitTarget) -> list[str]:
    return git(target.root, "ls-tree", "-r", "--name-only", "rendered/prod").split()


def test_a_run_is_kept_from_pruning_and_its_file_goes_when_another_takes_its_place(tmp_path: Path) -> None:
    target = branch(tmp_path)
    apply(target, training())
    assert all(line in shown(target) for line in KEPT)
    apply(target, training("bb22"))
    assert FILE not in files(target)
    assert "manifests/assist/job-tune-bb22.yaml" in files(target)


def test_one_that_is_to_be_cancelled_is_pruned(tmp_path: Path) -> None:
    target = branch(tmp_path)
    apply(target, training("aa11", annotations={ON_CHANGE: "cancel"}))
    assert not any(line in shown(target) for line in KEPT)


def test_going_back_brings_no_file_back(tmp_path: Path) -> None:
    target = branch(tmp_path)
    apply(target, training())
    apply(target, training("bb22"))
    apply(target, training("aa11"))
    assert not [file for file in files(target) if "job-" in file]


def test_only_runs_are_kept_from_pruning(tmp_path: Path) -> None:
    target = branch(tmp_path)
    apply(target, training())
    assert "Prune=false" not in shown(target, "manifests/assist/persistentvolumeclaim-tune-output.yaml")
