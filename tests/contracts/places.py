"""Where the contract suite runs: each place opens targets on the same release, as separate users would."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from opsdecl.addr import Release
from opsdecl.apply.ports import Target
from opsdecl.targets.git.settings import GitSettings
from opsdecl.targets.git.target import GitTarget
from tests.contracts.builders import RELEASE, git, project


@dataclass(frozen=True)
class Place:
    """`open` gives a new target each time; `user` tells apart machines with files of their own."""

    open: Callable[[str], Target]


def local_branch(folder: Path, release: Release = RELEASE) -> Place:
    """A branch of the project's own repository, no push: all users share it."""
    root = project(folder / "project")
    return Place(lambda user: GitTarget(GitSettings("rendered/prod"), release, root))


def remote_branch(folder: Path, release: Release = RELEASE) -> Place:
    """A branch of a bare repository, each user with a clone and a mirror of their own."""
    return _remote(folder, GitSettings("rendered/prod", remote="../deploy.git"), release)


def remote_folder(folder: Path, release: Release = RELEASE) -> Place:
    """A folder of one branch, with files for Argo CD and its annotations."""
    settings = GitSettings("rendered", f"file://{folder}/deploy.git", "clusters/prod", argocd={"automated": True})
    return _remote(folder, settings, release)


def _remote(folder: Path, settings: GitSettings, release: Release) -> Place:
    git(folder, "init", "--quiet", "--bare", "deploy.git")

    def open_target(user: str) -> Target:
        root = folder / user
        return GitTarget(settings, release, root if root.exists() else project(root))

    return Place(open_target)


PLACES: Mapping[str, Callable[[Path], Place]] = {
    "local-branch": local_branch,
    "remote-branch": remote_branch,
    "remote-folder": remote_folder,
}
"""Another target joins by adding a function that makes a place out of an empty folder."""
