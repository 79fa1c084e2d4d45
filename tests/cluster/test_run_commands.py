"""Data and training over a cluster target, as a person runs them: Jobs complete, are removed, and are not repeated."""

from pathlib import Path

import pytest

from tests.cluster.test_commands import MODELS, edit, project
from tests.support.cluster import ControlPlane, wait_until
from tests.support.git import commit
from tests.support.project import Ran, opsdecl_here

__all__ = ["project"]

CONTRACTS = "environments/training/contracts.yaml"
REMOVED = """
---
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {name: contracts}
spec: {run: {removeAfter: 5s}}
---
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: contracts-labels}
spec: {run: {removeAfter: 5s}}
"""


def jobs(cluster: ControlPlane) -> list[str]:
    """Those of the two documents whose runs are removed."""
    owners = "app.kubernetes.io/instance in (contracts,contracts-labels)"
    return sorted(cluster.kubectl("get", "jobs", "-A", "-l", owners, "-o", "name").split())


@pytest.mark.slow
def test_runs_complete_go_and_are_not_repeated(cluster: ControlPlane, project: Path) -> None:
    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(project, *arguments, "--env", "staging", env={"KUBECONFIG": str(cluster.kubeconfig)})

    with (project / MODELS).open("a") as file:
        file.write(REMOVED)
    commit(project, "runs are removed after a while")
    planned = opsdecl("plan", "--live").out
    assert "source · 1 pod · at most 24 h" in planned
    assert "run · 1 pod · 1 × l40s · at most 6 h · at most $11" in planned
    assert opsdecl("apply", "--yes").code == 0
    wait_until(lambda: not jobs(cluster), "runs do not complete and go")

    assert opsdecl("plan", "--live", "--exit-code").code == 0
    assert opsdecl("status").code == 0
    again = opsdecl("apply", "--yes")
    assert (again.code, jobs(cluster)) == (0, [])

    edit(project, CONTRACTS, "owner: team-documents", "owner: team-papers")
    edit(project, CONTRACTS, "timeLimit: 6h", "timeLimit: 9h")
    commit(project, "another owner and limit")
    labels = opsdecl("plan", "--live").out
    assert "starts" not in labels
    assert "counts from the next run on" in labels
    assert opsdecl("apply", "--yes").code == 0
    assert jobs(cluster) == []

    edit(project, CONTRACTS, "rows: {min: 20000}", "rows: {min: 30000}")
    commit(project, "more rows")
    changed = opsdecl("plan", "--live").out
    assert "checks · 1 pod" in changed
    assert "clean · 4 pods" not in changed
    assert opsdecl("apply", "--yes").code == 0
    assert len(jobs(cluster)) == 1
    assert opsdecl("plan", "--live", "--exit-code").code == 0
