"""The project's own repository: where it is, what is checked out, who works in it. Reading only."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import targets as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.targets.git.names import reference_problem
from opsdecl.targets.git.run import Git, GitError, attempt

_PROGRAM = re.compile(r"filter\..*\.(clean|smudge|process|required)|merge\..*\.driver", re.DOTALL)
_FIELDS_BEFORE_PATH = {"1": 8, "u": 10, "?": 1}
"""Of the lines of `git status --porcelain=v2`: a changed file, one with conflicts, one that git does not know."""
_NOTHING = re.compile(r"\((initial|detached)\)")
"""What stands there for a commit or a branch where there is none; nobody names a branch so."""
_LOGIN_SETTINGS = ("http.", "credential.", "core.sshcommand", "url.", "ssh.")


class Repository(Struct, frozen=True):
    """A work tree of git with the project in it. `prefix` is the project's folder (`teams/ml/`), empty at the top."""

    git: Git
    prefix: str
    shallow: bool
    common_dir: Path

    @property
    def root(self) -> Path:
        """The project's folder."""
        top = self.git.work_tree
        assert top is not None
        return top / self.prefix


class WorkTreeStatus(Struct, frozen=True):
    """What is checked out. `commit` is empty before the first commit, `branch` where none is checked out."""

    commit: str
    branch: str
    dirty: bool
    changed: tuple[str, ...] = ()
    """Files that differ from the commit, relative to the project."""


def discover(folder: Path) -> Checked[Repository]:
    """The repository around a project's folder."""
    return attempt(lambda: _discover(folder))


def _discover(folder: Path) -> Checked[Repository]:
    # Found by git itself and not by a given --git-dir: only then does git check whose repository it is.
    here = folder.absolute()
    finder = Git(None, here)
    asked = ("--is-inside-work-tree", "--is-shallow-repository", "--git-common-dir", "--absolute-git-dir")
    said = finder.run("rev-parse", *asked, "--show-prefix", "--show-cdup").decode("utf-8", "surrogateescape")
    inside, shallow, common, git_dir, prefix, up = said.split("\n")[:6]
    if inside != "true":
        problem = Diagnostic(
            codes.NOT_A_REPOSITORY, f"{folder} is no work tree of git", hint="clone the repository first"
        )
        return Checked(None, (problem,))
    git = Git(Path(git_dir), (here / up).resolve())
    return Checked(Repository(git, prefix, shallow == "true", (here / common).resolve()))


def resolve_ref(repository: Repository, reference: str) -> Checked[str]:
    """The commit that a branch, tag or expression names, as 40 (or 64) hex digits."""
    problem = reference_problem(reference)
    if problem:
        return Checked(None, (problem,))
    return attempt(lambda: Checked(commit_of(repository.git, reference) or _unknown(repository, reference)))


def commit_of(git: Git, reference: str) -> str | None:
    """The commit behind a name, None where there is none here."""
    done = git.finish("rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    return done.out.decode().strip() or None


def _unknown(repository: Repository, reference: str) -> str:
    """Never returns: raises the failure that says what to fetch or what was probably meant."""
    if commit_of(repository.git, "HEAD") is None and not repository.git.text("for-each-ref", "--count=1"):
        said = f"there is no commit `{reference}`: this repository has no commit yet"
        hint = "commit the files (git add . && git commit), or plan without --base"
        raise GitError(Diagnostic(codes.UNKNOWN_REF, said, hint=hint))
    remote, _, branch = reference.partition("/")
    remotes = repository.git.text("remote").split()
    fetch = ""
    if branch and remote in remotes:
        depth = "--depth=100 " if repository.shallow else ""
        fetch = f"git fetch {depth}{remote} +refs/heads/{branch}:refs/remotes/{remote}/{branch}"
    known = repository.git.text("for-each-ref", "--format=%(refname:short)", "--count=5000").split("\n")
    meant = did_you_mean(reference, [name for name in known if name])
    if repository.shallow:
        said = f"`{reference}` is not in this shallow clone"
        raise GitError(Diagnostic(codes.SHALLOW, said, hint=fetch or unshallow(remotes)))
    hint = meant or fetch or "list the branches there are: git branch --all"
    raise GitError(Diagnostic(codes.UNKNOWN_REF, f"there is no commit `{reference}`", hint=hint))


def unshallow(remotes: Sequence[str]) -> str:
    """The command that fetches the history that a shallow clone lacks."""
    return f"git fetch --unshallow {'origin' if 'origin' in remotes or not remotes else remotes[0]}"


def work_tree_status(repository: Repository, paths: Sequence[str]) -> Checked[WorkTreeStatus]:
    """Whether files of the project below `paths` (relative to it) differ from the commit. Touches no index."""
    return attempt(lambda: _status(repository, [repository.prefix + path for path in paths]))


def _status(repository: Repository, paths: Sequence[str]) -> Checked[WorkTreeStatus]:
    git = repository.git
    options = ("--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--no-renames")
    said = git.run(*without_programs(git), "status", *options, "--", *paths).decode("utf-8", "surrogateescape")
    lines = said.split("\0")[:-1]
    headers = dict(line.split(" ", 2)[1:] for line in lines if line.startswith("# "))
    changed = [line.split(" ", _FIELDS_BEFORE_PATH[line[0]])[-1] for line in lines if line[0] in _FIELDS_BEFORE_PATH]
    inside = tuple(sorted(name.removeprefix(repository.prefix) for name in changed))
    commit, branch = (_NOTHING.sub("", headers[name]) for name in ("branch.oid", "branch.head"))
    return Checked(WorkTreeStatus(commit, branch, bool(inside), inside))


def who(repository: Repository) -> str:
    """`Name <email>` as git would sign a commit here; what the machine knows where git knows nobody."""
    import git

    with git.Repo(repository.git.work_tree or repository.common_dir) as repo:
        actor = git.Actor.author(repo.config_reader())
    return f"{actor.name} <{actor.email}>"


def remote_address(repository: Repository, name: str) -> str | None:
    """The address of a configured remote, None where there is none of this name."""
    done = repository.git.finish("config", "--get", f"remote.{name}.url")
    return done.out.decode("utf-8", "surrogateescape").strip() or None


def login_settings(repository: Repository) -> tuple[tuple[str, str], ...]:
    """Settings of this repository alone (not the user's) that say how to log in; CI checkouts put tokens there."""
    return tuple(pair for pair in _own_settings(repository.git) if pair[0].lower().startswith(_LOGIN_SETTINGS))


def without_programs(git: Git) -> tuple[str, ...]:
    """Options that keep filters and merge drivers of the repository's own settings from running; the user's may.

    A file that such a driver would merge counts as a conflict.
    """
    options: list[str] = []
    for name, _ in _own_settings(git):
        found = _PROGRAM.fullmatch(name)
        if found:
            options += ["-c", f"{name}={'false' if name.endswith(('.driver', '.required')) else ''}"]
    return tuple(options)


def _own_settings(git: Git) -> tuple[tuple[str, str], ...]:
    done = git.finish("config", "--list", "-z", "--show-scope", "--includes")
    fields = done.out.decode("utf-8", "surrogateescape").split("\0")
    scoped = zip(fields[::2], fields[1::2], strict=False)
    own = (entry.partition("\n") for scope, entry in scoped if scope in ("local", "worktree"))
    return tuple((name, value) for name, _, value in own)


def last_change(repository: Repository, paths: Sequence[str]) -> Checked[datetime]:
    """When the last commit that changed any of `paths` (relative to the project) was made, in UTC."""
    return attempt(lambda: Checked(_last_change(repository, paths)))


def _last_change(repository: Repository, paths: Sequence[str]) -> datetime | None:
    places = [repository.prefix + path for path in paths]
    said = repository.git.text("log", "-1", "--format=%ct", "HEAD", "--", *places).strip()
    return datetime.fromtimestamp(int(said), UTC) if said else None
