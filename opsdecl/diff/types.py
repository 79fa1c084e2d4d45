"""The plan: shown, saved, sent, checked and executed. Frozen pydantic models, since it is also a file format."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

FORMAT_VERSION = 1

Action = Literal["create", "update", "replace", "delete", "adopt", "forget", "noop"]
Cause = Literal["spec", "drift", "both", "tool"]
ChangeClass = Literal[
    "data-loss", "removal", "replace", "behaviour", "capacity", "rolling", "reload", "metadata", "none"
]
CLASSES: tuple[ChangeClass, ...] = (
    "data-loss",
    "removal",
    "replace",
    "behaviour",
    "capacity",
    "rolling",
    "reload",
    "metadata",
    "none",
)
"""Worst first."""


class Model(BaseModel):
    """Strict when we write; `extra` fields of newer writers are ignored when we read."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Origin(Model):
    file: str
    line: int
    column: int


class FieldChange(Model):
    """`path` in the object or in the document; a value that is absent on one side is `null` and listed in `absent`.

    `summary` stands in for long texts when people look; the values themselves are always complete.
    """

    path: str
    before: Any = None
    after: Any = None
    absent: tuple[Literal["before", "after"], ...] = ()
    cause: Cause = "spec"
    summary: str = ""
    classes: tuple[ChangeClass, ...] = ()
    reason: str = ""
    origin: Origin | None = None


class ObjectRef(Model):
    api_version: str
    kind: str
    namespace: str
    name: str


class Effects(Model):
    """What a change does to what runs. Counts are ranges over the replicas that may be up: lowest, highest."""

    pods: tuple[int, int] = (0, 0)
    gpus: tuple[int, int] = (0, 0)
    gpu: str = ""
    restart_field: str = ""


class ObjectChange(Model):
    """What one object needs, and why."""

    address: str
    object: ObjectRef
    action: Action
    cause: Cause = "spec"
    classes: tuple[ChangeClass, ...] = ()
    reasons: tuple[str, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    effects: Effects = Effects()
    replaces: ObjectRef | None = None
    """Of a `replace` under another key: the object that goes away."""
    digest_before: str = ""
    digest_after: str = ""
    drifted_by: str = ""
    """Who changed it outside opsdecl, as far as the target knows: author and commit, or a field manager."""


class DocumentChange(Model):
    """What a person changed, per document, with what it means. `shared_by` counts the documents a path reaches."""

    address: str
    action: Action
    classes: tuple[ChangeClass, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    effects: Effects = Effects()
    shared_by: dict[str, int] = {}
    objects: tuple[str, ...] = ()
    """Addresses of the object changes that belong to it."""


class Approval(Model):
    """An approval that the change will need: one per class and group."""

    change_class: ChangeClass
    group: str
    documents: tuple[str, ...] = ()


class Finding(Model):
    """A diagnostic in JSON."""

    code: str
    severity: Literal["note", "warning", "error"]
    title: str = ""
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str = ""
    subject: str = ""


class Step(Model):
    """One unit of an apply: objects that may go together, in order of their wave."""

    verb: Literal["apply", "wait", "prune", "forget", "record"]
    wave: int
    addresses: tuple[str, ...] = ()


class DesiredRef(Model):
    digest: str


class BaseRef(Model):
    """What the plan was compared with. `digest` is of the objects found there."""

    ref: str = ""
    commit: str = ""
    digest: str = ""
    known: bool = True


class ReleasePlan(Model):
    id: str
    target: str
    desired: DesiredRef
    base: BaseRef = BaseRef()
    summary: dict[str, int]
    changes: tuple[ObjectChange, ...] = ()
    steps: tuple[Step, ...] = ()


class SourceRef(Model):
    commit: str = ""
    dirty: bool = False
    ref: str = ""


class Plan(Model):
    """One environment, all its releases. The stable part of the JSON is what `schemas/plan.schema.json` publishes."""

    format_version: int = FORMAT_VERSION
    tool_version: str
    mode: Literal["review", "execution"]
    environment: str
    source: SourceRef
    base: BaseRef
    lock_digest: str = ""
    releases: tuple[ReleasePlan, ...]
    documents: tuple[DocumentChange, ...] = ()
    approvals: tuple[Approval, ...] = ()
    summary: dict[str, int]
    findings: tuple[Finding, ...] = ()

    @property
    def changes(self) -> tuple[ObjectChange, ...]:
        return tuple(change for release in self.releases for change in release.changes)
