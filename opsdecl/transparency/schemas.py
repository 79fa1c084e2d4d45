"""The published JSON Schemas of what `card` and `trace` print, made from the values themselves."""

from typing import Any

from msgspec import Struct
from msgspec.json import schema_components

from opsdecl.transparency.types import FORMAT_VERSION, ModelCard, Trace

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def card_schema() -> dict[str, Any]:
    said = "What `opsdecl card --format json` prints: all that is declared and known of one document."
    return _published("card", "Model card", said, ModelCard, {"frontMatter": {"type": "object"}})


def trace_schema() -> dict[str, Any]:
    said = "What `opsdecl trace --format json` prints: what answered under a document's name, times in UTC."
    return _published("trace", "What answered when", said, Trace, {})


def _published(name: str, title: str, said: str, root: type[Struct], more: dict[str, Any]) -> dict[str, Any]:
    """Everything is always printed, and nothing else; but for fields that stay unset."""
    (_,), parts = schema_components((root,), ref_template="#/$defs/{name}")
    whole = parts.pop(root.__name__)
    properties = {"formatVersion": {"const": FORMAT_VERSION}, **whole["properties"], **more}
    return {
        "$schema": _DRAFT,
        "$id": f"https://opsdecl.dev/schemas/{name}.schema.json",
        "title": title,
        "description": said,
        **_complete({"type": "object", "properties": properties}, unset=_unset(whole)),
        "$defs": {name: _complete(part, unset=_unset(part)) for name, part in sorted(parts.items())},
    }


def _complete(part: dict[str, Any], *, unset: frozenset[str]) -> dict[str, Any]:
    always = [name for name in part["properties"] if name not in unset]
    return {**part, "required": always, "additionalProperties": False}


def _unset(part: dict[str, Any]) -> frozenset[str]:
    """Properties that have neither a value from the start nor one that must be given."""
    given = part.get("required", ())
    return frozenset(name for name, shape in part["properties"].items() if name not in given and "default" not in shape)
