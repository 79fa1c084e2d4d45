"""What happens while a plan is carried out, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from opsdecl.diff.types import Action


@dataclass(frozen=True, slots=True)
class Started:
    """A step begins."""

    step: str
    objects: int


@dataclass(frozen=True, slots=True)
class Changed:
    """One object is done."""

    address: str
    action: Action


@dataclass(frozen=True, slots=True)
class Recorded:
    """The target holds the new revision; from here on it is done."""

    revision: str


Event = Started | Changed | Recorded


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an apply left behind."""

    revision: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Revision:
    """One applied state: who, when, from what, under whose approval."""

    id: str
    at: str
    who: str
    source_commit: str
    desired_digest: str
    plan_digest: str
    summary: str
    kind: str
    """`apply`, `rollback`, `destroy`, or `edit` for a commit that opsdecl did not make."""
    counts: Mapping[str, int] = field(default_factory=dict)
