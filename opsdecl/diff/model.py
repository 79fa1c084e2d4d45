"""The base of all that a plan file holds, and the place of a change."""

from pydantic import BaseModel
from pydantic.alias_generators import to_camel


class Model(BaseModel, frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, defer_build=True):
    """Strict when we write; `extra` fields of newer writers are ignored when we read."""


class Origin(Model):
    file: str
    line: int
    column: int
