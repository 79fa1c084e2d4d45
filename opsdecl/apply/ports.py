"""What a target must offer. One contract suite runs over every implementation."""

from collections.abc import Callable, Sequence
from typing import Protocol, Self

from msgspec import Struct

from opsdecl.apply.types import Event, Outcome, Revision
from opsdecl.diag import Checked
from opsdecl.diff.records import TargetState
from opsdecl.diff.types import ReleasePlan
from opsdecl.render.types import ManifestSet


class Record(Struct, frozen=True):
    """What the history keeps of an apply beside the objects."""

    kind: str
    who: str
    at: str
    source_commit: str
    plan_digest: str
    tool_version: str
    lock_digest: str
    summary: str
    approvals: tuple[str, ...] = ()


class TargetReader(Protocol):
    """Reading never writes."""

    def comparing_with(self, desired: ManifestSet) -> Self:
        """The same target, whose `read` finds out what a plan towards `desired` has to know."""
        ...

    def read(self) -> Checked[TargetState]: ...

    def read_revision(self, revision: str) -> Checked[TargetState]: ...

    def history(self, limit: int) -> Checked[Sequence[Revision]]: ...


class TargetWriter(Protocol):
    """`write` makes the target hold exactly `desired` for the objects that `plan` names, or changes nothing.

    `expected` is the identity that the plan was computed from: where the target has moved on, the answer is a
    diagnostic of code OD510 (stale) and nothing was written. Two writers at once: exactly one wins.
    """

    def write(
        self,
        desired: ManifestSet,
        plan: ReleasePlan,
        record: Record,
        *,
        expected: str,
        emit: Callable[[Event], None],
    ) -> Checked[Outcome]: ...


class Target(TargetReader, TargetWriter, Protocol):
    """Both halves, for commands that need both."""
