"""What published start-up logs printed stays as near as it is: `benchmarks/start_up_logs.yaml`."""

from collections.abc import Iterable

import pytest

from benchmarks import sizing
from benchmarks.sizing import Score
from opsdecl.catalog.architecture_table import load_architectures

MEDIAN = {"weights": 0.006, "kv": 0.025, "tokens": 0.02, "concurrency": 0.025, "longest": 0.03, "blocks": 0.12}
"""Largest median of errors that is accepted, without signs."""
INSIDE = {"weights": 1.0, "kv": 0.97, "tokens": 0.96, "concurrency": 0.95, "longest": 1.0, "activation": 0.9}
"""Least share of printed figures between the bounds."""
WIDTH = {"weights": 0.05, "kv": 0.2, "tokens": 0.23, "concurrency": 0.23}
"""Largest median width of the bounds, of what was printed: bounds that hold everything say nothing."""
TIGHT = {"starts": 0.1, "refused": 0.4, "oom": 0.0}
"""Largest share of verdicts that leave it open."""


@pytest.fixture(scope="module")
def scores() -> tuple[Score, ...]:
    table = load_architectures()
    return tuple(sizing.score(start, table) for start in sizing.load_starts())


def met(scores: Iterable[Score], figure: str) -> list[sizing.Met]:
    return [each for one in scores for each in one.met if each.figure == figure]


def test_every_start_is_known_and_no_verdict_is_the_opposite_of_what_happened(scores: tuple[Score, ...]) -> None:
    assert [sizing.case_row(one) for one in sizing.wrong(scores)] == []


@pytest.mark.parametrize("figure", MEDIAN)
def test_medians_of_errors(scores: tuple[Score, ...], figure: str) -> None:
    assert sizing.middle(abs(each.error) for each in met(scores, figure)) <= MEDIAN[figure]


@pytest.mark.parametrize("figure", INSIDE)
def test_printed_figures_lie_between_the_bounds(scores: tuple[Score, ...], figure: str) -> None:
    found = met(scores, figure)
    assert sum(each.inside for each in found) >= INSIDE[figure] * len(found)


@pytest.mark.parametrize("figure", WIDTH)
def test_bounds_are_no_wider_than_they_are(scores: tuple[Score, ...], figure: str) -> None:
    assert sizing.middle(each.width for each in met(scores, figure)) <= WIDTH[figure]


@pytest.mark.parametrize("happened", TIGHT)
def test_few_verdicts_leave_it_open(scores: tuple[Score, ...], happened: str) -> None:
    found = [one for one in scores if one.start.happened == happened]
    assert sum(one.verdict == "tight" for one in found) <= TIGHT[happened] * len(found)


def test_both_halves_have_starts_of_every_kind() -> None:
    starts = sizing.load_starts()
    names = [start.name for start in starts]
    assert len(names) == len(set(names))
    kinds = {(start.half, start.happened) for start in starts}
    assert {(half, kind) for half in ("development", "held-out") for kind in sizing.EXPECTED} == kinds


def test_the_table_of_the_documentation_is_current(scores: tuple[Score, ...]) -> None:
    text = sizing.DOCUMENT.read_text("utf-8")
    assert sizing.with_tables(text, scores) == text, "run `python -m benchmarks.sizing --write`"
