"""How a kind is declared: the base of every model, and what a field says beside its type."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Tag
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from opsdecl.diag import Code

API_VERSION = "opsdecl.dev/v1"
REFUSED = "opsdecl"
BRANCH_MARK = "\0"

EffectClass = Literal[
    "data-loss", "removal", "replace", "behaviour", "capacity", "rolling", "reload", "metadata", "none"
]
EffectRule = Literal["", "minor-version", "shrink", "from-pvc", "newly-set", "removed"]
"""How before and after decide between the class of a row and a milder one; `spec.fields.FieldEffect` has the list."""

Extra = dict[str, Any]


class Part(BaseModel):
    """A mapping inside a document: frozen, strict, camelCase in YAML."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        serialize_by_alias=True,
        defer_build=True,
        protected_namespaces=(),
    )


class Word(Struct, frozen=True):
    """What a type is called in messages and reference pages: `name`, `duration`, `whole number`."""

    text: str


class Example(Struct, frozen=True):
    """A further document of a kind, and what it shows."""

    shows: str
    text: str


class Kind(Struct, frozen=True):
    """One kind of document. `example` is a complete valid document as YAML text, and so are `further` ones."""

    name: str
    model: type[Part]
    summary: str
    example: str
    further: tuple[Example, ...] = ()


def effect(change_class: EffectClass, reason: str, *, rule: EffectRule = "", gone: str = "", shown: str = "") -> Extra:
    """What a change of the field means: the class, and why in a few words (`another model answers`). `gone`: why it
    matters that the field, or an entry of its list, is taken away. `shown`: the root of effective values that says to
    people what the field comes to, and stands for it in plans."""
    said = {"class": change_class, "reason": reason, "rule": rule, "gone": gone, "shown": shown}
    return {"x-opsdecl-effect": {name: text for name, text in said.items() if text}}


def merge_key(name: str) -> Extra:
    """Items of the list merge by this field instead of replacing the whole list."""
    return {"x-merge-key": name}


def reference(target: str) -> Extra:
    """The value names something else: a kind (`Runtime`), or a table (`catalog/models`, `pools`)."""
    return {"x-opsdecl-reference": target}


def selects(*kinds: str) -> Extra:
    """The value is a map of labels: it names every document of these kinds that has all of them."""
    return {"x-opsdecl-selects": list(kinds)}


def excludes(*names: str) -> Extra:
    """Siblings that cannot stand beside the field: a layer that sets it drops those of lower layers."""
    return {"x-opsdecl-excludes": list(names)}


def literal_text() -> Extra:
    """The value may use braces itself, so `${{ … }}` in it is left alone."""
    return {"x-opsdecl-interpolate": False}


def branch(name: str) -> Tag:
    """The tag of a union's member, marked so that it can never be taken for a key of the document."""
    return Tag(BRANCH_MARK + name)


def branch_by_type(value: Any) -> str | None:
    """Discriminates by the field `type`; None where there is none."""
    name = value.get("type") if isinstance(value, Mapping) else getattr(value, "type", None)
    return BRANCH_MARK + name if isinstance(name, str) else None


def branch_by_shape(value: Any) -> str | None:
    """Discriminates a text from a mapping; None for anything else."""
    if isinstance(value, str):
        return BRANCH_MARK + "text"
    return BRANCH_MARK + "mapping" if isinstance(value, Mapping | BaseModel) else None


def refusal(code: Code, message: str, hint: str = "") -> PydanticCustomError:
    """An error that `spec.check` turns into a diagnostic with exactly this code, message and hint."""
    return PydanticCustomError(REFUSED, "{message}", {"code": code.id, "message": message, "hint": hint})
