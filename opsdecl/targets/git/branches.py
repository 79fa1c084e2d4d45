"""The branch that holds a release: read its head, move it if it is still where we saw it."""

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import targets as codes
from opsdecl.targets.files import private_folder, state_folder
from opsdecl.targets.git.failures import explain_failure, redact
from opsdecl.targets.git.message import Signature
from opsdecl.targets.git.run import Finished, Git, GitError

_LOCK_TRIES = 40
_LOCK_PAUSE = 0.05
_PUSH_TRIES = 5
_PUSH_PAUSE = 0.1
_PLAIN_SETTING = re.compile(
    r"|\[core\]|repositoryformatversion = 0|bare = true|(filemode|ignorecase|precomposeunicode|symlinks) = (true|false)"
)
_MOVED = re.compile(
    r"stale info|fetch first|non-fast-forward|needs force|failed to (?:update|lock)|cannot lock ref|already exists"
    r"|incorrect old value|remote ref updated since checkout"
)


class Branch(Protocol):
    """Where objects are kept, and the one name that decides what is current."""

    @property
    def git(self) -> Git:
        """The repository that holds the branch's objects."""
        ...

    def head(self) -> str:
        """The current commit, with all of its objects here; empty where there is no such branch. Raises GitError."""
        ...

    def publish(self, new: str, old: str, by: Signature) -> bool:
        """Moves the branch from `old` (empty: it must not exist) to `new`. False: somebody else moved it first."""
        ...


class LocalBranch(Struct, frozen=True):
    """A branch of the project's own repository. Work tree, index and HEAD are never touched."""

    git: Git
    name: str

    @property
    def _ref(self) -> str:
        return f"refs/heads/{self.name}"

    def head(self) -> str:
        return self.git.finish("rev-parse", "--verify", "--quiet", f"{self._ref}^{{commit}}").out.decode().strip()

    def publish(self, new: str, old: str, by: Signature) -> bool:
        self._refuse_checked_out()
        named = self.git.having(**by.variables())
        command = ("update-ref", "--no-deref", "-m", "opsdecl", self._ref, new, old)
        for _ in range(_LOCK_TRIES):
            done = named.finish(*command)
            if not done.code:
                return True
            if self.head() != old:
                return False
            if ".lock': File exists" not in done.err:
                break
            time.sleep(_LOCK_PAUSE)
        raise GitError(named.failure(done, command))

    def _refuse_checked_out(self) -> None:
        listing = self.git.text("worktree", "list", "--porcelain")
        for block in listing.split("\n\n"):
            lines = block.split("\n")
            if f"branch {self._ref}" in lines:
                said = f"`{self.name}` is checked out in {lines[0].removeprefix('worktree ')}"
                hint = "switch there to another branch, or set the target's `branch`"
                raise GitError(Diagnostic(codes.BRANCH_IN_USE, said, hint=hint))


class RemoteBranch(Struct, frozen=True):
    """A branch of any git remote, through a bare mirror of that one branch below `.opsdecl/git`."""

    git: Git
    address: str
    name: str

    @property
    def _ref(self) -> str:
        return f"refs/heads/{self.name}"

    @property
    def _seen(self) -> str:
        """The mirror's name for what it has completely: branch names that contain each other must not collide."""
        return f"refs/opsdecl/{hashlib.sha256(self.name.encode()).hexdigest()[:16]}"

    def head(self) -> str:
        with locked_mirror(self.git) as git:
            listing = git.text("ls-remote", "--", self.address, self._ref, remote=self.address)
            rows = (line.split("\t") for line in listing.split("\n") if line)
            there = next((row[0] for row in rows if row[1] == self._ref), "")
            if there and there != git.finish("rev-parse", "--verify", "--quiet", self._seen).out.decode().strip():
                there = self._fetch(git)
            return there

    def publish(self, new: str, old: str, by: Signature) -> bool:
        lease = f"--force-with-lease={self._ref}:{old}"
        options = ("--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", lease)
        command = ("push", *options, "--", self.address, f"{new}:{self._ref}")
        for number in range(_PUSH_TRIES):
            done = self.git.finish(*command, remote=self.address)
            if not done.code:
                if any(line[:1] == "=" for line in done.out.decode().split("\n")):
                    # The branch is there already: somebody made the very same commit in the same second, and won.
                    return False
                with locked_mirror(self.git) as git:
                    git.finish("update-ref", self._seen, new)
                return True
            verdict = next((line.split("\t")[-1] for line in done.out.decode().split("\n") if line[:1] == "!"), "")
            if not _MOVED.search(verdict) or "hook declined" in verdict:
                break
            if self.head() != old:
                return False
            # Somebody holds the lock on the remote's branch, or a branch by a name that contains ours is in the way.
            time.sleep(_PUSH_PAUSE * number)
        raise GitError(self._refused(done, verdict))

    def _refused(self, done: Finished, verdict: str) -> Diagnostic:
        if not verdict:
            return explain_failure(done.err, remote=self.address, command="push")
        told = " ".join(line.removeprefix("remote: ").strip() for line in done.err.split("\n") if "remote: " in line)
        quoted = f" ({redact(told)[:300]})" if told else ""
        said = f"{redact(self.address)} refused `{self.name}`: {redact(verdict)}{quoted}"
        return Diagnostic(codes.PUSH_REFUSED, said, hint="allow the identity that applies to push this branch")

    def _fetch(self, git: Git) -> str:
        options = (
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--no-show-forced-updates",
        )
        command = ("fetch", *options, "--", self.address, f"+{self._ref}:{self._seen}")
        done = git.finish(*command, remote=self.address)
        if done.code and "couldn't find remote ref" in done.err:
            return ""
        if done.code:
            raise GitError(git.failure(done, command, self.address))
        return git.text("rev-parse", "--verify", self._seen)


def open_mirror(root: Path, address: str, login: tuple[tuple[str, str], ...]) -> Git:
    """The bare mirror for an address, made where it is missing. Raises GitError."""
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    try:
        # Below `.git` where there is one: a clone can bring a repository with settings of its own, but not there.
        folder = (private_folder(root) or state_folder(root, "git")) / name
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        said = f"the mirror of the target could not be made: {error.strerror} ({error.filename})"
        raise GitError(Diagnostic(codes.NOT_WRITTEN, said, hint="make the project's folder writable")) from None
    git = Git(folder, settings=login)
    with locked_mirror(git) as owned:
        if not _is_ours(folder) or owned.finish("rev-parse", "--is-bare-repository").out.strip() != b"true":
            # Never made, half made before a kill, or not by us: nothing in a mirror is worth keeping.
            _remove(folder)
            folder.mkdir()
            Git(None, folder, lock=owned.lock).run("init", "--quiet", "--bare", "--template=", ".")
    return git


def _is_ours(folder: Path) -> bool:
    """Whether the settings are those that `git init` writes, since settings can run programs."""
    config = folder / "config"
    if folder.is_symlink() or config.is_symlink() or not config.is_file() or (folder / "commondir").exists():
        return False
    lines = config.read_text("utf-8", "replace").splitlines()
    return all(_PLAIN_SETTING.fullmatch(line.strip()) for line in lines)


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)


@contextmanager
def locked_mirror(git: Git) -> Iterator[Git]:
    """One process at a time. The children hold the lock too, so that it outlives a killed parent but not them."""
    import fcntl

    assert git.git_dir is not None
    lock = os.open(git.git_dir.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _remove_stale_locks(git.git_dir)
        yield replace(git, lock=lock)
    finally:
        os.close(lock)


def _remove_stale_locks(folder: Path) -> None:
    """Under the lock nobody works in the mirror: a lock file of git's is left over from a kill."""
    for stale in (*folder.glob("*.lock"), *folder.glob("refs/opsdecl/*.lock")):
        with suppress(OSError):
            stale.unlink()
