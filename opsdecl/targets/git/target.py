"""A branch of a git remote as a target: desired is compiled, applied is our last commit, live is the branch's head."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from opsdecl.addr import Release
from opsdecl.apply.ports import Record
from opsdecl.apply.types import Changed, Event, Outcome, Recorded, Revision, Started
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import targets as codes
from opsdecl.diag.codes.plan import STALE
from opsdecl.diff.records import TargetState
from opsdecl.diff.types import ReleasePlan
from opsdecl.render.types import ManifestSet
from opsdecl.targets.git import history, writing
from opsdecl.targets.git.branches import Branch, LocalBranch, RemoteBranch, open_mirror
from opsdecl.targets.git.companions import needs_address
from opsdecl.targets.git.message import compose, signature
from opsdecl.targets.git.names import is_path, remote_problem
from opsdecl.targets.git.repository import Repository, discover, login_settings, remote_address
from opsdecl.targets.git.run import GitError, attempt
from opsdecl.targets.git.settings import HERE, GitSettings
from opsdecl.targets.git.snapshot import Snapshot, mover, state_of, take_snapshot

_TRIES = 12
_PAUSE = 0.03


@dataclass(frozen=True)
class GitTarget:
    """`apply.ports.Target` over a branch. `root` is the project's folder; mirrors of remotes live below it."""

    settings: GitSettings
    release: Release
    root: Path

    def read(self) -> Checked[TargetState]:
        """The release as the branch holds it now. A missing branch is an empty release, an unreachable one an error."""
        return attempt(lambda: self._state(self._branch.head()))

    def read_revision(self, revision: str) -> Checked[TargetState]:
        """The release as it was in a commit of the branch, named by id, a beginning of it, or `<branch>~2`."""
        return attempt(lambda: self._state(history.commit_on_branch(self._branch, revision)))

    def history(self, limit: int) -> Checked[Sequence[Revision]]:
        """Commits that touched the release, newest first; those that opsdecl did not make are of kind `edit`."""
        return attempt(lambda: Checked(history.revisions_of(self._branch, self.settings, self.release, limit)))

    def blame(self, name: str) -> Checked[Revision]:
        """The commit that last changed an object, by address, document (`LLM.chat`), or `Deployment assist/chat`."""
        return attempt(lambda: Checked(history.blame(self._branch, self.settings, self.release, name)))

    def write(
        self,
        desired: ManifestSet,
        plan: ReleasePlan,
        record: Record,
        *,
        expected: str,
        emit: Callable[[Event], None],
    ) -> Checked[Outcome]:
        """One commit with all of it, or nothing. Where nothing differs no commit is made: call it for an empty plan
        too, since settings of the target (annotations, Argo CD and Flux files) may have changed."""
        return attempt(lambda: self._write(desired, plan, record, expected, emit))

    def _state(self, head: str) -> Checked[TargetState]:
        snapshot = take_snapshot(self._branch.git, self.settings, self.release, head)
        state, findings = state_of(self._branch.git, self.settings, snapshot)
        return Checked(state, findings)

    def _write(
        self, desired: ManifestSet, plan: ReleasePlan, record: Record, expected: str, emit: Callable[[Event], None]
    ) -> Checked[Outcome]:
        for attempt_number in range(_TRIES):
            head = self._branch.head()
            snapshot = take_snapshot(self._branch.git, self.settings, self.release, head)
            if snapshot.identity != expected:
                return Checked(None, (self._stale(head),))
            outcome = self._commit(desired, plan, record, snapshot, emit)
            if outcome is not None:
                return Checked(outcome)
            # Somebody else's folder of this branch moved: ours may not have, and then we only need to come after.
            time.sleep(_PAUSE * attempt_number)
        said = f"`{self.settings.branch}` was moved by others {_TRIES} times while this was to be recorded"
        return Checked(None, (Diagnostic(codes.BUSY, said, hint="run the command again"),))

    def _commit(
        self,
        desired: ManifestSet,
        plan: ReleasePlan,
        record: Record,
        snapshot: Snapshot,
        emit: Callable[[Event], None],
    ) -> Outcome | None:
        """None where the branch had moved when the commit was to be published."""
        git = self._branch.git
        format_name = writing.object_format_of(git)
        emit(Started("write", len(desired.manifests)))
        change = writing.next_change(desired, plan, snapshot, self.settings, record, self._address, format_name)
        writing.write_blobs(git, change)
        tree = writing.write_tree(git, change, self.settings, snapshot.head, format_name)
        if snapshot.own and tree == writing.tree_of(git, snapshot.head):
            return Outcome(snapshot.own, {})
        counts = writing.counts_of(plan)
        by = signature(record.who, record.at)
        message = compose(record, self.release, change.desired_digest, counts)
        commit = writing.write_commit(git, tree, snapshot.head, message, by)
        emit(Started("publish", len(plan.changes)))
        if not self._branch.publish(commit, snapshot.head, by):
            return None
        for named in plan.changes:
            emit(Changed(named.address, named.action))
        emit(Recorded(commit))
        return Outcome(commit, counts)

    def _stale(self, head: str) -> Diagnostic:
        who = mover(self._branch.git, self.settings, self.release, head)
        said = f"`{self.settings.branch}` is not as it was when this was planned" + (
            f": last moved by {who}" if who else ""
        )
        return Diagnostic(STALE, said, hint="plan again, and look at what moved with `opsdecl history`")

    @cached_property
    def _branch(self) -> Branch:
        """Raises GitError where the settings name something that git must not be given, or nothing that is there."""
        problems = self.settings.problems()
        if problems:
            raise GitError(problems[0])
        repository = self._repository
        if self.settings.remote == HERE and not self.settings.push:
            if repository is None:
                said = f"the target writes a branch of this repository, and {self.root} is in none"
                raise GitError(Diagnostic(codes.NOT_A_REPOSITORY, said, hint="run `git init`, or set `remote`"))
            return LocalBranch(repository.git, self.settings.branch)
        address = self._remote(repository)
        login = login_settings(repository) if repository else ()
        return RemoteBranch(open_mirror(self.root, address, login), address, self.settings.branch)

    @cached_property
    def _repository(self) -> Repository | None:
        found = discover(self.root)
        if found.value is None and found.diagnostics[0].code is not codes.NOT_A_REPOSITORY:
            raise GitError(found.diagnostics[0])
        return found.value

    def _remote(self, repository: Repository | None) -> str:
        """The address behind the setting: a configured remote by name, else a path from the project, else as written."""
        name = "origin" if self.settings.remote == HERE else self.settings.remote
        configured = remote_address(repository, name) if repository and "/" not in name and ":" not in name else None
        if configured is None and self.settings.remote == HERE:
            said = "the target pushes to this repository's remote `origin`, and there is none"
            raise GitError(Diagnostic(codes.UNREACHABLE, said, hint="git remote add origin <address>, or set `remote`"))
        return _absolute(
            configured or name, repository.git.work_tree or self.root if repository and configured else self.root
        )

    @cached_property
    def _address(self) -> str:
        """What Argo CD and Flux files name: the remote as written, so that every machine writes the same."""
        if not needs_address(self.settings):
            return ""
        origin = remote_address(self._repository, "origin") if self._repository else None
        written = origin if self.settings.remote in (HERE, "origin") else self.settings.remote
        if written is None:
            said = "the remote `.` has no address that a cluster could read"
            hint = "set `argocd.repository` or `flux.repository`"
            raise GitError(Diagnostic(codes.NO_ADDRESS, said, hint=hint))
        return written


def _absolute(address: str, base: Path) -> str:
    """Paths are taken from the project, not from where the command runs. Raises GitError for an unsafe address."""
    problem = remote_problem(address)
    if problem:
        raise GitError(problem)
    return str((base / Path(address).expanduser()).resolve()) if is_path(address) else address
