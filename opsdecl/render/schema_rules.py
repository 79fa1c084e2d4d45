"""Rules that a definition writes in CEL (`x-kubernetes-validations`), evaluated as the API server does: on the value
with defaults filled in, under names that CEL can spell.

A rule that gives no answer here is passed over: the API server still asks it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.cel.engine import EvaluationError, compile_expression
from opsdecl.cel.syntax import ExpressionError
from opsdecl.diag import SpecPath
from opsdecl.render.schema_store import RULES, Schema
from opsdecl.render.schema_walk import Violation

_RESERVED = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if"}
    | {"import", "let", "loop", "package", "namespace", "return", "var", "void", "while"}
)
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_ESCAPED = re.compile(r"__|[./-]")
_SHOWN = 160
"""Characters of a rule that a hint shows."""


def broken_rules(schema: Schema, value: Any) -> Iterator[Violation]:
    """Rules below `schema` that do not hold for a value that fits it otherwise."""
    yield from _broken(schema, seen_by_rules(schema, value), ())


def seen_by_rules(schema: Schema, value: Any) -> Any:
    """What `self` is: with defaults inside of mappings that are there, and whole numbers as floats where the schema has
    numbers."""
    if isinstance(value, Mapping):
        return _seen_mapping(schema, value)
    if isinstance(value, list | tuple):
        return [seen_by_rules(schema.get("items", {}), item) for item in value]
    return float(value) if schema.get("type") == "number" and type(value) is int else value


def _seen_mapping(schema: Schema, value: Mapping[str, Any]) -> dict[str, Any]:
    known: Mapping[str, Schema] = schema.get("properties", {})
    rest = schema.get("additionalProperties")
    other = rest if isinstance(rest, dict) else {}
    defaults = {name: child["default"] for name, child in known.items() if "default" in child}
    return {
        escaped(name) if name in known else name: seen_by_rules(known.get(name, other), item)
        for name, item in {**defaults, **value}.items()
    }


def escaped(name: str) -> str:
    """A field as expressions spell it: `__namespace__`, `my__dash__field`. Keys of maps stay as they are."""
    return f"__{name}__" if name in _RESERVED else _ESCAPED.sub(lambda found: _ESCAPES[found.group()], name)


def holds(rule: str, seen: Any) -> bool | None:
    """None where the expression gives no truth value here."""
    try:
        program = compile_expression(rule)
        # Its cost needs no bound of ours: the API server bounds it when it takes the definition.
        result = program.run_in(program.context({"self": seen}), ascii_only=False)
    except (ExpressionError, EvaluationError):
        return None
    return result if isinstance(result, bool) else None


def _broken(schema: Schema, seen: Any, path: SpecPath) -> Iterator[Violation]:
    for rule in schema.get(RULES, ()):
        if holds(rule["rule"], seen) is False:
            message = f"breaks a rule of its kind: {rule['message']}"
            yield Violation(path, message, f"the rule is `{_shown(rule['rule'])}`")
    if isinstance(seen, dict):
        known: Mapping[str, Schema] = schema.get("properties", {})
        rest = schema.get("additionalProperties")
        for name in known:
            if (spelt := escaped(name)) in seen:
                yield from _broken(known[name], seen[spelt], (*path, name))
        if isinstance(rest, dict):
            for name, item in seen.items():
                yield from _broken(rest, item, (*path, name))
    elif isinstance(seen, list):
        for index, item in enumerate(seen):
            yield from _broken(schema.get("items", {}), item, (*path, index))


def _shown(rule: str) -> str:
    line = " ".join(rule.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."
