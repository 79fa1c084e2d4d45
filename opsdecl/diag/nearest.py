"""The name that was probably meant."""

from collections.abc import Iterable
from difflib import SequenceMatcher

_CLOSE_ENOUGH = 0.6


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The most similar candidate, None where nothing is close. Case and separators do not count."""
    plain = _plain(name)
    scored = [(SequenceMatcher(None, plain, _plain(candidate)).ratio(), candidate) for candidate in sorted(candidates)]
    best = max(scored, default=(0.0, ""), key=lambda pair: pair[0])
    return best[1] if best[0] >= _CLOSE_ENOUGH else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A hint, empty where nothing is close."""
    found = nearest(name, candidates)
    return f"did you mean `{found}`?" if found else ""


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())
