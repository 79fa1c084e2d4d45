"""What every target promises of runs, promised by a stack of the real engine."""

from pathlib import Path

import pytest

from tests.contracts.places import Place
from tests.contracts.test_runs import (
    target,
    test_a_run_that_was_started_is_never_changed,
    test_going_back_to_what_was_run_before_repeats_nothing,
)
from tests.support.pulumi_places import folder_place, pulumi

__all__ = [
    "pulumi",
    "target",
    "test_a_run_that_was_started_is_never_changed",
    "test_going_back_to_what_was_run_before_repeats_nothing",
]

pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


@pytest.fixture
def place(pulumi: Path) -> Place:
    return folder_place(pulumi)
