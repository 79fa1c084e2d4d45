"""Runs as a cluster shows them: how they ended, as long as their objects are there to tell."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from opsdecl.addr import ObjectKey
from opsdecl.apply.readiness.jobs import ended_at
from opsdecl.apply.readiness.read import read_readiness
from opsdecl.apply.types import Readiness
from opsdecl.diff.records import StartedRun

_OUTCOMES = {"Current": "succeeded", "Failed": "failed"}


def observed(runs: Iterable[StartedRun], live: Mapping[ObjectKey, Mapping[str, Any]]) -> tuple[StartedRun, ...]:
    """The ledger with what the objects tell now. What was seen once stays, whether the object is there or not."""
    return tuple(run if run.outcome else _seen(run, live.get(run.key)) for run in runs)


def _seen(run: StartedRun, live: Mapping[str, Any] | None) -> StartedRun:
    if live is None:
        return run
    outcome = _OUTCOMES.get(read_readiness(live).state, "")
    return replace(run, outcome=outcome, ended=ended_at(live, outcome) if outcome else "")


def ended_words(run: StartedRun) -> str:
    """What became of a run whose object is gone, for people."""
    if not run.outcome:
        return f"started {run.started}, gone before anybody saw how it ended"
    return f"{run.outcome} {run.ended}".strip() + ", and removed since"


def of_run(now: Readiness, run: StartedRun | None) -> Readiness:
    """A run that is gone did what it was there for, or failed; for anything else what was seen."""
    if run is None or now.state != "NotFound":
        return now
    return Readiness("Failed" if run.outcome == "failed" else "Current", ended_words(run))


def run_at(runs: Sequence[StartedRun], key: ObjectKey) -> StartedRun | None:
    return next((run for run in runs if run.key == key), None)
