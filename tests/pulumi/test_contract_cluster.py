"""What every target promises, promised by a stack: the contract suite on the real engine and a real control plane."""

from pathlib import Path

import pytest

from tests.contracts.places import Place
from tests.contracts.test_target import (
    target,
    test_a_revision_that_is_none_is_refused,
    test_an_earlier_revision_can_be_read_and_written_again,
    test_applying_again_records_nothing,
    test_changes_additions_and_removals_in_one_apply,
    test_destroy_twice,
    test_events_tell_each_object_and_end_with_the_revision,
    test_history_tells_who_when_from_what_and_under_whose_approval,
    test_nothing_is_there_before_the_first_apply,
    test_objects_that_the_plan_does_not_name_stay_as_they_are,
    test_plan_after_apply_is_empty,
    test_reading_changes_nothing,
    test_rename_of_a_document_keeps_the_object,
    test_the_slower_of_two_users_is_stale_and_writes_nothing,
    test_two_first_applies_do_not_overwrite_each_other,
    test_what_was_applied_is_read_back,
)
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import assist
from tests.support.pulumi_places import cluster_stack, pulumi

__all__ = [
    "assist",
    "pulumi",
    "target",
    "test_a_revision_that_is_none_is_refused",
    "test_an_earlier_revision_can_be_read_and_written_again",
    "test_applying_again_records_nothing",
    "test_changes_additions_and_removals_in_one_apply",
    "test_destroy_twice",
    "test_events_tell_each_object_and_end_with_the_revision",
    "test_history_tells_who_when_from_what_and_under_whose_approval",
    "test_nothing_is_there_before_the_first_apply",
    "test_objects_that_the_plan_does_not_name_stay_as_they_are",
    "test_plan_after_apply_is_empty",
    "test_reading_changes_nothing",
    "test_rename_of_a_document_keeps_the_object",
    "test_the_slower_of_two_users_is_stale_and_writes_nothing",
    "test_two_first_applies_do_not_overwrite_each_other",
    "test_what_was_applied_is_read_back",
]


pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


@pytest.fixture
def place(pulumi: Path, cluster: ControlPlane, assist: str) -> Place:
    return Place(lambda user: cluster_stack(cluster, pulumi))
