"""Gates beside the documents that wait for them."""

from collections.abc import Sequence

from opsdecl.diff.types import GateState
from opsdecl.view.plan.models import ModelLine, Tone

_TONES: dict[str, Tone] = {"open": "good", "closed": "bad", "stale": "bad"}


def gate_lines(states: Sequence[GateState]) -> list[ModelLine]:
    return [ModelLine("gate", f"{each.gate} · {each.reason}", each.state, _TONES[each.state]) for each in states]
