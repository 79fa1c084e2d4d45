"""Real git repositories, used as a person at a shell would."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_DATE": "2026-03-01T09:00:00+00:00",
    "GIT_COMMITTER_DATE": "2026-03-01T09:00:00+00:00",
}


def git(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Standard output of a git command that succeeds."""
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, check=True, env={**os.environ, **IDENTITY, **(env or {})}
    )
    return done.stdout.decode().strip()


def repository(folder: Path, message: str = "Specs of the models") -> Path:
    """The files of a folder as the first commit of `main`, made by Ana."""
    git(folder, "init", "--quiet", "--template=", "--initial-branch=main")
    git(folder, "config", "user.name", "Ana Lopez")
    git(folder, "config", "user.email", "ana@harbor.example")
    commit(folder, message)
    return folder


def commit(folder: Path, message: str) -> str:
    """All files of the work tree as a commit; its id."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def bare(folder: Path) -> Path:
    """An empty repository without a work tree, as a server has it."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--bare", "--template=", "--initial-branch=main")
    return folder


def clone(source: Path, to: Path, user: str = "Ben Okoro") -> Path:
    git(source.parent, "clone", "--quiet", str(source), str(to))
    git(to, "config", "user.name", user)
    git(to, "config", "user.email", f"{user.split()[0].lower()}@harbor.example")
    return to
