"""One expression between `${{` and `}}`: parsed and evaluated by Jinja2's sandbox, over a short list of node types.

Imported on use, because Jinja2 is. Nothing here can loop, call, or reach an attribute of a Python object.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import Undefined
from jinja2.sandbox import SandboxedEnvironment
from msgspec import Struct

from opsdecl.spec.types import Json

MAX_NODES = 100
MAX_RESULT = 64 * 1024
MAX_NUMBER = 2**53
_RESULT = "result"
FILTERS = ("default", "int", "length", "lower", "string", "trim", "upper")
TESTS = ("defined", "undefined", "none")

_ALLOWED = (
    *(nodes.Const, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Concat, nodes.Compare, nodes.Operand),
    *(nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Filter, nodes.Test),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos),
)
_CHAIN = (nodes.Name, nodes.Getattr, nodes.Getitem)
_WORDS: Mapping[type[nodes.Node], str] = {
    nodes.Call: "calls",
    nodes.List: "lists",
    nodes.Tuple: "lists",
    nodes.Dict: "mappings",
    nodes.Pow: "powers",
    nodes.Slice: "slices",
}


class ExpressionError(Exception):
    """The expression itself is wrong: `str()` of it says how, to people."""


class UnknownNameError(Exception):
    """A name without a value: its parts as written, the ones before it being known."""

    def __init__(self, parts: tuple[str, ...]) -> None:
        super().__init__(".".join(parts))
        self.parts = parts


class ResultError(Exception):
    """The values of this environment give nothing usable: `str()` of it says why, to people."""


class Part(Struct, frozen=True):
    """A stretch of a scalar: literal text, or an expression (`node` is set)."""

    text: str
    node: nodes.Expr | None = None


class _Sandbox(SandboxedEnvironment):
    """Names look into mappings only, arithmetic is for numbers only."""

    intercepted_binops = frozenset(["+", "*", "%", "/", "//", "-"])

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right)):
            raise ResultError(f"`{operator}` works on numbers; join text with `~`")
        return super().call_binop(context, operator, left, right)


@lru_cache(maxsize=1)
def _shared() -> _Sandbox:
    # NUL cannot occur in YAML, so blocks and comments can never begin.
    sandbox = _Sandbox(
        variable_start_string="${{",
        variable_end_string="}}",
        block_start_string="\0%",
        block_end_string="%\0",
        comment_start_string="\0#",
        comment_end_string="#\0",
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        optimized=False,
    )
    sandbox.globals.clear()
    return sandbox


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[Part, ...]:
    """The stretches of a scalar. Raises ExpressionError."""
    if len(text) > MAX_RESULT:
        raise ExpressionError(f"text with expressions is at most {MAX_RESULT} characters long")
    try:
        template = _shared().parse(text)
    except TemplateSyntaxError as error:
        raise ExpressionError(_syntax(text, error)) from None
    except (RecursionError, ValueError, OverflowError):
        raise ExpressionError("the expression is nested too deeply, or a number in it is too large") from None
    parts = tuple(_part(node) for output in template.body for node in getattr(output, "nodes", ()))
    for part in parts:
        _check(part)
    return parts


def _part(node: nodes.Node) -> Part:
    return Part(node.data) if isinstance(node, nodes.TemplateData) else Part("", node)  # type: ignore[arg-type]


def _syntax(text: str, error: TemplateSyntaxError) -> str:
    closed = text.rfind("}}") > text.rfind("${{")
    return (error.message or "it cannot be read") if closed else "it is not closed with `}}`"


def _check(part: Part) -> None:
    """Raises ExpressionError for anything that is not on the short list."""
    if part.node is None:
        return
    found = [part.node, *part.node.find_all(nodes.Node)]
    if len(found) > MAX_NODES:
        raise ExpressionError("it is too long; put the value into `spec.variables` of the Environment")
    for node in found:
        if not isinstance(node, _ALLOWED):
            raise ExpressionError(f"{_WORDS.get(type(node), 'this construct')} cannot be used in expressions")
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise ExpressionError(f"there is no filter `{node.name}`; filters are {', '.join(FILTERS)}")
        if isinstance(node, nodes.Test) and node.name not in TESTS:
            raise ExpressionError(f"there is no test `{node.name}`; tests are {', '.join(TESTS)}")
        if isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
            raise ExpressionError("a name in brackets must be plain text in quotes")
        if isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            raise ExpressionError(f"`{node.attr}` cannot be reached from expressions")


@lru_cache(maxsize=4096)
def names_used(part: Part) -> tuple[tuple[str, ...], ...]:
    """Every name with its parts, the longest form as written: `vars.zones.first` is one."""
    if part.node is None:
        return ()
    found = [chain for node in (part.node, *part.node.find_all(_CHAIN)) if (chain := _chain(node)) is not None]
    return tuple(c for c in dict.fromkeys(found) if not any(len(o) > len(c) and o[: len(c)] == c for o in found))


def _chain(node: nodes.Node) -> tuple[str, ...] | None:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if not isinstance(node, nodes.Getattr | nodes.Getitem):
        return None
    before = _chain(node.node)
    name = node.attr if isinstance(node, nodes.Getattr) else node.arg.as_const()
    return None if before is None else (*before, str(name))


@lru_cache(maxsize=4096)
def _compiled(node: nodes.Expr) -> Template:
    body = [nodes.Assign(nodes.Name(_RESULT, "store"), node, lineno=1)]
    return _shared().from_string(nodes.Template(body, lineno=1))


def evaluate(part: Part, names: Mapping[str, Json]) -> Json:
    """A scalar. Raises UnknownNameError and ResultError."""
    if part.node is None:
        return part.text
    # Only our own roots are looked up: Jinja2 would answer `self` and the like itself.
    if any(chain[0] not in names for chain in names_used(part)):
        raise UnknownNameError(_missing(part, names))
    try:
        template = _compiled(part.node)
        context = template.new_context(dict(names))
        for _ in template.root_render_func(context):
            pass
        result = context.vars[_RESULT]
        if isinstance(result, Undefined):
            raise UndefinedError
    except UndefinedError:
        raise UnknownNameError(_missing(part, names)) from None
    except (TypeError, ValueError, ArithmeticError, TemplateError):
        raise ResultError("its values do not fit together") from None
    return _scalar(result)


def _missing(part: Part, names: Mapping[str, Json]) -> tuple[str, ...]:
    """The first name of the expression that has no value, cut behind the part that is missing."""
    for chain in names_used(part):
        at: Json = names
        for length, name in enumerate(chain, 1):
            if not isinstance(at, Mapping) or name not in at:
                return chain[:length]
            at = at[name]
    return ("?",)


def _scalar(result: object) -> Json:
    if isinstance(result, str):
        if len(result) > MAX_RESULT:
            raise ResultError(f"it gives more than {MAX_RESULT} characters")
        return str(result)
    if isinstance(result, bool):
        return result
    if isinstance(result, int | float):
        if not math.isfinite(result) or abs(result) > MAX_NUMBER:
            raise ResultError("it gives a number that is too large")
        return result
    raise ResultError(f"it gives {_kind_of(result)}, and only text, numbers, true and false can stand here")


def _kind_of(result: object) -> str:
    return "nothing" if result is None else "a mapping" if isinstance(result, Mapping) else "a list"
