"""Plan <-> bytes. Written canonically, so that equal plans are equal files; read as something a stranger sent."""

import json
from typing import Any

from pydantic import ValidationError

from opsdecl.addr import canonical_json, digest_of_bytes, format_path
from opsdecl.diag import Checked, Code, Diagnostic
from opsdecl.diag.codes import plan as codes
from opsdecl.diff.types import FORMAT_VERSION, Plan

SCHEMA_ID = "https://opsdecl.dev/schemas/plan.schema.json"
MAX_BYTES = 256 * 1024 * 1024
MAX_DEPTH = 200
_MAX_REPORTED = 10
_AGAIN = "write it again with `opsdecl plan --out FILE`"


def dump_plan(plan: Plan) -> bytes:
    """Canonical JSON with one newline at the end. The same plan gives the same bytes everywhere."""
    return canonical_json(plan.model_dump(mode="json", by_alias=True)) + b"\n"


def plan_digest(plan: Plan) -> str:
    """What approvals and history name: sha256 of the file."""
    return digest_of_bytes(dump_plan(plan))


def plan_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file; `schemas/plan.schema.json` is a copy."""
    body = Plan.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **body}


def load_plan(data: bytes) -> Checked[Plan]:
    """The plan, or what is wrong with the file. Fields of newer writers are ignored."""
    if len(data) > MAX_BYTES:
        return _refuse(codes.PLAN_TOO_LARGE, f"the plan file has {len(data):,} bytes, {MAX_BYTES:,} is the bound")
    parsed = _parse(data)
    if parsed.value is None:
        return Checked(None, parsed.diagnostics)
    version = parsed.value.get("formatVersion")
    if version != FORMAT_VERSION or isinstance(version, bool):
        shown = f"format version {version}" if isinstance(version, int) else "no format version"
        return _refuse(codes.PLAN_FORMAT_UNKNOWN, f"the plan file has {shown}, this opsdecl reads {FORMAT_VERSION}")
    try:
        return Checked(Plan.model_validate(parsed.value, strict=False))
    except ValidationError as error:
        return Checked(None, _describe(error))


def _parse(data: bytes) -> Checked[dict[str, Any]]:
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
        depth = _depth(value)
    except RecursionError:
        return _refuse(codes.PLAN_TOO_LARGE, "the plan file is nested too deeply")
    except ValueError as error:
        return _refuse(codes.NOT_A_PLAN, f"the plan file is no JSON text ({_reason(error)})")
    if depth > MAX_DEPTH:
        return _refuse(codes.PLAN_TOO_LARGE, f"the plan file is nested {depth} deep, {MAX_DEPTH} is the bound")
    if not isinstance(value, dict):
        return _refuse(codes.NOT_A_PLAN, "the plan file holds something else than a mapping")
    return Checked(value)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _depth(value: Any) -> int:
    """Level by level, since recursion is what deep nesting breaks."""
    level, depth = [value], 0
    while level:
        depth += 1
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
    return depth


def _refuse(code: Code, message: str) -> Checked[Any]:
    return Checked(None, (Diagnostic(code, message, hint=_AGAIN),))


def _describe(error: ValidationError) -> tuple[Diagnostic, ...]:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(
        Diagnostic(
            codes.PLAN_MALFORMED, f"`{format_path(p['loc'])}` of the plan file {_problem(p['type'])}", hint=_AGAIN
        )
        for p in problems[:_MAX_REPORTED]
    )


def _problem(kind: str) -> str:
    if kind == "missing":
        return "is missing"
    return "is not one of the values it may have" if kind == "literal_error" else "holds a value of another type"
