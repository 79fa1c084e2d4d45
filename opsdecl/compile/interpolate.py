"""Scalars with `${{ … }}` -> scalars with values. After the merge, never in exempt fields, never in keys."""

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct, field

from opsdecl.diag import SpecPath
from opsdecl.spec.types import Json

OPENING = "${{"


class ExpressionProblem(Struct, frozen=True):
    """What is wrong with the scalar at `path`. `name` is the unknown name, cut behind its missing part."""

    path: SpecPath
    problem: Literal["invalid", "unknown-name", "result"]
    reason: str = ""
    name: tuple[str, ...] = ()


class Interpolated(Struct, frozen=True):
    """The value (the same object where nothing stood between braces), and the names that it used."""

    value: Json
    problems: tuple[ExpressionProblem, ...] = ()
    used: tuple[tuple[str, ...], ...] = ()


class _Run(Struct, frozen=True):
    names: Mapping[str, Json]
    exempt: Callable[[SpecPath], bool]
    problems: list[ExpressionProblem] = field(default_factory=list)
    used: dict[tuple[str, ...], None] = field(default_factory=dict)


def has_expressions(value: Json) -> bool:
    """Asked of every scalar of a project, so it is written for speed."""
    if isinstance(value, str):
        return OPENING in value
    if isinstance(value, dict):
        for name, item in value.items():
            if OPENING in name or (OPENING in item if isinstance(item, str) else has_expressions(item)):
                return True
    elif isinstance(value, list):
        for item in value:
            if has_expressions(item):
                return True
    return False


def interpolate(
    value: Json, names: Callable[[], Mapping[str, Json]], *, exempt: Callable[[SpecPath], bool]
) -> Interpolated:
    """`names` gives the roots that expressions see, asked only where there is one. A scalar that is one whole
    expression keeps the type it gives."""
    if not has_expressions(value):
        return Interpolated(value)
    run = _Run(names(), exempt)
    return Interpolated(_walk(value, (), run), tuple(run.problems), tuple(run.used))


def _walk(value: Json, path: SpecPath, run: _Run) -> Json:
    if isinstance(value, str):
        return _scalar(value, path, run) if OPENING in value and not run.exempt(path) else value
    if not has_expressions(value):
        return value
    if isinstance(value, dict):
        for name in value:
            if OPENING in name and not run.exempt((*path, name)):
                reason = "expressions stand for values, not for names of fields"
                run.problems.append(ExpressionProblem((*path, name), "invalid", reason))
        return {name: _walk(item, (*path, name), run) for name, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, (*path, index), run) for index, item in enumerate(value)]
    return value


def _scalar(text: str, path: SpecPath, run: _Run) -> Json:
    """The text stays as it is where its expression has a problem."""
    from opsdecl.compile.expressions import (
        ExpressionError,
        ResultError,
        UnknownNameError,
        evaluate,
        names_used,
        parse,
    )

    try:
        parts = parse(text)
        run.used.update((name, None) for part in parts for name in names_used(part))
        values = [evaluate(part, run.names) for part in parts]
    except ExpressionError as error:
        run.problems.append(ExpressionProblem(path, "invalid", str(error)))
    except UnknownNameError as error:
        run.problems.append(ExpressionProblem(path, "unknown-name", name=error.parts))
    except ResultError as error:
        run.problems.append(ExpressionProblem(path, "result", str(error)))
    else:
        return values[0] if len(parts) == 1 else "".join(map(_text, values))
    return text


def _text(value: Json) -> str:
    """As YAML writes it."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
