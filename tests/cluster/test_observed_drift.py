"""`drift` of a git target whose objects somebody else carries to a cluster: on the branch, and in the cluster."""

import json
from pathlib import Path

import pytest

from tests.cluster.test_commands import MODELS, STAGING, edit
from tests.contracts.builders import edit_branch, git
from tests.support.cluster import ControlPlane, wait_until
from tests.support.git import commit, repository
from tests.support.project import Ran, copy_example, opsdecl_here

CARRIER = "argocd-controller"
READ_ALL = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list"]}]


@pytest.fixture
def observed(tmp_path: Path, cluster: ControlPlane, example_namespaces: tuple[str, ...]) -> Path:
    """The example, staging on a branch, looked at on the control plane; carried there by another program."""
    folder = repository(copy_example(tmp_path / "project"))
    edit(folder, STAGING, "spec:\n", f"spec:\n  observe: {{kubeContext: {cluster.context}}}\n")
    edit(folder, MODELS, "{min: 1, max: 2,", "{min: 2, max: 3,")
    commit(folder, "where it runs")
    assert opsdecl_here(folder, "apply", "--env", "staging", "--yes").code == 0
    rendered = opsdecl_here(folder, "render", "--env", "staging").out
    cluster.kubectl("apply", "--server-side", f"--field-manager={CARRIER}", "-f", "-", stdin=rendered)
    return folder


def replicas_of(cluster: ControlPlane) -> int:
    return int(cluster.get("deployment", "extract", "documents")["spec"]["replicas"])


@pytest.mark.slow
def test_an_autoscaler_a_person_and_an_operator_are_told_apart(cluster: ControlPlane, observed: Path) -> None:
    reader = str(cluster.identity(READ_ALL))

    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(observed, *arguments, "--env", "staging", env={"KUBECONFIG": reader})

    clean = opsdecl("drift", "--exit-code")
    assert (clean.code, clean.err) == (0, "")
    assert f"staging · main · {cluster.context} · 72 objects · no drift" in clean.out

    wait_until(lambda: replicas_of(cluster) == 2, "the autoscaler does nothing")
    cluster.kubectl("set", "image", "deployment/fraud", "-n", "risk", "server=example.com/other:1")
    cluster.kubectl("annotate", "service", "eta", "-n", "risk", "--field-manager=kueue", "kueue.x-k8s.io/seen=1")
    cluster.kubectl("label", "service", "eta", "-n", "risk", "seen=1")
    cluster.kubectl("delete", "service", "fraud", "-n", "risk")
    found = opsdecl("drift", "--exit-code")
    assert (found.code, found.err) == (2, "")
    person, _, rest = found.out.partition("not ours")
    assert "by kubectl-set (a person) at 20" in person
    assert "spec.template.spec.containers[server].image" in person
    assert "Service risk/fraud  is not there" in person
    assert "Service risk/eta: metadata.labels.seen by kubectl-label (a person)" in rest
    assert "Deployment documents/extract: spec.replicas 2 by HorizontalPodAutoscaler extract (an autoscaler)" in rest
    assert 'metadata.annotations["kueue.x-k8s.io/seen"] by kueue (an operator)' in rest
    assert "Argo CD by `selfHeal`" in found.out

    told = json.loads(opsdecl("drift", "--format", "json").out)
    assert told["drifted"] == []
    (there,) = told["observed"]
    assert {change["object"]["name"] for change in there["drifted"]} == {"fraud"}
    assert (there["target"], there["cluster"]) == ("main", cluster.context)


@pytest.mark.slow
def test_drift_on_the_branch_and_in_the_cluster_are_two_things(cluster: ControlPlane, observed: Path) -> None:
    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(observed, *arguments, "--env", "staging", env={"KUBECONFIG": str(cluster.kubeconfig)})

    file = "manifests/risk/deployment-fraud.yaml"
    text = git(observed, "show", f"rendered/staging:{file}")
    changed = text.replace("revisionHistoryLimit: 3", "revisionHistoryLimit: 7")
    assert changed != text
    edit_branch(observed, observed.parent / "scratch", "rendered/staging", {file: changed})
    found = opsdecl("drift", "--exit-code")
    assert found.code == 2
    branch, _, there = found.out.partition(f"staging · main · {cluster.context}")
    assert "by Ben Hand" in branch
    assert "spec.revisionHistoryLimit  3 → 7" in branch
    # Nobody has carried the edit to the cluster yet.
    assert "spec.revisionHistoryLimit  7 → 3" in there


@pytest.mark.slow
def test_a_cluster_that_cannot_be_read_is_no_drift(cluster: ControlPlane, observed: Path) -> None:
    nobody = cluster.identity([{"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list"]}])
    done = opsdecl_here(observed, "drift", "--env", "staging", "--exit-code", env={"KUBECONFIG": str(nobody)})
    assert done.code == 1
    assert "error[OD605]" in done.err
    assert cluster.context not in done.out
