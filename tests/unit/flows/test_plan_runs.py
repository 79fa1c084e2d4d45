"""How long a run may take at most, by what runs it: some limits are those of one attempt."""

import pytest

from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.spec.source import MemoryTree
from tests.support.searched import searched_project


def hours(platform: str) -> float | None:
    """Of the training `tune`, whose limit is 12 hours, and which is tried three times."""
    files = searched_project(platform)
    before = {path: text for path, text in files.items() if "kind: Training" not in text}
    done = plan_review(MemoryTree(files), MemoryTree(before), Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None, done.diagnostics
    ((run,),) = (document.runs for document in done.plan.starting if document.address == "Training.tune")
    return run.hours


@pytest.mark.parametrize(("platform", "most"), [("job", 12), ("kubeflow-trainer", 12), ("jobset", 36), ("kuberay", 36)])
def test_a_limit_of_each_attempt_is_counted_for_all_of_them(platform: str, most: float) -> None:
    assert hours(platform) == most
