"""Programs: expressions compiled by the CEL library, with what it gets wrong put right. See docs/decisions/0003."""

import logging
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from opsdecl.cel import functions
from opsdecl.cel.cost import MAX_BYTES, MAX_STEPS, additions, built_bytes, longest, nesting, steps, text_length
from opsdecl.cel.reads import Usage, usage
from opsdecl.cel.syntax import ExpressionError, Node, parse

_EXTENSION = "cel.cel"
_SIZE, _MATCHES = "opsdecl_size", "opsdecl_matches"
_AT = re.compile(r"ERROR: <input>:(\d+):(\d+): ([^\n]*)")


class EvaluationError(Exception):
    """An evaluation gave no value. `field` names what was missing, where that was it; `types`: types do not fit."""

    def __init__(self, message: str, *, field: str | None = None, types: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.types = types


@lru_cache(maxsize=1)
def load_library() -> Any:
    """The extension module alone: the package around it also loads a terminal program, which takes half a second."""
    import sys
    from importlib.machinery import PathFinder
    from importlib.util import find_spec, module_from_spec

    logging.getLogger("cel").setLevel(logging.CRITICAL)  # it logs each error of a function, which is our result
    if _EXTENSION in sys.modules:
        return sys.modules[_EXTENSION]
    package = find_spec("cel")
    inner = PathFinder.find_spec(_EXTENSION, list((package and package.submodule_search_locations) or ()))
    if inner is None or inner.loader is None:
        raise ImportError("the package common-expression-language is not installed")
    module = module_from_spec(inner)
    inner.loader.exec_module(module)
    sys.modules[_EXTENSION] = module  # it can be loaded once only, so whoever imports the package later must find it
    return module


class Program(Struct, frozen=True):
    """A compiled expression. `exact` is the same with functions that count characters, for texts beyond ASCII."""

    text: str
    node: Node
    fast: Any
    exact: Any
    callbacks: Mapping[str, Callable[..., Any]]
    usage: Usage
    nesting: int
    """How many macros stand inside each other; without any, the cost does not depend on the input."""
    additions: int

    def run(self, values: Mapping[str, Any]) -> Any:
        """The result as plain data. Raises EvaluationError, also where it might take too long."""
        self.check_cost(longest(values) if self.nesting else 0, text_length(values) if self.additions else 0)
        return self.run_in(self.context(values), ascii_only=False)

    def context(self, values: Mapping[str, Any]) -> Any:
        return context(values, self.callbacks)

    def run_in(self, prepared: Any, *, ascii_only: bool) -> Any:
        """`prepared` comes from `context`, with at least the callbacks of this program."""
        program = self.fast if ascii_only else self.exact
        try:
            return program.execute(prepared)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the library is no Exception
            raise _evaluation_error(error) from None

    def check_cost(self, items: int, size: int) -> float:
        """Steps that a run takes at most over collections of `items` and `size` bytes of input.

        Raises EvaluationError where that, or the text that it may build, is above the bound.
        """
        most = _most_steps(self.text, items if self.nesting else 0)
        if most > MAX_STEPS:
            raise EvaluationError(f"it may take {most:,.0f} steps on this input, more than {MAX_STEPS:,}")
        if self.additions and built_bytes(size, items, self.additions, self.nesting) > MAX_BYTES:
            raise EvaluationError("it may build more text than fits into 64 MiB")
        return most


def context(values: Mapping[str, Any], callbacks: Mapping[str, Callable[..., Any]]) -> Any:
    """Variables and functions in the library's own form, ready for many programs."""
    try:
        return load_library().Context(variables=dict(values), functions=dict(callbacks))
    except (ValueError, TypeError, OverflowError) as error:
        raise EvaluationError(f"the input has a value that expressions cannot hold: {error}") from None


@lru_cache(maxsize=65536)
def _most_steps(text: str, items: int) -> float:
    return steps(compile_expression(text).node, items)


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Program:
    """Once per text and process. Raises ExpressionError."""
    node = parse(text)
    used = usage(node)
    names = {call.function for call in used.calls}
    callbacks = {name: function for name, function in functions.EXTRA.items() if name in names}
    callbacks |= {_SIZE: functions.size, _MATCHES: _matches} if names & {"size", "matches"} else {}
    fast = _compile(_renamed(text, used, {"matches": _MATCHES}), text)
    exact = _compile(_renamed(text, used, {"matches": _MATCHES, "size": _SIZE}), text)
    return Program(
        text, node, fast if text.isascii() else exact, exact, callbacks, used, nesting(node), additions(node)
    )


def _renamed(text: str, used: Usage, names: Mapping[str, str]) -> str:
    """Calls of some functions renamed, from the end so that offsets stay true."""
    for call in sorted(used.calls, key=lambda call: call.offset, reverse=True):
        if call.function in names:
            text = text[: call.offset] + names[call.function] + text[call.offset + len(call.function) :]
    return text


def _compile(source: str, text: str) -> Any:
    try:
        return load_library().compile(source)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        found = _AT.search(str(error))
        message = found.group(3) if found else str(error).splitlines()[0]
        raise ExpressionError(message, _offset(text, found), "") from None


def _offset(text: str, found: re.Match[str] | None) -> int:
    """Where the library points; renaming moves it at most within its line."""
    if found is None:
        return 0
    lines = text.splitlines(keepends=True)[: int(found.group(1)) - 1]
    return min(len(text), sum(map(len, lines)) + int(found.group(2)) - 1)


@lru_cache(maxsize=65536)
def _matches(text: Any, pattern: Any) -> bool:
    """The library compiles a pattern at each use, up to milliseconds; the same question is asked of it once."""
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise TypeError("matches takes two texts")
    return bool(_asking().execute({"text": text, "pattern": pattern}))


@lru_cache(maxsize=1)
def _asking() -> Any:
    return load_library().compile("text.matches(pattern)")


def _evaluation_error(error: BaseException) -> EvaluationError:
    text = str(error)
    match error:
        case KeyError():
            name = str(error.args[0]) if error.args else ""
            return EvaluationError(f"there is no field `{name}`", field=name)
        case IndexError() | ZeroDivisionError():
            return EvaluationError(text.removesuffix(" in CEL expression"))
        case OverflowError():
            return EvaluationError("a number grows beyond 64 bits")
        case TypeError() if "Unsupported operation: " in text:
            return EvaluationError(f"`{_between(text, 'Unsupported operation: ', '. ')}` is not defined", types=True)
        case TypeError():
            return EvaluationError("an operation is not defined for the types that it was given", types=True)
        case _:
            return EvaluationError(_function_error(text))


def _function_error(text: str) -> str:
    if "failed: " in text:
        return _between(text.split("failed: ", 1)[1], ": ", ". Check")
    if text.startswith("Undefined"):
        return f"`{_between(text, chr(39), chr(39))}` does not take what it was given"
    if text.startswith("Function '"):
        return f"`{_between(text, chr(39), chr(39))}` fails: {_between(text, 'error: ', '. Check')}"
    return text.splitlines()[0] if text else "the library gives no reason"


def _between(text: str, before: str, after: str) -> str:
    rest = text.split(before, 1)[-1]
    return rest.split(after, 1)[0].strip()
