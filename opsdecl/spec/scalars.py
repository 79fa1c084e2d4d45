"""Plain scalars -> values that every YAML reader agrees on.

What YAML 1.1 (kubectl, Helm, PyYAML) and the core schema of YAML 1.2 read alike gets that value; all else is refused
with the ways to write it. Text that no reader takes for anything but text is text.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import product
from math import isfinite

from opsdecl.diag.codes.source import AMBIGUOUS, NUMBER_RANGE
from opsdecl.diag.types import Code
from opsdecl.spec.types import Json

SPECIAL_FIRST = frozenset("0123456789+-.~<=nNtTfFyYoO")
"""First characters of all plain scalars that may be something else than text."""

_SHOWN = 63
_LARGEST = 2**63 - 1
_SMALLEST = -(2**63)


class ScalarError(ValueError):
    """A plain scalar that cannot be taken: why, and what to write instead."""

    def __init__(self, code: Code, message: str, hint: str) -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


def read_plain(text: str) -> Json:
    """None, bool, int, float or str. Raises ScalarError where readers differ or JSON has no such value."""
    if not text or text[0] not in SPECIAL_FIRST:
        return text or None
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text in _BOOLEAN_WORDS:
        raise _boolean_word(text)
    if text in ("=", "<<"):
        raise _ambiguous(text, f"`{text}` has a meaning of its own in YAML 1.1")
    return _read_number(text) if _LIKE_A_NUMBER(text) else text


def _spellings(*words: str) -> frozenset[str]:
    """Every mixture of cases: readers differ in which ones they know."""
    return frozenset("".join(p) for word in words for p in product(*((c, c.upper()) for c in word)))


_CONSTANTS: dict[str, Json] = {
    **dict.fromkeys(("~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TRUE_WORDS = _spellings("y", "yes", "on")
_BOOLEAN_WORDS = _TRUE_WORDS | _spellings("n", "no", "off")

_LIKE_A_NUMBER = re.compile(r"[-+]?(?:[0-9][0-9a-fA-FoxtTzZ_.:+ \t-]*|\.[0-9a-zA-Z_.+-]+)").fullmatch
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)").fullmatch
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+").fullmatch
_FLOAT = re.compile(r"(?:[-+]?[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?").fullmatch
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)").fullmatch
_BASE = re.compile(r"[-+]?0(?:b[01_]+|o[0-7_]+|x[0-9a-fA-F_]+)").fullmatch
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+").fullmatch
_EXPONENT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+").fullmatch
_SIGNED_POINT = re.compile(r"[-+]\.[0-9]+").fullmatch
_UNDERSCORES = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?").fullmatch
_SIXTIES = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?").fullmatch
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:[Zz]|[-+][0-9]{1,2}(?::[0-9]{2})?))?"
).fullmatch


def _read_number(text: str) -> Json:
    if _INTEGER(text):
        return _integer(text, 10)
    if _FLOAT(text):
        return _float(text)
    if _HEXADECIMAL(text):
        return _integer(text, 16)
    for matches, refuse in _REFUSED:
        if matches(text):
            raise refuse(text)
    return text


def _integer(text: str, base: int) -> int:
    number = int(text, base) if len(text) <= 20 else _LARGEST + 1
    if not _SMALLEST <= number <= _LARGEST:
        raise _out_of_range(text)
    return number


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise _out_of_range(text)
    return number


def _out_of_range(text: str) -> ScalarError:
    return ScalarError(
        NUMBER_RANGE,
        f"`{short(text)}` is not a number that can be kept exactly",
        "put it in quotes if it is text, else write a finite number of at most 64 bits",
    )


def _boolean_word(text: str) -> ScalarError:
    meant = "true" if text in _TRUE_WORDS else "false"
    message = f"`{text}` is the boolean {meant} to some YAML readers and text to others"
    return _ambiguous(text, message, meant)


def _based_number(text: str) -> ScalarError:
    number = _parsed(text, 0)
    return _ambiguous(text, f"`{short(text)}` is a number to some YAML readers and text to others", number)


def _leading_zero(text: str) -> ScalarError:
    octal, decimal = _parsed(text, 8), _parsed(text, 10)
    readings = f"the number {octal or decimal} to some YAML readers and {decimal if octal else 'text'} to others"
    if octal == decimal:
        readings = "a number with a leading zero, which YAML readers treat differently"
    return _ambiguous(text, f"`{short(text)}` is {readings}", *dict.fromkeys(n for n in (octal, decimal) if n))


def _grouped(text: str) -> ScalarError:
    message = f"`{short(text)}` is a number to some YAML readers and text to others"
    return _ambiguous(text, message, text.replace("_", ""))


def _exponent(text: str) -> ScalarError:
    if not isfinite(float(text)):
        return _out_of_range(text)
    message = f"`{short(text)}` is a number to some YAML readers and text to others"
    return _ambiguous(text, message, _positional(text))


def _positional(text: str) -> str:
    """`1e-5` -> `0.00001`, empty where that is too long to read."""
    digits = format(Decimal(text), "f") if len(text) <= 20 else ""
    return digits if len(digits) <= 20 else ""


def _signed_point(text: str) -> ScalarError:
    message = f"`{short(text)}` is a number to some YAML readers and text to others"
    return _ambiguous(text, message, f"{text[0]}0{text[1:]}")


def _sixties(text: str) -> ScalarError:
    message = f"`{short(text)}` is a number in base sixty to some YAML readers and text to others"
    return _ambiguous(text, message)


def _date(text: str) -> ScalarError:
    return _ambiguous(text, f"`{short(text)}` is a date to some YAML readers and text to others")


_REFUSED: tuple[tuple[Callable[[str], object], Callable[[str], ScalarError]], ...] = (
    (_NOT_FINITE, _out_of_range),
    (_BASE, _based_number),
    (_LEADING_ZERO, _leading_zero),
    (_EXPONENT, _exponent),
    (_SIGNED_POINT, _signed_point),
    (_UNDERSCORES, _grouped),
    (_SIXTIES, _sixties),
    (_DATE, _date),
)


def _ambiguous(text: str, message: str, *numbers: str) -> ScalarError:
    plain = " or ".join(short(number) for number in numbers if number)
    otherwise = f", or {plain} where that is meant" if plain else ""
    return ScalarError(AMBIGUOUS, message, f'write "{short(text)}" for text{otherwise}')


def _parsed(text: str, base: int) -> str:
    """The number in decimal, empty where it is none in this base or too long to matter."""
    try:
        return str(int(text.replace("_", ""), base)) if len(text) <= 20 else ""
    except ValueError:
        return ""


def short(text: str) -> str:
    """A text as a message quotes it: not long, and without characters that would act on a terminal."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return shown if shown.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in shown)
