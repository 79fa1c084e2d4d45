"""What a rule says of a thing that breaks it: its text with `${…}` filled in, or what its `messageExpression` gives."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.addr import canonical_json
from opsdecl.cel.engine import EvaluationError, Program, compile_expression
from opsdecl.cel.syntax import ExpressionError
from opsdecl.policy.projection import project, shape_of
from opsdecl.policy.types import Rule, Subject

_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
MAX_SHOWN = 80


def message_of(rule: Rule, subject: Subject) -> str:
    """A sentence. An expression that fails leaves the plain message, or the rule's own text."""
    values = {**subject.values, "name": _name(subject)}
    if rule.message_expression:
        given = _run(rule.message_expression, values)
        if isinstance(given, str) and given.strip():
            return given.strip()
    if rule.message:
        return _PLACEHOLDER.sub(lambda found: _filled(found, values), rule.message)
    return f"`{' '.join(rule.expression.split())}` does not hold"


def placeholders(message: str) -> Iterator[tuple[str, int]]:
    """The expressions in a plain message, each with its offset."""
    for found in _PLACEHOLDER.finditer(message):
        yield found.group(1), found.start(1)


def shown(value: Any) -> str:
    """A value as people write it, shortened."""
    text = value if isinstance(value, str) and value else canonical_json(value).decode("utf-8", "replace")
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _filled(found: re.Match[str], values: Mapping[str, Any]) -> str:
    value = _run(found.group(1), values)
    return found.group() if value is None else shown(value)


def _run(expression: str, values: Mapping[str, Any]) -> Any:
    """None where it gives nothing."""
    try:
        program = compile_expression(expression)
        return program.run(_projected(program, values))
    except (ExpressionError, EvaluationError):
        return None


def _projected(program: Program, values: Mapping[str, Any]) -> Any:
    return project(values, shape_of(program.usage.reads))


def _name(subject: Subject) -> str:
    metadata = subject.values.get("metadata") or subject.values.get("object", {}).get("metadata", {})
    return str(metadata.get("name") or subject.document.name)
