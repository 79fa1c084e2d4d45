"""A branch of a git remote as a target: desired is compiled, applied is our last commit, live is the branch's head."""

import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

from msgspec import Struct

from opsdecl.addr import ObjectKey, Release
from opsdecl.apply.ports import Record
from opsdecl.apply.types import Changed, Event, Outcome, Recorded, Revision, Started
from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import targets as codes
from opsdecl.diag.codes.plan import STALE
from opsdecl.diff.records import TargetState
from opsdecl.diff.types import ReleasePlan
from opsdecl.render.types import ManifestSet
from opsdecl.targets.git import history, writing
from opsdecl.targets.git.branches import Branch
from opsdecl.targets.git.handover import Side, moving_entries, write_commits
from opsdecl.targets.git.message import compose, signature
from opsdecl.targets.git.opening import open_branch, published_address
from opsdecl.targets.git.run import attempt
from opsdecl.targets.git.settings import GitSettings
from opsdecl.targets.git.snapshot import Snapshot, mover, state_of, take_snapshot

_TRIES = 12
_PAUSE = 0.03


class GitTarget(Struct, frozen=True, dict=True):
    """`apply.ports.Target` over a branch. `root` is the project's folder; mirrors of remotes live below it."""

    settings: GitSettings
    release: Release
    root: Path

    def comparing_with(self, desired: ManifestSet) -> Self:
        """See `apply.ports.TargetReader`."""
        return self  # A branch is read whole.

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

    def partitions(self) -> Checked[Sequence[str]]:
        """Named partitions that have files on the branch, and the unnamed one where it has a record."""
        return attempt(lambda: Checked(self._partitions(self._branch.head())))

    def take_over(
        self, source: Release, keys: Sequence[ObjectKey], record: Record, *, expected: str, given: str
    ) -> Checked[tuple[str, str]]:
        """See `flows.targets.PartitionedTarget`."""
        return attempt(lambda: self._take_over(source, keys, record, expected, given))

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

    def _partitions(self, head: str) -> tuple[str, ...]:
        rest = self.release._replace(partition="")
        snapshot = take_snapshot(self._branch.git, self.settings.of_partition(""), rest, head)
        entries = snapshot.inventory.entries if snapshot.inventory is not None else ()
        return (*(("",) if entries else ()), *snapshot.partitions)

    def _take_over(
        self, source: Release, keys: Sequence[ObjectKey], record: Record, expected: str, given: str
    ) -> Checked[tuple[str, str]]:
        git = self._branch.git
        for number in range(_TRIES):
            head = self._branch.head()
            taker = Side(self.settings, self.release, take_snapshot(git, self.settings, self.release, head))
            theirs = self.settings.of_partition(source.partition)
            giver = Side(theirs, source, take_snapshot(git, theirs, source, head))
            if (taker.snapshot.identity, giver.snapshot.identity) != (expected, given):
                return Checked(None, (self._stale(head),))
            moving = moving_entries(giver, keys)
            commit = write_commits(git, taker, giver, moving, record)
            if self._branch.publish(commit, head, signature(record.who, record.at)):
                after = take_snapshot(git, self.settings, self.release, commit)
                return Checked((after.identity, take_snapshot(git, theirs, source, commit).identity))
            time.sleep(_PAUSE * number)
        return Checked(None, (self._busy(),))

    def _write(
        self, desired: ManifestSet, plan: ReleasePlan, record: Record, expected: str, emit: Callable[[Event], None]
    ) -> Checked[Outcome]:
        for number in range(_TRIES):
            head = self._branch.head()
            snapshot = take_snapshot(self._branch.git, self.settings, self.release, head)
            if snapshot.identity != expected:
                return Checked(None, (self._stale(head),))
            outcome = self._commit(desired, plan, record, snapshot, emit)
            if outcome is not None:
                return Checked(outcome)
            # Somebody else's folder of this branch moved: ours may not have, and then we only need to come after.
            time.sleep(_PAUSE * number)
        return Checked(None, (self._busy(),))

    def _busy(self) -> Diagnostic:
        said = f"`{self.settings.branch}` was moved by others {_TRIES} times while this was to be recorded"
        return Diagnostic(codes.BUSY, said, hint="run the command again")

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
        address = published_address(self.settings, self.root)
        emit(Started("write", len(desired.manifests)))
        change = writing.next_change(desired, plan, snapshot, self.settings, record, address, format_name)
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
        by = f": last moved by {who}" if who else ""
        said = f"`{self.settings.branch}` is not as it was when this was planned{by}"
        return Diagnostic(STALE, said, hint="plan again, and look at what moved with `opsdecl history`")

    @cached_property
    def _branch(self) -> Branch:
        return open_branch(self.settings, self.root)
