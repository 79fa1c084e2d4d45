"""A remote repository: which commit a branch of it is, and a branch of ours pushed to it."""

from collections.abc import Sequence
from pathlib import Path

from opsdecl.diag import Checked, Diagnostic
from opsdecl.targets.git.failures import explain_failure
from opsdecl.targets.git.names import branch_problem, remote_problem
from opsdecl.targets.git.repository import Repository
from opsdecl.targets.git.run import Git, attempt


def branch_commit(url: str, branch: str) -> Checked[str]:
    """The commit, empty where the remote has no such branch."""
    problem = remote_problem(url) or branch_problem(branch)
    if problem is not None:
        return Checked(None, (problem,))
    return attempt(lambda: Checked(_listed(Git(None, Path("/")), url, branch)))


def pushed_commit(repository: Repository, remote: str, branch: str) -> Checked[str]:
    """Of a remote of the repository, such as `origin`; empty where it has no such branch."""
    problem = branch_problem(branch) or _name_problem(remote)
    if problem is not None:
        return Checked(None, (problem,))
    return attempt(lambda: Checked(_listed(repository.git, remote, branch)))


def push_branch(
    repository: Repository, remote: str, branch: str, options: Sequence[str] = ()
) -> tuple[Diagnostic, ...]:
    """Pushes a new branch, and never moves one that is there. `options` are for the forge."""
    reference = f"refs/heads/{branch}"
    given = [part for option in options for part in ("--push-option", option)]
    # An expected old value of nothing makes the push fail where somebody made the branch meanwhile.
    lease = f"--force-with-lease={reference}:"
    done = repository.git.finish(
        "push", "--quiet", lease, *given, "--", remote, f"{reference}:{reference}", remote=remote
    )
    return (explain_failure(done.err, remote=remote, command="push"),) if done.code else ()


def _listed(git: Git, remote: str, branch: str) -> str:
    return git.text("ls-remote", "--", remote, f"refs/heads/{branch}", remote=remote).partition("\t")[0]


def _name_problem(remote: str) -> Diagnostic | None:
    return remote_problem(remote) if "/" in remote or ":" in remote else branch_problem(remote)
