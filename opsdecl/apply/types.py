"""What happens while a plan is carried out, and what came of it."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from opsdecl.diff.types import Action

ReadinessState = Literal["Current", "InProgress", "Failed", "Terminating", "NotFound"]


class Readiness(Struct, frozen=True):
    """Whether a live object does its work. `message` says what it waits for or what is wrong; `ready` of `wanted` pods
    are counted where the object has pods, both None elsewhere."""

    state: ReadinessState
    message: str = ""
    ready: int | None = None
    wanted: int | None = None


class Started(Struct, frozen=True):
    """A step begins."""

    step: str
    objects: int


class Changed(Struct, frozen=True):
    """One object is done."""

    address: str
    action: Action


class Recorded(Struct, frozen=True):
    """The target holds the new revision; what follows is looking on while it becomes ready."""

    revision: str


class Watched(Struct, frozen=True):
    """An object that was applied got another readiness, or another reason for it."""

    address: str
    readiness: Readiness


class Queued(Struct, frozen=True):
    """Somebody else holds the release, and is watched: a renewal ends the apply, `at_most_s` without one the hold."""

    holder: str
    at_most_s: float


Event = Started | Changed | Recorded | Watched | Queued


class Outcome(Struct, frozen=True):
    """What an apply left behind. Where something `failed`, no revision was recorded of what was done all the same."""

    revision: str
    counts: Mapping[str, int]
    failed: bool = False


class Revision(Struct, frozen=True):
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
    approvals: tuple[str, ...] = ()
    """As they were recorded with the apply."""

    @classmethod
    def stored(cls, row: Mapping[str, Any]) -> "Revision":
        """From its JSON. Raises TypeError where that is of another shape."""
        return cls(**{**row, "approvals": tuple(row.get("approvals", ()))})


class ObjectStatus(Struct, frozen=True):
    """One object of a release as it is now; `object` is its kind, namespace and name."""

    address: str
    object: str
    readiness: Readiness


class Status(Struct, frozen=True):
    """What runs of a release: the revision that was applied last, and each object. `holder` is who applies now."""

    revision: Revision | None
    objects: tuple[ObjectStatus, ...]
    holder: str = ""


class Taking(Struct, frozen=True):
    """A field that changes hands: who holds it since when, its value now and the one that it gets (None: removed)."""

    path: str
    manager: str
    since: str
    before: Any
    after: Any


class Adopted(Struct, frozen=True):
    """An object that is taken over, as it was when somebody looked. `keeper` is another tool that has it in its books,
    `joins` whether the release owned nothing of it before, `managers` those whose fields all become the release's."""

    address: str
    object: str
    uid: str
    joins: bool
    keeper: str
    managers: tuple[str, ...]
    fields: tuple[Taking, ...]
    claims: tuple[str, ...]
    """Paths, as the target spells them, of what others hold with another value."""
    digest: str
    """Of all that above, and of what the specs want."""


class Adoption(Struct, frozen=True):
    """What a take-over changes. Only what has this digest is carried out."""

    target: str
    objects: tuple[Adopted, ...]
    digest: str
