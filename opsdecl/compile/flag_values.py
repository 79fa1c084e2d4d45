"""A flag's value against what the engine's parser takes in that place."""

import json
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from opsdecl.catalog.engine_types import FlagFacts

_SIZE = re.compile(r"-1|auto|\d+(\.\d+)?[kKmMgGtT]?")
_WHOLE = re.compile(r"-?\d+")
_TRUTH = ("true", "false")
_EXPECTED = {
    "int": "a whole number",
    "size": "a whole number, also as `64k`",
    "float": "a number",
    "str": "a text",
    "json": "a mapping, or JSON as text",
    "json-or-str": "a mapping or a text",
}


class ValueProblem(Struct, frozen=True):
    """`what` continues "`name` …"; `choices` where the kind of value is right and the value is none of them."""

    what: str
    hint: str
    choices: tuple[str, ...] = ()


def value_problem(name: str, value: Any, facts: FlagFacts, *, negates: bool) -> ValueProblem | None:
    """`negates`: false is written as `--no-…`; engines without that get nothing for false."""
    if facts.type == "any":
        return None
    if facts.type in ("switch", "pair", "bool"):
        return _truth_problem(name, value, facts, negates)
    if value is False and not negates:
        return None
    if isinstance(value, list | tuple):
        return _many_problem(name, value, facts)
    return _single_problem(name, value, facts)


def _truth_problem(name: str, value: Any, facts: FlagFacts, negates: bool) -> ValueProblem | None:
    if value is True or (value is False and (facts.type == "pair" or not negates)):
        return None
    if facts.type == "bool":
        if isinstance(value, str) and value.lower() in _TRUTH:
            return None
        hint = f'write `{name}: "false"`' if value is False else f"write `{name}: true`"
        return ValueProblem("takes true or false as text", hint)
    if value is False:
        return ValueProblem("can only be switched on", f"remove `{name}`: it is off by default")
    words = "takes true or false" if facts.type == "pair" else "is a switch and takes no value"
    return ValueProblem(words, f"write `{name}: true`")


def _many_problem(name: str, values: list[Any] | tuple[Any, ...], facts: FlagFacts) -> ValueProblem | None:
    if not facts.many:
        text = json.dumps(list(values), separators=(", ", ": "))
        hint = f"write it as text: `{name}: '{text}'`" if facts.type.startswith("json") else "write a single value"
        return ValueProblem("takes one value, not a list", hint)
    problems = (_single_problem(name, value, facts) for value in values)
    return next((problem for problem in problems if problem), None)


def _single_problem(name: str, value: Any, facts: FlagFacts) -> ValueProblem | None:
    if not _fits(value, facts.type):
        quoted = f'write `{name}: "{str(value).lower()}"`' if isinstance(value, bool) and facts.type == "str" else ""
        return ValueProblem(f"takes {_EXPECTED[facts.type]}", quoted or f"write {_EXPECTED[facts.type]}")
    return _choice_problem(value, facts)


def _fits(value: Any, expected: str) -> bool:
    if isinstance(value, bool):
        return False
    if expected in ("int", "size"):
        pattern = _SIZE if expected == "size" else _WHOLE
        return isinstance(value, int) or (isinstance(value, str) and bool(pattern.fullmatch(value)))
    if expected == "float":
        return isinstance(value, int | float) or (isinstance(value, str) and _is_number(value))
    if expected == "json":
        return not isinstance(value, str) or _is_json(value)
    return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_json(text: str) -> bool:
    """An empty text and `None` stand for nothing at all."""
    if text in ("", "None"):
        return True
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _choice_problem(value: Any, facts: FlagFacts) -> ValueProblem | None:
    if not facts.choices or facts.open or isinstance(value, Mapping) or is_choice(value, facts):
        return None
    return ValueProblem("", "", tuple(str(choice) for choice in facts.choices))


def is_choice(value: Any, facts: FlagFacts) -> bool:
    """Whether a value is one of the choices that are known, in the engine's own way of comparing."""
    if value in facts.choices:
        return True
    given = str(value)
    folded = given.lower().replace("-", "_") if facts.folds else given
    return folded in {str(choice) for choice in facts.choices} or given in ("", "None")
