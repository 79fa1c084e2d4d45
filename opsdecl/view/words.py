"""Small phrases that every view shares."""

from collections.abc import Sequence

_IRREGULAR = {"policy": "policies", "entry": "entries"}
MODEL_KINDS = frozenset(("LLM", "Model"))


def count(number: int, noun: str) -> str:
    """`1 error`, `2 errors`, `1,024 objects`."""
    return f"{number:,} {plural(number, noun)}"


def plural(number: int, noun: str) -> str:
    return noun if number == 1 else _IRREGULAR.get(noun, f"{noun}s")


def span_of(low: int, high: int) -> str:
    """`3` or `2–6`."""
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def listed(names: Sequence[str], limit: int) -> str:
    """`a, b, c and 4 more`."""
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit:,} more" if len(names) > limit else shown


def documents_noun(kinds: Sequence[str]) -> str:
    """What to call documents of these kinds together."""
    return "model" if kinds and all(kind in MODEL_KINDS for kind in kinds) else "document"
