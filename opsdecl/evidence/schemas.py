"""The published JSON Schemas of evidence, and of the result that a program of one's own reports."""

from typing import Any

from msgspec import Struct
from msgspec.json import schema_components

from opsdecl.evidence.types import Evidence, Result

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def evidence_schema() -> dict[str, Any]:
    said = "A file `evidence/<digest>.json`: what one run of an evaluation found of one candidate."
    return _published("evidence", "Evidence", said, Evidence)


def result_schema() -> dict[str, Any]:
    said = "What the program of an evaluation writes to the file that $EVALUATION_RESULT names; at most 4,096 bytes."
    return _published("evaluation-result", "Result of an evaluation", said, Result)


def _published(name: str, title: str, said: str, root: type[Struct]) -> dict[str, Any]:
    (_,), parts = schema_components((root,), ref_template="#/$defs/{name}")
    whole = parts.pop(root.__name__)
    return {
        "$schema": _DRAFT,
        "$id": f"https://opsdecl.dev/schemas/{name}.schema.json",
        "title": title,
        "description": said,
        **{key: value for key, value in whole.items() if key not in ("title", "description")},
        **({"$defs": dict(sorted(parts.items()))} if parts else {}),
    }
