"""A commit as a readable project, straight from git's objects: no checkout, nothing written to the repository."""

import atexit
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from opsdecl.diag import Checked, Diagnostic, unique
from opsdecl.diag.codes import targets as codes
from opsdecl.spec.types import SourceEntry
from opsdecl.targets.git.blobs import BlobReader
from opsdecl.targets.git.repository import Repository, resolve_ref, unshallow, without_programs
from opsdecl.targets.git.run import Git, GitError, attempt, stop

SPEC_PATHS = ("environments", "catalog", "opsdecl.lock")
PROJECT_PATHS = (*SPEC_PATHS, "evidence")
_MERGE_TREE_SINCE = (2, 38)


class CommitTree:
    """`spec.types.SourceTree` over a commit or tree of git; `prefix` is the project's folder in it (`teams/ml/`)."""

    def __init__(self, git: Git, commit: str, prefix: str = "") -> None:
        self._git = git
        self._commit = commit
        self._prefix = prefix
        self._blobs = BlobReader(git)
        self._listing: subprocess.Popen[bytes] | None = None

    def list_ahead(self) -> None:
        """Lets git list the commit while the caller does something else; `entries` then waits for it."""
        self._listing = self._git.start(*self._arguments)
        weakref.finalize(self, stop, self._listing)

    def entries(self) -> Sequence[SourceEntry]:
        """Raises GitError where the repository lost the commit."""
        return self._entries

    def read(self, path: str) -> bytes:
        """Raises OSError for what is no file of the project, and for links: their target may be anywhere."""
        entry = self._by_path.get(path)
        if entry is None:
            raise FileNotFoundError(f"{path} is not in commit {self._commit[:12]}")
        if entry.mode == "120000":
            raise OSError(f"{path} is a link")
        return self._blobs.read(entry.digest)

    @cached_property
    def _entries(self) -> tuple[SourceEntry, ...]:
        listing = self._listing or self._git.start(*self._arguments)
        done = self._git.finished(listing, *self._arguments)
        if done.code:
            raise GitError(self._git.failure(done, self._arguments))
        return _entries(done.out, self._prefix)

    @property
    def _arguments(self) -> tuple[str, ...]:
        paths = [self._prefix + path for path in PROJECT_PATHS]
        return "ls-tree", "-r", "-z", "--full-tree", "--long", self._commit, "--", *paths

    @cached_property
    def _by_path(self) -> dict[str, SourceEntry]:
        return {entry.path: entry for entry in self._entries}


def list_tree(git: Git, commit: str, paths: Sequence[str]) -> tuple[SourceEntry, ...]:
    """All files of a commit or tree below `paths`, sorted, without their sizes. Submodules are left out."""
    return _entries(git.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *paths))


def _entries(listing: bytes, prefix: str = "") -> tuple[SourceEntry, ...]:
    """What `git ls-tree -z` said, `prefix` taken off the paths."""
    start = len(prefix)
    found = []
    for line in listing.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        facts, _, path = line.partition("\t")
        mode, kind, digest, *size = facts.split()
        if kind == "blob":
            found.append(SourceEntry(path[start:], digest, mode, int(size[0]) if size else 0))
    return tuple(sorted(found, key=lambda entry: entry.path))


class MergeResult(Struct, frozen=True):
    """What merging `head` into `base` gives. `tree` is readable through `git`, which may hold objects of its own."""

    git: Git
    base: str
    head: str
    tree: str
    prefix: str

    def base_tree(self) -> CommitTree:
        return CommitTree(self.git, self.base, self.prefix)

    def desired_tree(self) -> CommitTree:
        return CommitTree(self.git, self.tree, self.prefix)


def merge_result(
    repository: Repository, base_ref: str, head: str = "HEAD", *, scratch: Path | None = None
) -> Checked[MergeResult]:
    """The tree of merging `head` into `base_ref`, so that a branch that is behind reverts nothing.

    Trees that git must make for it go to `scratch` (default: a temporary folder), not into the repository.
    """
    base, tip = resolve_ref(repository, base_ref), resolve_ref(repository, head)
    if base.value is None or tip.value is None:
        return Checked(None, unique(base.diagnostics + tip.diagnostics))
    ours, theirs = base.value, tip.value
    return attempt(lambda: Checked(_merge(repository, ours, theirs, base_ref, scratch)))


def _merge(repository: Repository, base: str, head: str, base_ref: str, scratch: Path | None) -> MergeResult:
    git = repository.git
    done = git.finish("merge-base", base, head)
    common = done.out.decode().strip()
    if common in (base, head):
        return MergeResult(git, base, head, head if common == base else base, repository.prefix)
    if not common:
        raise GitError(_no_common_history(repository, base_ref, done.err))
    apart = _with_own_objects(repository, scratch)
    _refuse_old_git(git)
    merged = apart.finish(
        *without_programs(git), "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", base, head
    )
    names = [name.decode("utf-8", "surrogateescape") for name in merged.out.split(b"\0") if name]
    if merged.code == 1 and names:
        raise GitError(_conflict(base_ref, names[1:]))
    if merged.code or not names:
        raise GitError(_merge_failed(repository, base_ref, apart.failure(merged, ("merge-tree",)), merged.err))
    return MergeResult(apart, base, head, names[0], repository.prefix)


def _with_own_objects(repository: Repository, scratch: Path | None) -> Git:
    """The repository's git, writing new objects elsewhere: a plan leaves the repository as it is."""
    folder = scratch or _until_exit(tempfile.mkdtemp(prefix="opsdecl-merge-"))
    (folder / "objects").mkdir(parents=True, exist_ok=True)
    theirs = str(repository.common_dir / "objects")
    return repository.git.having(
        GIT_OBJECT_DIRECTORY=str(folder / "objects"), GIT_ALTERNATE_OBJECT_DIRECTORIES=_quoted(theirs)
    )


def _until_exit(folder: str) -> Path:
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"' if ":" in path or '"' in path else path


def _conflict(base_ref: str, names: list[str]) -> Diagnostic:
    shown = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return Diagnostic(
        codes.MERGE_CONFLICT,
        f"merging this change into `{base_ref}` conflicts in {shown}",
        hint=f"git merge {base_ref}, resolve the files, commit, and plan again",
    )


def _no_common_history(repository: Repository, base_ref: str, stderr: str) -> Diagnostic:
    if repository.shallow or "shallow" in stderr:
        said = f"this shallow clone does not hold the commit where this branch left `{base_ref}`"
        return Diagnostic(codes.SHALLOW, said, hint=unshallow(repository.git.text("remote").split()))
    said = f"this branch and `{base_ref}` have no commit in common"
    return Diagnostic(codes.NO_COMMON_HISTORY, said, hint="name a base that this branch was made from")


def _merge_failed(repository: Repository, base_ref: str, otherwise: Diagnostic, stderr: str) -> Diagnostic:
    if "unrelated histories" in stderr:
        return _no_common_history(repository, base_ref, stderr)
    return otherwise


def _refuse_old_git(git: Git) -> None:
    words = git.text("version").split()
    numbers = tuple(int(part) for part in words[2].split(".")[:2]) if len(words) > 2 else (0, 0)
    if numbers < _MERGE_TREE_SINCE:
        said = f"merging the base without touching the work tree needs git 2.38, and this is {words[-1]}"
        hint = "update git, or merge the base into this branch first"
        raise GitError(Diagnostic(codes.GIT_TOO_OLD, said, hint=hint))
