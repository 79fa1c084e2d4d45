"""What happened to a release: its commits, and the one that last changed an object."""

import re
from collections.abc import Sequence

from opsdecl.addr import Release
from opsdecl.apply.types import Revision
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import targets as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.targets.git.branches import Branch
from opsdecl.targets.git.inventory import Entry
from opsdecl.targets.git.message import LOG_FORMAT, revisions
from opsdecl.targets.git.run import GitError
from opsdecl.targets.git.settings import GitSettings
from opsdecl.targets.git.snapshot import take_snapshot

_COMMIT = re.compile(r"[0-9a-f]{4,64}")


def revisions_of(branch: Branch, settings: GitSettings, release: Release, limit: int) -> tuple[Revision, ...]:
    """Newest first, at most `limit`."""
    head = branch.head()
    if not head or limit < 1:
        return ()
    log = branch.git.run("log", f"--max-count={limit}", LOG_FORMAT, head, "--", *settings.territory)
    return revisions(log, release)


def commit_on_branch(branch: Branch, revision: str) -> str:
    """The full id of a commit that the branch contains. Raises GitError for everything else."""
    head = branch.head()
    wanted = revision.strip().lower()
    if head and _COMMIT.fullmatch(wanted):
        done = branch.git.finish("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}")
        commit = done.out.decode().strip()
        if commit and not branch.git.finish("merge-base", "--is-ancestor", commit, head).code:
            return commit
    said = f"`{revision[:100]}` is no commit of the target's branch"
    raise GitError(Diagnostic(codes.UNKNOWN_REVISION, said, hint="list the revisions with `opsdecl history`"))


def blame(branch: Branch, settings: GitSettings, release: Release, name: str) -> Revision:
    """The newest commit that changed any file of what `name` names. Raises GitError where it names nothing."""
    snapshot = take_snapshot(branch.git, settings, release, branch.head())
    entries = snapshot.inventory.entries if snapshot.inventory else ()
    found = [entry for entry in entries if name in _names(entry)]
    if not found:
        raise GitError(_unknown(name, entries))
    files = sorted(settings.path(entry.file) for entry in found)
    log = branch.git.run("log", "-1", LOG_FORMAT, snapshot.head, "--", *files)
    return revisions(log, release)[0]


def _names(entry: Entry) -> tuple[str, ...]:
    return entry.address, entry.address.split("/")[0], str(entry.key), entry.file


def _unknown(name: str, entries: Sequence[Entry]) -> Diagnostic:
    known = {known for entry in entries for known in _names(entry)}
    hint = did_you_mean(name, known) or "name an address such as LLM.chat/main/deployment"
    return Diagnostic(codes.UNKNOWN_OBJECT, f"the release holds no `{name}`", hint=hint)
