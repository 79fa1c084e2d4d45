"""The commands over a cluster target, as a person runs them."""

from pathlib import Path

import pytest

from tests.support.cluster import ControlPlane
from tests.support.git import commit, repository
from tests.support.project import Ran, copy_example, opsdecl_here

STAGING, MODELS = "environments/staging/environment.yaml", "environments/staging/models.yaml"
MONITORING = "environments/base/monitoring.yaml"


@pytest.fixture
def project(tmp_path: Path, cluster: ControlPlane, example_namespaces: tuple[str, ...]) -> Path:
    """The example, with staging on the control plane."""
    folder = repository(copy_example(tmp_path / "project"))
    edit(
        folder,
        STAGING,
        'main: {type: git, remote: ".", branch: rendered/staging}',
        f"main: {{type: cluster, context: {cluster.context}, waitAtMost: 60s}}",
    )
    commit(folder, "staging goes to a cluster")
    return folder


def edit(project: Path, file: str, old: str, new: str) -> None:
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new))


def bound_of(cluster: ControlPlane, alert: str) -> str:
    """The expression of an alert of the assistant's, as the server holds it."""
    groups = cluster.get("prometheusrule", "assistant", "assist")["spec"]["groups"]
    return next(str(rule["expr"]) for group in groups for rule in group["rules"] if rule.get("alert") == alert)


@pytest.mark.slow
def test_apply_drift_refusal_rollback_and_destroy(cluster: ControlPlane, project: Path) -> None:
    def opsdecl(*arguments: str) -> Ran:
        return opsdecl_here(project, *arguments, "--env", "staging", env={"KUBECONFIG": str(cluster.kubeconfig)})

    applied = opsdecl("apply", "--yes")
    assert applied.code == 0, applied.all
    assert opsdecl("plan", "--live", "--exit-code").code == 0

    cluster.kubectl("set", "image", "deployment/fraud", "-n", "risk", "server=example.com/other:1")
    cluster.kubectl("annotate", "service", "eta", "-n", "risk", "--field-manager=kueue", "kueue.x-k8s.io/seen=1")
    drift = opsdecl("drift", "--exit-code")
    assert drift.code == 2
    assert "by kubectl-set (a person)" in drift.out
    assert "expected: of programs in the cluster" in drift.out
    assert "kueue (an operator)" in drift.out
    assert opsdecl("apply", "--yes").code == 4
    assert opsdecl("apply", "--yes", "--revert-drift").code == 0
    assert opsdecl("drift", "--exit-code").code == 0

    line = "  patches: [{target: deployment, path: spec.minReadySeconds, value: 100000, reason: settle}]\n"
    with (project / MODELS).open("a") as file:
        file.write(line)
    number = (project / MODELS).read_text().count("\n")
    refused = opsdecl("plan", "--live")
    assert refused.code == 1
    assert "error[OD608]" in refused.all
    assert f"{MODELS}:{number}" in refused.all
    edit(project, MODELS, line, "")

    edit(project, MODELS, "metadata: {name: fraud}\nspec:\n  replicas: {count: 1}", FRAUD_TWICE)
    edit(project, MONITORING, "above: 40", "above: 60")
    commit(project, "two of fraud, and more may wait")
    said = opsdecl("apply", "--yes")
    assert said.code == 0
    assert "objects: update ConfigMap assistant-dashboard, PrometheusRule assistant\n" in said.out
    assert cluster.get("deployment", "fraud", "risk")["spec"]["replicas"] == 2
    assert "> 60" in bound_of(cluster, "RequestsWait")
    history = opsdecl("history").out.splitlines()
    assert len(history) == 4, history
    assert opsdecl("rollback", "--to", history[-1].split()[0], "--yes").code == 0
    assert cluster.get("deployment", "fraud", "risk")["spec"]["replicas"] == 1
    assert "> 40" in bound_of(cluster, "RequestsWait")

    assert opsdecl("destroy", "--yes", "--including-protected").code == 0
    left = cluster.kubectl(
        "get",
        "deployments,services,pvc,podmonitors,prometheusrules",
        "-A",
        "-l",
        "app.kubernetes.io/managed-by=opsdecl",
        "-o",
        "name",
    )
    assert left == ""


FRAUD_TWICE = "metadata: {name: fraud}\nspec:\n  replicas: {count: 2}"
