"""The `card` of a document -> what people say of the model."""

from collections.abc import Mapping
from typing import Any

from msgspec import convert

from opsdecl.transparency.types import Deviation, Statements

_DEFAULT_TASKS = {"LLM": "text-generation"}


def statements_of(kind: str, effective: Mapping[str, Any]) -> Statements:
    """As declared; the task of language models is known without being said."""
    said: Statements = convert(
        {"task": _DEFAULT_TASKS.get(kind, ""), **(effective["spec"].get("card") or {})}, Statements
    )
    return said


def deviations_of(effective: Mapping[str, Any]) -> tuple[Deviation, ...]:
    """Where the document says, with its reason, that something the tool would do or find does not hold."""
    spec = effective["spec"]
    sizing = spec.get("sizing")
    eased = (Deviation("sizing.level", sizing["reason"]),) if sizing else ()
    patches = (Deviation(f"patches {p['target']} {p['path']}", p["reason"]) for p in spec.get("patches") or ())
    return (*eased, *patches)
