"""JSON Schema 2020-12 of the kinds, for editors and other tools; generated from the models."""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from opsdecl.spec.kinds import API_VERSION, KINDS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
COMBINED = "opsdecl.schema.json"
_EXPRESSION: Schema = {
    "type": "string",
    "pattern": r"\$\{\{.*\}\}",
    "description": "An expression over `vars` and `environment`.",
}
_EXPRESSION_REF: Schema = {"$ref": "#/$defs/Expression"}
_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}
_NOTES = ("title", "description", "default", "x-opsdecl-effect", "x-opsdecl-reference", "x-merge-key", "examples")


def all_schemas() -> Mapping[str, Schema]:
    """File names below `schemas/` and what they hold: one schema per kind, and one for any document.

    The schemas of kinds demand whole documents. The combined one is for editors: it takes overlays as well, so nothing
    but `kind` and the name is required, `null` resets a field, and `$delete` drops an item.
    """
    kinds = {f"{name.lower()}.schema.json": kind_schema(name) for name in KINDS}
    return {**kinds, COMBINED: combined_schema()}


def kind_schema(name: str, *, overlay: bool = False) -> Schema:
    """The schema of one kind; with `overlay`, of documents that may leave out what a lower layer says."""
    kind = KINDS[name]
    schema = kind.model.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = schema.pop("$defs", {})
    parts = {part: _part(body, overlay=overlay) for part, body in definitions.items()}
    root = _part(schema, overlay=overlay)
    if overlay:
        root["required"] = ["apiVersion", "kind", "metadata"]
        root["properties"]["$delete"] = {"const": True, "description": "Drops the inherited document."}
        for metadata in (part for part in parts if part.endswith("Metadata")):
            parts[metadata]["required"] = ["name"]
    head = {"$schema": DIALECT, "$id": f"urn:opsdecl:v1:{name.lower()}", "title": name, "description": kind.summary}
    return {**head, **{k: v for k, v in root.items() if k not in head}, "$defs": {"Expression": _EXPRESSION, **parts}}


def combined_schema() -> Schema:
    """Any document of a project, chosen by its `kind`."""
    schemas = {name: kind_schema(name, overlay=True) for name in KINDS}
    definitions: Schema = {}
    for name, schema in schemas.items():
        definitions.update(schema.pop("$defs"))
        definitions[f"{name}Document"] = {k: v for k, v in schema.items() if k not in ("$schema", "$id")}
    return {
        "$schema": DIALECT,
        "$id": "urn:opsdecl:v1:document",
        "title": "A document of an opsdecl project",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {"apiVersion": {"const": API_VERSION}, "kind": {"enum": list(KINDS)}},
        "allOf": [_when_kind(name) for name in KINDS],
        "$defs": definitions,
    }


def _when_kind(name: str) -> Schema:
    condition = {"properties": {"kind": {"const": name}}, "required": ["kind"]}
    return {"if": condition, "then": {"$ref": f"#/$defs/{name}Document"}}


class _Generator(GenerateJsonSchema):
    """Defaults as they would be written: values with units give back their text."""

    def encode_default(self, dft: Any) -> Any:
        return str(dft) if hasattr(dft, "text") else super().encode_default(dft)


def _part(schema: Schema, *, overlay: bool) -> Schema:
    """A mapping's schema with expressions allowed in its fields; overlays may also say `null`, or leave fields out."""
    result = {key: value for key, value in schema.items() if not (overlay and key == "required")}
    if "properties" not in schema:
        return _relaxed(result, overlay=overlay)
    result["properties"] = {name: _field(field, overlay=overlay) for name, field in schema["properties"].items()}
    return result


def _field(schema: Schema, *, overlay: bool) -> Schema:
    if "const" in schema:
        return {key: value for key, value in schema.items() if key not in ("title", "default")}
    relaxed = dict(schema) if schema.get("x-opsdecl-interpolate") is False else _relaxed(schema, overlay=overlay)
    relaxed.pop("x-opsdecl-interpolate", None)
    relaxed.pop("title", None)
    if relaxed.get("default", "") is None:
        del relaxed["default"]
    return _or(relaxed, {"type": "null"}) if overlay else relaxed


def _relaxed(schema: Schema, *, overlay: bool) -> Schema:
    """The schema, or an expression wherever a single value that is not free text stands."""
    result = {_BOUNDS.get(key, key): value for key, value in schema.items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            result[key] = _relaxed(schema[key], overlay=overlay)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            members = [_relaxed(member, overlay=overlay) for member in result.pop(key)]
            result["anyOf"] = [flat for member in members for flat in _alternatives(member)]
    if overlay and "x-merge-key" in schema and "items" in result:
        result["items"] = {"anyOf": [_deleted(schema["x-merge-key"]), result["items"]]}
    return _or(result, _EXPRESSION_REF) if _is_narrow(schema) else result


def _alternatives(schema: Schema) -> list[Schema]:
    """The members of a schema that is nothing but a choice, else the schema itself."""
    members: list[Schema] = schema["anyOf"] if set(schema) == {"anyOf"} else [schema]
    return members


def _deleted(merge_key: str) -> Schema:
    properties = {merge_key: {"type": "string"}, "$delete": {"const": True}}
    return {
        "type": "object",
        "properties": properties,
        "required": [merge_key, "$delete"],
        "additionalProperties": False,
    }


def _is_narrow(schema: Schema) -> bool:
    if schema.get("type") in ("integer", "number", "boolean"):
        return True
    return "enum" in schema or (schema.get("type") == "string" and ("pattern" in schema or "minLength" in schema))


def _or(schema: Schema, alternative: Schema) -> Schema:
    """Either of two schemas; what describes the field stays outside."""
    notes = {key: value for key, value in schema.items() if key in _NOTES}
    rest = {key: value for key, value in schema.items() if key not in _NOTES}
    members = _alternatives(rest)
    return {**notes, "anyOf": [*members, *([] if alternative in members else [alternative])]}
