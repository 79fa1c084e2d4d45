"""Files as a commit on a branch of their own, by plumbing: what is checked out and the index stay as they are."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.transparency import BRANCH_THERE
from opsdecl.targets.git.message import signature
from opsdecl.targets.git.names import reference_problem
from opsdecl.targets.git.repository import Repository
from opsdecl.targets.git.run import attempt
from opsdecl.targets.git.writing import write_commit


def propose(
    repository: Repository, parent: str, branch: str, files: Mapping[str, bytes], message: str, who: str, at: str
) -> Checked[str]:
    """The commit. OD855 where there is such a branch, and nothing was written that anybody sees."""
    problem = reference_problem(branch)
    if problem:
        return Checked(None, (problem,))
    return attempt(lambda: _propose(repository, parent, branch, files, message, who, at))


def _propose(
    repository: Repository, parent: str, branch: str, files: Mapping[str, bytes], message: str, who: str, at: str
) -> Checked[str]:
    git, name = repository.git, f"refs/heads/{branch}"
    if not git.finish("rev-parse", "--verify", "--quiet", name).code:
        hint = f"look at it with `git log {branch}`, or name another with --branch"
        return Checked(None, (Diagnostic(BRANCH_THERE, f"there is a branch `{branch}` already", hint=hint),))
    with tempfile.TemporaryDirectory(prefix="opsdecl-index-") as folder:
        apart = git.having(GIT_INDEX_FILE=str(Path(folder) / "index"))
        apart.run("read-tree", parent)
        for file, data in sorted(files.items()):
            blob = apart.text("hash-object", "-w", "--stdin", data=data)
            apart.run("update-index", "--add", "--cacheinfo", f"100644,{blob},{repository.prefix}{file}")
        tree = apart.text("write-tree")
    commit = write_commit(git, tree, parent, message, signature(who, at))
    # The old value of nothing makes this fail where somebody made the branch meanwhile.
    git.run("update-ref", name, commit, "0" * len(commit))
    return Checked(commit)
