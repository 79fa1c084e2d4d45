"""Figures that real servers printed are met, and docs/sizing.md shows how well."""

import pytest

from opsdecl.catalog.architecture_table import ArchitectureTable, load_architectures
from tests.unit.sizing import figures


@pytest.fixture(scope="module")
def table() -> ArchitectureTable:
    return load_architectures()


@pytest.mark.parametrize("figure", figures.FIGURES, ids=lambda f: f"{f.model}-{f.gpu}-{f.engine}")
def test_start_up_logs_are_met(figure: figures.Figure, table: ArchitectureTable) -> None:
    values = figures.reckoned(figures.sized(figure, table))
    for name, printed in figure.printed.items():
        near = figures.TOLERANCE_GIB if name in ("activation", "non-torch") else 0
        assert values[name] == pytest.approx(printed, rel=figures.TOLERANCE[name], abs=near), name


@pytest.mark.parametrize("figure", figures.FIGURES, ids=lambda f: f"{f.model}-{f.gpu}-{f.engine}")
def test_what_was_printed_lies_between_the_bounds(figure: figures.Figure, table: ArchitectureTable) -> None:
    sizing = figures.sized(figure, table)
    bounds = {"weights": sizing.memory.weights, "activation": sizing.memory.activation, "cache": sizing.memory.cache}
    for name, bound in bounds.items():
        if name in figure.printed:
            assert bound.low <= figure.printed[name] <= bound.high, name


@pytest.mark.parametrize("figure", figures.POOLS, ids=lambda f: f"{f.model}-{f.engine}")
def test_pools_are_cut_as_the_engine_cuts_them(figure: figures.PoolFigure, table: ArchitectureTable) -> None:
    values = figures.pool_values(figure, table)
    for name, printed in figure.printed.items():
        assert values[name] == pytest.approx(printed, rel=figures.POOL_TOLERANCE), name


def test_the_table_of_the_documentation_is_current(table: ArchitectureTable) -> None:
    text = figures.DOCUMENT.read_text("utf-8")
    assert figures.with_table(text, table) == text, "run `python -m tests.unit.sizing.figures`"
