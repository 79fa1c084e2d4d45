"""`status` and `unlock` on a real control plane, for a cluster target and for a git target."""

from pathlib import Path

import pytest

from tests.cluster.test_commands import MODELS, edit, project
from tests.support.cluster import ControlPlane
from tests.support.git import commit
from tests.support.project import Ran, opsdecl_here

__all__ = ["project"]
HELD = """\
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  holderIdentity: ada on ci-7, process 12
  leaseDurationSeconds: 3600
  acquireTime: "{now}"
  renewTime: "{now}"
"""


@pytest.mark.slow
def test_what_runs_what_does_not_and_why(cluster: ControlPlane, project: Path) -> None:
    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(project, *arguments, "--env", "staging", env={"KUBECONFIG": str(cluster.kubeconfig)})

    assert opsdecl("status").out.startswith("staging · main · 0 objects")
    assert opsdecl("apply", "--yes").code == 0
    cluster.kubectl("wait", "--for=condition=complete", "jobs", "--all", "--all-namespaces", "--timeout=120s")
    ready = opsdecl("status", "--exit-code")
    assert (ready.code, ready.err) == (0, "")
    assert "● Model fraud" in ready.out
    assert "1/1  ready" in ready.out

    edit(project, MODELS, "metadata: {name: fraud}\nspec:\n", "metadata: {name: fraud}\nspec:\n" + NOWHERE)
    commit(project, "fraud goes nowhere")
    stuck = opsdecl("apply", "--yes", "--no-wait")
    assert stuck.code == 0, stuck.all
    waiting = opsdecl("status", "--exit-code")
    assert waiting.code == 2
    assert "◐ Model fraud" in waiting.out
    assert "didn't match Pod's node affinity/selector" in waiting.out
    assert '"state": "InProgress"' in opsdecl("status", "--format", "json").out

    edit(project, MODELS, NOWHERE, "")
    commit(project, "fraud goes where it was")
    assert opsdecl("apply", "--yes", "--no-wait").code == 0
    watched = opsdecl("status", "--watch")
    assert watched.code == 0
    assert "● Model fraud" in watched.out.rpartition("staging · main")[2]


@pytest.mark.slow
def test_a_lock_is_taken_from_its_holder_only_by_force(cluster: ControlPlane, project: Path) -> None:
    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(project, *arguments, "--env", "staging", env={"KUBECONFIG": str(cluster.kubeconfig)})

    assert opsdecl("apply", "--yes").code == 0
    assert "OD624" in opsdecl("unlock").err
    (lease,) = cluster.kubectl("get", "leases", "-n", "assist", "-o", "name").split()
    now = cluster.kubectl("get", lease, "-n", "assist", "-o", "jsonpath={.spec.renewTime}")
    body = HELD.format(name=lease.partition("/")[2], namespace="assist", now=now)
    cluster.kubectl("replace", "-f", "-", stdin=body)

    assert "held by ada on ci-7, process 12" in opsdecl("status").out
    assert opsdecl("unlock").code == 5
    taken = opsdecl("unlock", "--force")
    assert (taken.code, taken.out) == (0, "staging · main: taken from ada on ci-7, process 12\n")
    assert "held by" not in opsdecl("status").out


@pytest.mark.slow
def test_a_git_target_is_looked_at_where_the_environment_says(cluster: ControlPlane, project: Path) -> None:
    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(project, *arguments, "--env", "dev", env={"KUBECONFIG": str(cluster.kubeconfig)})

    assert opsdecl("apply", "--yes").code == 0
    unknown = opsdecl("status")
    assert unknown.code == 1
    assert "error[OD623]" in unknown.err
    settings = "environments/dev/environment.yaml"
    edit(project, settings, "spec:\n", f"spec:\n  observe: {{kubeContext: {cluster.context}}}\n")
    commit(project, "where it runs")
    missing = opsdecl("status", "--exit-code")
    assert missing.code == 2
    assert "it is not there" in missing.out
    rendered = opsdecl("render").out
    cluster.kubectl("apply", "--server-side", "-f", "-", stdin=rendered)
    cluster.kubectl("wait", "--for=condition=Available", "deployment", "-A", "--all", "--timeout=60s")
    seen = opsdecl("status")
    assert (seen.code, seen.err) == (0, "")
    assert "● Model fraud" in seen.out


NOWHERE = "  scheduling: {nodeSelector: {disk: none-such}}\n"
