"""Long texts in one line, for people; the plan itself keeps them whole."""

from collections.abc import Sequence
from typing import Any

_LONG = 120


def summarise(before: Any, after: Any) -> str:
    """`40 lines, from line 12: 1 removed, 3 added`; empty where both values are short enough to show."""
    texts = [value for value in (before, after) if isinstance(value, str)]
    if not any("\n" in text or len(text) > _LONG for text in texts):
        return ""
    if len(texts) == 1:
        return size_of(texts[0])
    return _change_of(*texts)


def size_of(text: str) -> str:
    lines = text.count("\n") + (not text.endswith("\n"))
    return f"{lines} lines" if lines > 1 else f"{len(text)} characters"


def _change_of(before: str, after: str) -> str:
    if "\n" not in before.rstrip("\n") + after.rstrip("\n"):
        start, removed, added = _changed(before, after)
        return f"{len(after)} characters, from character {start + 1}: {removed} removed, {added} added"
    start, removed, added = _changed(before.split("\n"), after.split("\n"))
    return f"{size_of(after)}, from line {start + 1}: {removed} removed, {added} added"


def _changed(before: Sequence[str], after: Sequence[str]) -> tuple[int, int, int]:
    """Where the first difference is, and how much lies between the common start and the common end on each side."""
    shortest = min(len(before), len(after))
    start = next((i for i in range(shortest) if before[i] != after[i]), shortest)
    end = next((i for i in range(shortest - start) if before[-1 - i] != after[-1 - i]), shortest - start)
    return start, len(before) - start - end, len(after) - start - end
