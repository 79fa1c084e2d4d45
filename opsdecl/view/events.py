"""What happens during an apply, line by line; and one line that a terminal overwrites."""

from typing import assert_never

from opsdecl.apply.types import Changed, Event, Outcome, Recorded, Started
from opsdecl.diff.types import Action
from opsdecl.view.cells import clip, printable
from opsdecl.view.style import BOLD, DIM, GREEN, RED, YELLOW, Ink, ink_for
from opsdecl.view.words import count

_DONE: dict[Action, tuple[str, str]] = {
    "create": ("created", GREEN),
    "update": ("updated", YELLOW),
    "replace": ("replaced", YELLOW),
    "delete": ("deleted", RED),
    "adopt": ("adopted", GREEN),
    "forget": ("forgotten", YELLOW),
    "noop": ("unchanged", DIM),
}
_BAR = 24
SHORT = 10
"""Digits of a revision that people see; `history --format json` has all."""


def event_line(event: Event, *, color: bool = False) -> str:
    """One line without its end, for logs."""
    ink = ink_for(color)
    match event:
        case Started(step, objects):
            return f"{ink(printable(step), BOLD)} ({count(objects, 'object')})"
        case Changed(address, action):
            word, style = _DONE[action]
            return f"  {ink(f'{word:<9}', style)} {printable(address)}"
        case Recorded(revision):
            return f"{ink('recorded', GREEN)} revision {printable(revision)[:SHORT]}"
        case _:
            assert_never(event)


def progress_line(done: int, total: int, event: Event, *, width: int = 80, color: bool = False) -> str:
    """How far an apply is, in one line of at most `width` cells, to be overwritten by the next."""
    ink: Ink = ink_for(color)
    share = min(1.0, done / total) if total > 0 else 1.0
    filled = int(share * _BAR)
    head = f"{'█' * filled}{'░' * (_BAR - filled)} {done:,}/{total:,} "
    return ink(clip(head, width), DIM) + clip(event_line(event).strip(), width - len(head))


def render_outcome(environment: str, outcome: Outcome, *, color: bool = False) -> str:
    """`prod: 1 created, 3 updated · revision 4be1c22`."""
    ink = ink_for(color)
    counts = ", ".join(
        f"{outcome.counts[name]:,} {word}" for name, (word, _) in _DONE.items() if outcome.counts.get(name)
    )
    name = ink(printable(environment), BOLD)
    return f"{name}: {counts or 'nothing to do'} · revision {printable(outcome.revision)[:SHORT]}\n"
