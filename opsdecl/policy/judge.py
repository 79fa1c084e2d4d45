"""Rules × one thing -> verdicts, each distinct input once.

All rules that look at a thing share one projection and one prepared context, since conversion is what costs: about
2 µs for each value, against 1 µs for an evaluation.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from opsdecl.cel.cost import MAX_STEPS_PER_RUN, longest
from opsdecl.cel.engine import EvaluationError, Program, compile_expression, context
from opsdecl.cel.reads import Each
from opsdecl.policy.culprit import culprit
from opsdecl.policy.projection import Shape, key_of, project, shape_of
from opsdecl.policy.types import Rule, Subject, Verdict


class Group(Struct, frozen=True):
    """Rules that look at the same things together, and the verdicts that are known."""

    rules: tuple[Rule, ...]
    programs: tuple[Program, ...]
    callbacks: Mapping[str, Any]
    shape: Shape
    nested: bool
    """Whether a rule has macros, so that its cost depends on the input."""
    known: dict[str, tuple[Verdict, ...]] = field(default_factory=dict)


def group(rules: tuple[Rule, ...]) -> Group:
    """Raises ExpressionError where a rule is no expression."""
    programs = tuple(compile_expression(rule.expression) for rule in rules)
    callbacks = {name: call for program in programs for name, call in program.callbacks.items()}
    shape = shape_of(read for program in programs for read in program.usage.reads)
    return Group(rules, programs, callbacks, shape, any(program.nesting for program in programs))


class Judge:
    """Counts steps for as long as one run takes. `evaluations` counts what was not remembered."""

    def __init__(self) -> None:
        self._steps = 0.0
        self.evaluations = 0

    def judge(self, together: Group, subject: Subject) -> tuple[Verdict, ...]:
        """In the order of the group's rules."""
        projected = project(subject.values, together.shape)
        key = key_of(projected)
        verdicts = together.known.get(key)
        if verdicts is None:
            verdicts = together.known[key] = tuple(self._evaluate(together, projected, key))
        return verdicts

    def _evaluate(self, together: Group, values: Mapping[str, Any], key: str) -> Iterator[Verdict]:
        try:
            prepared = context(values, together.callbacks)
        except EvaluationError as error:
            yield from (Verdict(failure=error.message) for _ in together.rules)
            return
        given = _Input(values, prepared, longest(values) if together.nested else 0, len(key), key.isascii())
        for program in together.programs:
            self.evaluations += 1
            yield self._verdict(program, given)

    def _verdict(self, program: Program, given: "_Input") -> Verdict:
        try:
            self._spend(program.check_cost(given.items, given.size))
            result = program.run_in(given.prepared, ascii_only=given.ascii_only)
        except EvaluationError as error:
            return _failure(error, program, given.values)
        if result is True:
            return _HOLDS
        if result is False:
            return Verdict(culprit=culprit(program.node, given.values))
        return Verdict(failure=f"the result is {_type_name(result)}, not true or false")

    def _spend(self, steps: float) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS_PER_RUN:
            raise EvaluationError(f"all rules together may take more than {MAX_STEPS_PER_RUN:,} steps")


_HOLDS = Verdict(holds=True)


class _Input(Struct, frozen=True):
    """One projected input, and what is known of it."""

    values: Mapping[str, Any]
    prepared: Any
    items: int
    size: int
    ascii_only: bool


def _failure(error: EvaluationError, program: Program, values: Mapping[str, Any]) -> Verdict:
    types = _types_read(program, values) if error.types else ""
    return Verdict(failure=error.message + types, missing=missing_field(program, values, error.field))


def missing_field(program: Program, values: Any, name: str | None) -> str:
    """The full path of the first read that ends nowhere because of `name`."""
    if name is None:
        return ""
    for read in program.usage.reads:
        for length, part in enumerate(read.path, 1):
            if part == name and _absent(values, read.path[:length]):
                return "".join(_shown(part) for part in read.path[:length]).lstrip(".")
    return name


def _types_read(program: Program, values: Any) -> str:
    """` (`spec.ratio` is a number, …)` for the plain values that the expression reads."""
    found: dict[str, str] = {}
    for read in program.usage.reads:
        value = values
        for part in read.path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            found["".join(_shown(part) for part in read.path).lstrip(".")] = _type_name(value)
    return f" ({', '.join(f'`{path}` is {name}' for path, name in found.items())})" if found else ""


def _absent(value: Any, path: Iterable[str | Each]) -> bool:
    """Whether the path leads nowhere, for one item at least where it goes through lists."""
    parts = list(path)
    for at, part in enumerate(parts):
        if isinstance(part, Each):
            return isinstance(value, list) and any(_absent(item, parts[at + 1 :]) for item in value)
        if not isinstance(value, Mapping) or part not in value:
            return True
        value = value[part]
    return False


def _shown(part: str | Each) -> str:
    return part.value if isinstance(part, Each) else f".{part}" if part.isidentifier() else f'["{part}"]'


def _type_name(value: Any) -> str:
    names = {str: "a text", int: "a whole number", float: "a number", list: "a list", dict: "a map", type(None): "null"}
    return "true or false" if isinstance(value, bool) else names.get(type(value), f"a {type(value).__name__}")
