"""What an evaluation may cost at most, known before it starts: the library cannot be stopped once it runs.

A step is about 0.2 µs. Nested macros multiply by the longest collection; `map` and `filter` copy what they gather.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from opsdecl.cel.reads import is_macro
from opsdecl.cel.syntax import Call, Collection, Literal, Node, children

MAX_STEPS = 1_000_000
"""For one evaluation: about 0.2 s."""
MAX_STEPS_PER_RUN = 300_000_000
"""For all evaluations of a run together: a minute at the very most, a hundredth of that as a rule."""
MAX_BYTES = 64 * 1024 * 1024
"""Of text that one evaluation may build or look through."""
_COMPUTED_PATTERN = 50_000.0
_COUNTED = re.compile(r"\{(\d{1,6})(?:,(\d{0,6}))?\}")


def steps(node: Node, items: int) -> float:
    """Most steps that `node` takes where no collection of the input is longer than `items`."""
    return _steps(node, float((items + literal_items(node)) * (1 + additions(node))))


def _steps(node: Node, items: float) -> float:
    if not isinstance(node, Call):
        return 1 + sum(_steps(child, items) for child in children(node))
    if is_macro(node) and node.target is not None:
        body = sum(_steps(argument, items) for argument in node.arguments[1:])
        gathered = items * items / 4 if node.function in ("map", "filter") else 0.0
        return _steps(node.target, items) + items * (1 + body) + gathered
    own = _pattern_steps(node) if node.function == "matches" else 5.0 if node.function[0].isalpha() else 1.0
    return own + sum(_steps(child, items) for child in children(node))


def _pattern_steps(call: Call) -> float:
    """Compiling the pattern is what costs; repetition counts multiply its size."""
    pattern = call.arguments[-1] if call.arguments else None
    if not isinstance(pattern, Literal):
        return _COMPUTED_PATTERN
    counts = [max(1, *(int(count or 0) for count in found)) for found in _COUNTED.findall(pattern.text)]
    return min(1e12, 50.0 + len(pattern.text) + 25.0 * math.prod(counts))


def literal_items(node: Node) -> int:
    """Items of the longest list or map that the expression itself spells out."""
    own = len(node.items) if isinstance(node, Collection) else 0
    return max([own, *(literal_items(child) for child in children(node))])


def additions(node: Node) -> int:
    own = 1 if isinstance(node, Call) and node.function == "+" else 0
    return own + sum(additions(child) for child in children(node))


def nesting(node: Node) -> int:
    """How many macros stand inside each other."""
    own = 1 if isinstance(node, Call) and is_macro(node) else 0
    return own + max([0, *(nesting(child) for child in children(node))])


def built_bytes(size: int, items: int, joined: int, depth: int) -> float:
    """Most text that an evaluation over `size` bytes of input builds: only `+`, `joined` times, makes text grow."""
    return float(size) * (1 + joined) * float(max(1, items)) ** depth


def longest(value: Any) -> int:
    """Items of the longest list or mapping anywhere in `value`."""
    if isinstance(value, str | int | float):  # first, since most values are plain
        return 0
    if isinstance(value, dict | Mapping):
        return max(len(value), *map(longest, value.values()), 0)
    if isinstance(value, list):
        return max(len(value), *map(longest, value), 0)
    return 0


def text_length(value: Any) -> int:
    """Characters of all texts in `value`."""
    if isinstance(value, Mapping):
        return sum(len(key) + text_length(item) for key, item in value.items())
    if isinstance(value, list):
        return sum(text_length(item) for item in value)
    return len(value) if isinstance(value, str) else 0
