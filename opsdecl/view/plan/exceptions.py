"""Exceptions that come, go or say otherwise, in sentences beside the policy that grants them."""

from collections.abc import Iterator, Sequence

from opsdecl.diff.types import ExceptionChange, ExceptionTerms
from opsdecl.view.plan.models import ModelLine, Tone
from opsdecl.view.words import listed

_NAMED = 5
_REASON = 120


def exception_lines(changes: Sequence[ExceptionChange]) -> list[ModelLine]:
    return [ModelLine("exception", f"{each.name} · {_said(each)}", *_end(each)) for each in changes]


def _end(change: ExceptionChange) -> tuple[str, Tone]:
    if change.after is None:
        return "ends", "good"
    return "new" if change.before is None else "changes", "doubtful"


def _said(change: ExceptionChange) -> str:
    """`now excepts LLM.chat from rule owner until 2027-01-31, by team-a: reason`."""
    before, after = change.before, change.after
    if after is None:
        assert before is not None
        return f"no longer excepts {_whom(before)} {_from(before)}"
    now = f"excepts {_whom(after)} {_from(after)} until {after.until}, by {after.owner}: {_short(after.reason)}"
    if before is None:
        return f"now {now}"
    return f"now {now} (before: {', '.join(_other(before, after))})"


def _other(before: ExceptionTerms, after: ExceptionTerms) -> Iterator[str]:
    """What it said before, as far as it says otherwise."""
    if before.documents != after.documents:
        yield _whom(before)
    if before.rules != after.rules:
        yield _from(before)
    if before.until != after.until:
        yield f"until {before.until}"
    if before.owner != after.owner:
        yield f"by {before.owner}"
    if before.reason != after.reason:
        yield "another reason"


def _whom(terms: ExceptionTerms) -> str:
    return listed(terms.documents, _NAMED) if terms.documents else "nobody here"


def _from(terms: ExceptionTerms) -> str:
    return (
        f"from {'rule' if len(terms.rules) == 1 else 'rules'} {', '.join(terms.rules)}"
        if terms.rules
        else "from all rules"
    )


def _short(text: str) -> str:
    text = " ".join(text.split()).removesuffix(".")
    return text if len(text) <= _REASON else f"{text[: _REASON - 1]}…"
