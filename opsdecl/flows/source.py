"""What a plan is made from: the commit, the merge result, or the files as they lie there."""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from opsdecl.diag import Checked
from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.spec.source import WorkTree
from opsdecl.spec.types import SourceTree
from opsdecl.targets.git.objects import PROJECT_PATHS, SPEC_PATHS, CommitTree, merge_result
from opsdecl.targets.git.repository import Repository, discover, last_change, resolve_ref, who, work_tree_status


class ReviewSides(Struct, frozen=True):
    """Both sides of a review plan, and what they are called."""

    desired: SourceTree
    base: SourceTree
    source: SourceRef
    base_ref: BaseRef


def review_sides(root: Path, reference: str, *, worktree: bool) -> Checked[ReviewSides]:
    """Base is `reference`; desired is what merging HEAD into it gives, or the files as they lie there."""
    found = discover(root)
    if found.value is None:
        return Checked(None, found.diagnostics)
    return _with_files(found.value, root, reference) if worktree else _with_merge(found.value, root, reference)


def _with_files(repository: Repository, root: Path, reference: str) -> Checked[ReviewSides]:
    commit = resolve_ref(repository, reference)
    if commit.value is None:
        return Checked(None, commit.diagnostics + work_tree_status(repository, PROJECT_PATHS).diagnostics)
    base = CommitTree(repository.git, commit.value, repository.prefix)
    base.list_ahead()
    status = work_tree_status(repository, PROJECT_PATHS)
    if status.value is None:
        return Checked(None, status.diagnostics)
    source = SourceRef(commit=status.value.commit, dirty=status.value.dirty, ref="files")
    return Checked(ReviewSides(WorkTree(root), base, source, BaseRef(ref=reference, commit=commit.value)))


def _with_merge(repository: Repository, root: Path, reference: str) -> Checked[ReviewSides]:
    merged = merge_result(repository, reference)
    status = work_tree_status(repository, PROJECT_PATHS)
    if merged.value is None or status.value is None:
        return Checked(None, merged.diagnostics + status.diagnostics)
    source = SourceRef(commit=merged.value.head, dirty=status.value.dirty, ref="HEAD")
    sides = ReviewSides(
        merged.value.desired_tree(),
        merged.value.base_tree(),
        source,
        BaseRef(ref=reference, commit=merged.value.base),
    )
    return Checked(sides)


def work_tree_source(root: Path) -> SourceRef:
    """The commit that the files belong to; empty outside a repository, which is fine for targets elsewhere."""
    found = discover(root)
    status = work_tree_status(found.value, PROJECT_PATHS).value if found.value else None
    return SourceRef(commit=status.commit, dirty=status.dirty, ref="files") if status else SourceRef(ref="files")


def author_of(root: Path) -> str:
    """Who works here, as git would sign it; empty outside a repository."""
    found = discover(root)
    return who(found.value) if found.value else ""


def specs_changed_at(root: Path) -> datetime | None:
    """When the last commit was made that changed the specs. None outside a repository, for files that differ from it,
    and where a shallow clone may lack that commit."""
    found = discover(root)
    status = work_tree_status(found.value, SPEC_PATHS).value if found.value else None
    if found.value is None or status is None or status.dirty or not status.commit or found.value.shallow:
        return None
    return last_change(found.value, SPEC_PATHS).value
