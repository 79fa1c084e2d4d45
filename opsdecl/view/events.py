"""What happens during an apply, line by line; and one line that a terminal overwrites."""

import json
from typing import assert_never

from opsdecl.apply.types import Changed, Event, Outcome, Queued, Readiness, ReadinessState, Recorded, Started, Watched
from opsdecl.diff.types import Action
from opsdecl.view.as_json import FORMAT_VERSION, plain
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
_STATES: dict[ReadinessState, tuple[str, str]] = {
    "Current": ("ready", GREEN),
    "InProgress": ("waiting", YELLOW),
    "Failed": ("failed", RED),
    "Terminating": ("leaving", YELLOW),
    "NotFound": ("missing", RED),
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
        case Watched(address, readiness):
            word, style = _STATES[readiness.state]
            return f"  {ink(f'{word:<9}', style)} {printable(address)}{_more(readiness)}"
        case Queued(holder, at_most_s):
            return f"{ink('waiting', YELLOW)} up to {at_most_s:g} s for a sign of life of {printable(holder)}"
        case _:
            assert_never(event)


def _more(readiness: Readiness) -> str:
    counted = f" {readiness.ready}/{readiness.wanted}" if readiness.wanted is not None else ""
    return f"{counted}{f'  {printable(readiness.message)}' if readiness.message else ''}"


def progress_line(done: int, total: int, event: Event, *, width: int = 80, color: bool = False) -> str:
    """How far an apply is, in one line of at most `width` cells, to be overwritten by the next."""
    ink: Ink = ink_for(color)
    share = min(1.0, done / total) if total > 0 else 1.0
    filled = int(share * _BAR)
    head = f"{'█' * filled}{'░' * (_BAR - filled)} {done:,}/{total:,} "
    return ink(clip(head, width), DIM) + clip(event_line(event).strip(), width - len(head))


def event_json(event: Event) -> str:
    """One line of JSON without its end: `event` names what happened, the other members are its own."""
    row = {"formatVersion": FORMAT_VERSION, "event": type(event).__name__.lower(), **plain(event)}
    return json.dumps(row, ensure_ascii=True)


def outcome_json(environment: str, release: str, outcome: Outcome) -> str:
    """The last lines of a stream of events, one for each release: `main`, or `main/team-a`."""
    head = {"formatVersion": FORMAT_VERSION, "event": "outcome", "environment": environment, "release": release}
    row = {**head, **plain(outcome)}
    return json.dumps(row, ensure_ascii=True)


def render_outcome(environment: str, outcome: Outcome, *, color: bool = False) -> str:
    """`prod: 1 created, 3 updated · revision 4be1c22`; where something failed, that no revision was recorded."""
    ink = ink_for(color)
    counts = ", ".join(
        f"{outcome.counts[name]:,} {word}" for name, (word, _) in _DONE.items() if outcome.counts.get(name)
    )
    name = ink(printable(environment), BOLD)
    if outcome.failed:
        return f"{name}: {counts or 'nothing done'} · {ink('no revision, since something failed', RED)}\n"
    return f"{name}: {counts or 'nothing to do'} · revision {printable(outcome.revision)[:SHORT]}\n"
