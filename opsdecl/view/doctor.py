"""Checks of the machine and the project, each with what to do about it."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from opsdecl.view.cells import Cell, align, printable
from opsdecl.view.style import ALARM, CAUTION, DIM, GREEN, ink_for
from opsdecl.view.words import count

CheckState = Literal["ok", "warning", "failed", "skipped"]
_MARKS: dict[CheckState, tuple[str, str]] = {
    "ok": ("✓ ok", GREEN),
    "warning": ("! warning", CAUTION),
    "failed": ("✗ failed", ALARM),
    "skipped": ("- skipped", DIM),
}


class Check(Struct, frozen=True):
    """One thing that was looked at: `detail` is what was found, `hint` what to do where that is not good."""

    name: str
    state: CheckState
    detail: str
    hint: str = ""


def render_checks(checks: Sequence[Check], *, color: bool = False) -> str:
    ink = ink_for(color)
    heads = align([[Cell(*_MARKS[c.state]), Cell(printable(c.name)), Cell(printable(c.detail))] for c in checks], ink)
    rows: list[str] = []
    for head, check in zip(heads, checks, strict=True):
        rows += [head, *(f"    {printable(line)}" for line in check.hint.splitlines() if check.state != "ok")]
    bad = [count(n, word) for word, n in _totals(checks) if n]
    verdict = ", ".join(bad) or ink("all is well", GREEN)
    return "\n".join([*rows, verdict]) + "\n"


def _totals(checks: Sequence[Check]) -> list[tuple[str, int]]:
    states = [check.state for check in checks]
    return [("problem", states.count("failed")), ("warning", states.count("warning"))]
