"""Colour for terminals: plain ANSI constants, used only where a caller says so."""

from collections.abc import Callable

RESET = "\x1b[0m"
BOLD = "\x1b[1m"
DIM = "\x1b[2m"
RED = "\x1b[31m"
GREEN = "\x1b[32m"
YELLOW = "\x1b[33m"
BLUE = "\x1b[34m"
CYAN = "\x1b[36m"
ALARM = BOLD + RED
CAUTION = BOLD + YELLOW

Ink = Callable[[str, str], str]
"""`ink(text, style)`: the text in that style, or the text alone."""


def ink_for(color: bool) -> Ink:
    return _coloured if color else _plain


def _coloured(text: str, style: str) -> str:
    return f"{style}{text}{RESET}" if style and text else text


def _plain(text: str, style: str) -> str:
    return text
