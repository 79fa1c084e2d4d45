"""Any of our values as JSON: field names in camelCase, and the version of the format."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

FORMAT_VERSION = 1


def render_json(**parts: Any) -> str:
    """One object with `formatVersion` first; parts may be structs, pydantic models, and lists and maps of them."""
    report = {"formatVersion": FORMAT_VERSION, **{camel(name): plain(part) for name, part in parts.items()}}
    return json.dumps(report, indent=2, ensure_ascii=True) + "\n"


def plain(value: Any) -> Any:
    """The value as JSON has it. Keys of maps stay as they are: they are names that people chose."""
    if isinstance(value, Struct):
        return {camel(name): plain(getattr(value, name)) for name in value.__struct_fields__}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
