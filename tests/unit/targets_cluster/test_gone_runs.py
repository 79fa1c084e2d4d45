"""What `status` says of a run whose object is gone: how it ended, as far as anybody saw."""

import pytest

from opsdecl.addr import ObjectKey
from opsdecl.apply.types import ObjectStatus, Readiness, Status
from opsdecl.diff.records import StartedRun
from opsdecl.targets.cluster.running import of_run
from opsdecl.view.status import is_ready, render_status

GONE = Readiness("NotFound", "it is not there")
DONE = "2026-11-02T10:30:00Z"


def run(outcome: str = "", ended: str = "") -> StartedRun:
    key = ObjectKey("batch/v1", "Job", "risk", "claims-3f2a9c1d04")
    return StartedRun("Training.claims/main/run-3f2a9c1d04", key, "2026-11-02T09:00:00Z", outcome=outcome, ended=ended)


@pytest.mark.parametrize(
    ("held", "state", "said"),
    [
        (run("succeeded", DONE), "Current", f"succeeded {DONE}, and removed since"),
        (run("failed", DONE), "Failed", f"failed {DONE}, and removed since"),
        (run("succeeded"), "Current", "succeeded, and removed since"),
        (run(), "Current", "started 2026-11-02T09:00:00Z, gone before anybody saw how it ended"),
    ],
)
def test_a_gone_run_is_told_by_how_it_ended(held: StartedRun, state: str, said: str) -> None:
    readiness = of_run(GONE, held)
    assert (readiness.state, readiness.message) == (state, said)
    status = Status(None, (ObjectStatus(held.address, "Job risk/claims-3f2a9c1d04", readiness),))
    row = render_status("prod", "main", status).splitlines()[1]
    assert row.startswith("  ● Training claims" if state == "Current" else "  ✗ Training claims")
    assert row.endswith(said)
    assert is_ready(status) == (state == "Current")


def test_what_is_there_and_what_is_no_run_is_told_as_it_is() -> None:
    going = Readiness("InProgress", "1 of 1 runs")
    assert of_run(going, run("succeeded", DONE)) == going
    assert of_run(GONE, None) == GONE
