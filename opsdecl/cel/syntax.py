"""Expression text -> syntax tree, for analysis only: what is read, named, what it costs. A library evaluates."""

import re
from functools import lru_cache

from msgspec import Struct

MAX_LENGTH = 4096
MAX_DEPTH = 40
"""The library's own parser gives up somewhere between 50 and 100 levels."""


class ExpressionError(Exception):
    """The text is no expression. `offset` counts characters from 0."""

    def __init__(self, message: str, offset: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


class Literal(Struct, frozen=True):
    """`text` as written. `string` is the value of a plain string literal, None for every other literal."""

    text: str
    offset: int
    string: str | None = None


class Name(Struct, frozen=True):
    name: str
    offset: int


class Select(Struct, frozen=True):
    operand: "Node"
    field: str
    offset: int
    """Where the field's name stands."""


class Index(Struct, frozen=True):
    operand: "Node"
    index: "Node"
    offset: int


class Call(Struct, frozen=True):
    """A function, a method (with `target`), a macro, or an operator (`function` is then the operator's sign)."""

    function: str
    target: "Node | None"
    arguments: tuple["Node", ...]
    offset: int


class Collection(Struct, frozen=True):
    """A list, or a map with keys and values in turn."""

    kind: str
    items: tuple["Node", ...]
    offset: int


Node = Literal | Name | Select | Index | Call | Collection

_TOKEN = re.compile(
    r"""(?P<space>(?:[ \t\r\n\f]+|//[^\n]*)+)
    |(?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"\"\"(?s:\\.|[^\\])*?\"\"\"|'''(?s:\\.|[^\\])*?'''
        |"(?:\\[^\n]|[^"\\\n])*"|'(?:\\[^\n]|[^'\\\n])*'))
    |(?P<number>0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d+[uU]?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign>\.\?|\[\?|&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}])""",
    re.VERBOSE,
)
_RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop"}
    | {"package", "namespace", "return", "var", "void", "while"}
)
_BINARY: tuple[frozenset[str], ...] = tuple(
    frozenset(level.split()) for level in ("||", "&&", "< <= > >= == != in", "+ -", "* / %")
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class _Token(Struct, frozen=True):
    kind: str
    text: str
    offset: int


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        kind = match.lastgroup or ""
        if kind != "space":
            found.append(_Token(kind, match.group(), at))
        at = match.end()
    return [*found, _Token("end", "", len(text))]


_WORDS = {"and": "write `&&`", "or": "write `||`", "not": "write `!`"}
"""How other languages write operators."""


def _unreadable(text: str, at: int) -> ExpressionError:
    sign = text[at]
    if sign in "\"'":
        return ExpressionError("the text that begins here does not end", at, f"close it with `{sign}`")
    hint = {"=": "compare with `==`", "&": "write `&&`", "|": "write `||`", "$": "write names without `$`"}.get(
        sign, ""
    )
    return ExpressionError(f"`{sign}` has no meaning here", at, hint)


def _string_value(text: str) -> str | None:
    """The value of a plain literal, None where escapes or prefixes make it more than its characters."""
    quote = text[:3] if text[:3] in ('"""', "'''") else text[:1]
    if quote[0] not in "\"'":
        return None
    body = text[len(quote) : -len(quote)]
    return body if "\\" not in body else None


class _Parser:
    """Recursive descent over the grammar of the specification; one token of look-ahead."""

    def __init__(self, text: str) -> None:
        self._all = _tokens(text)
        self._at = 0
        self._depth = 0

    @property
    def _next(self) -> _Token:
        return self._all[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _accept(self, sign: str) -> _Token | None:
        return self._take() if self._next.text == sign and self._next.kind in ("sign", "name") else None

    def _expect(self, sign: str) -> None:
        if self._accept(sign) is None:
            raise self._unexpected(f"`{sign}` is missing")

    def _unexpected(self, message: str = "") -> ExpressionError:
        token = self._next
        if not message:
            message = "the expression ends too early" if token.kind == "end" else f"`{token.text}` does not fit here"
        return ExpressionError(message, token.offset, _WORDS.get(token.text) or _optional_hint(token.text))

    def whole(self) -> Node:
        node = self._expression()
        if self._next.kind != "end":
            raise self._unexpected()
        return node

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(f"nested more than {MAX_DEPTH} levels deep", self._next.offset, "split the rule")
        node = self._binary(0)
        if question := self._accept("?"):
            then = self._binary(0)
            self._expect(":")
            node = Call("?:", None, (node, then, self._expression()), question.offset)
        self._depth -= 1
        return node

    def _binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self._unary()
        node = self._binary(level + 1)
        while self._next.text in _BINARY[level] and self._next.kind != "string":
            sign = self._take()
            node = Call(sign.text, None, (node, self._binary(level + 1)), sign.offset)
        return node

    def _unary(self) -> Node:
        signs = []
        while self._next.kind == "sign" and self._next.text in ("!", "-"):
            signs.append(self._take())
        node = self._member()
        for sign in reversed(signs):
            node = Call(f"{sign.text}_", None, (node,), sign.offset)
        return node

    def _member(self) -> Node:
        node = self._primary()
        while True:
            if self._accept("."):
                node = self._after_dot(node)
            elif bracket := self._accept("["):
                node = Index(node, self._expression(), bracket.offset)
                self._expect("]")
            else:
                return node

    def _after_dot(self, operand: Node) -> Node:
        field = self._identifier()
        if self._accept("("):
            return Call(field.text, operand, self._until(")"), field.offset)
        return Select(operand, field.text, field.offset)

    def _identifier(self) -> _Token:
        if self._next.kind != "name" or self._next.text == "in":
            raise self._unexpected("a field name is missing" if self._next.kind == "end" else "")
        return self._take()

    def _primary(self) -> Node:
        token = self._next
        if token.kind in ("number", "string"):
            return Literal(token.text, self._take().offset, _string_value(token.text))
        if token.kind == "name":
            return self._named(self._take())
        if self._accept("("):
            node = self._expression()
            self._expect(")")
            return node
        if self._accept("["):
            return Collection("list", self._until("]"), token.offset)
        if self._accept("{"):
            return Collection("map", self._entries(), token.offset)
        raise self._unexpected()

    def _named(self, token: _Token) -> Node:
        if token.text in ("true", "false", "null"):
            return Literal(token.text, token.offset)
        if token.text in _RESERVED or token.text == "in":
            raise ExpressionError(f"`{token.text}` is a reserved word", token.offset)
        if self._accept("("):
            return Call(token.text, None, self._until(")"), token.offset)
        return Name(token.text, token.offset)

    def _until(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._accept(end):
            items.append(self._expression())
            if not self._accept(","):
                self._expect(end)
                break
            if end == ")" and self._next.text == ")":
                raise self._unexpected()
        return tuple(items)

    def _entries(self) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._accept("}"):
            items.append(self._expression())
            self._expect(":")
            items.append(self._expression())
            if not self._accept(","):
                self._expect("}")
                break
        return tuple(items)


def _optional_hint(text: str) -> str:
    if text in (".?", "[?", "?"):
        return "optional selection is not supported: write `has(a.b) ? a.b : other`"
    return ""


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """Raises ExpressionError, also where the text is longer or deeper than allowed."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH, "split the rule")
    return _Parser(text).whole()


def children(node: Node) -> tuple[Node, ...]:
    match node:
        case Select(operand):
            return (operand,)
        case Index(operand, index):
            return operand, index
        case Call(_, target, arguments):
            return arguments if target is None else (target, *arguments)
        case Collection(_, items):
            return items
        case _:
            return ()


def to_text(node: Node) -> str:
    """Source text with the same meaning; operators are put in parentheses."""
    match node:
        case Literal(text):
            return text
        case Name(name):
            return name
        case Select(operand, field):
            return f"{to_text(operand)}.{field}"
        case Index(operand, index):
            return f"{to_text(operand)}[{to_text(index)}]"
        case Collection(kind, items):
            return _collection_text(kind, [to_text(item) for item in items])
        case Call():
            return _call_text(node)


def _collection_text(kind: str, items: list[str]) -> str:
    if kind == "list":
        return f"[{', '.join(items)}]"
    return "{" + ", ".join(f"{key}: {value}" for key, value in zip(items[::2], items[1::2], strict=True)) + "}"


def _call_text(call: Call) -> str:
    arguments = [to_text(argument) for argument in call.arguments]
    if call.function == "?:":
        return f"({arguments[0]} ? {arguments[1]} : {arguments[2]})"
    if call.function in ("!_", "-_"):
        return f"{call.function[0]}({arguments[0]})"
    if call.function == "in" or not (call.function[0].isalpha() or call.function[0] == "_"):
        return f"({arguments[0]} {call.function} {arguments[1]})"
    target = f"{to_text(call.target)}." if call.target else ""
    return f"{target}{call.function}({', '.join(arguments)})"
