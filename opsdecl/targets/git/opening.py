"""From a target's settings to the branch they mean."""

from pathlib import Path

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import targets as codes
from opsdecl.targets.git.branches import Branch, LocalBranch, RemoteBranch, open_mirror
from opsdecl.targets.git.companions import needs_address
from opsdecl.targets.git.names import is_path, remote_problem
from opsdecl.targets.git.repository import Repository, discover, login_settings, remote_address
from opsdecl.targets.git.run import GitError
from opsdecl.targets.git.settings import HERE, GitSettings


def open_branch(settings: GitSettings, root: Path) -> Branch:
    """The branch, local or behind a mirror below `root`. Raises GitError for names that git must not be given."""
    problems = settings.problems()
    if problems:
        raise GitError(problems[0])
    repository = _repository(root)
    if settings.remote != HERE or settings.push:
        address = _remote(settings, repository, root)
        login = login_settings(repository) if repository else ()
        return RemoteBranch(open_mirror(root, address, login), address, settings.branch)
    if repository is None:
        said = f"the target writes a branch of this repository, and {root} is in none"
        raise GitError(Diagnostic(codes.NOT_A_REPOSITORY, said, hint="run `git init`, or set the target's `remote`"))
    return LocalBranch(repository.git, settings.branch)


def published_address(settings: GitSettings, root: Path) -> str:
    """What Argo CD and Flux files name: the remote as written, so that every machine writes the same."""
    if not needs_address(settings):
        return ""
    repository = _repository(root)
    written: str | None = settings.remote
    if settings.remote in (HERE, "origin"):
        written = remote_address(repository, "origin") if repository else None
    if written is None:
        said = f"the remote `{settings.remote}` has no address that a cluster could read"
        hint = "set `argocd.repository` or `flux.repository`"
        raise GitError(Diagnostic(codes.NO_ADDRESS, said, hint=hint))
    return written


def _repository(root: Path) -> Repository | None:
    found = discover(root)
    if found.value is None and found.diagnostics[0].code is not codes.NOT_A_REPOSITORY:
        raise GitError(found.diagnostics[0])
    return found.value


def _remote(settings: GitSettings, repository: Repository | None, root: Path) -> str:
    """The address behind the setting: a configured remote by name, a path from the project, or as written."""
    name = "origin" if settings.remote == HERE else settings.remote
    configured = remote_address(repository, name) if repository and "/" not in name and ":" not in name else None
    if configured is None and settings.remote == HERE:
        said = "the target pushes to this repository's remote `origin`, and there is none"
        raise GitError(Diagnostic(codes.UNREACHABLE, said, hint="git remote add origin ADDRESS, or set `remote`"))
    top = repository.git.work_tree if repository and configured else None
    return _absolute(configured or name, top or root)


def _absolute(address: str, base: Path) -> str:
    """Paths are taken from the project, not from where the command runs. Raises GitError for an unsafe address."""
    problem = remote_problem(address)
    if problem:
        raise GitError(problem)
    return str((base / Path(address).expanduser()).resolve()) if is_path(address) else address
