"""Partitions on a real control plane: locks, managers and records of their own, and hand-overs that nothing notices."""

import json
from pathlib import Path

import pytest

from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist
from tests.support.partitioned import MODELS, edit, write_project
from tests.support.project import Ran, opsdecl_here

__all__ = ["assist"]


class Project:
    """Two teams on one cluster."""

    def __init__(self, folder: Path, cluster: ControlPlane) -> None:
        target = f"main: {{type: cluster, context: {cluster.context}}}"
        self.folder = write_project(folder, target, fraud="team-a", eta="team-b")
        self._env = {"KUBECONFIG": str(cluster.kubeconfig)}

    def run(self, *arguments: str) -> Ran:
        return opsdecl_here(self.folder, *arguments, env=self._env)


@pytest.fixture
def project(tmp_path: Path, cluster: ControlPlane, assist: str) -> Project:
    made = Project(tmp_path / "project", cluster)
    done = made.run("apply", "--yes", "--no-wait")
    assert done.code == 0, done.all
    return made


def managers(cluster: ControlPlane, name: str) -> set[tuple[str, str]]:
    fields = cluster.get("deployment", name, NAMESPACE)["metadata"]["managedFields"]
    return {(f["manager"], f["operation"]) for f in fields if f["manager"].startswith("opsdecl")}


@pytest.mark.slow
def test_objects_are_handed_over_without_being_made_again(cluster: ControlPlane, project: Project) -> None:
    before = {kind: cluster.get(kind, "eta", NAMESPACE) for kind in ("deployment", "service", "serviceaccount")}
    assert managers(cluster, "eta") == {("opsdecl/acme/prod/main/team-b", "Apply")}
    assert project.run("plan", "--exit-code").code == 0

    edit(project.folder, MODELS, "name: eta, owner: team-b", "name: eta, owner: team-a")
    assert "takes over 3 objects from team-b" in project.run("plan").out
    done = project.run("apply", "--yes", "--no-wait")
    assert done.code == 0, done.all
    after = {kind: cluster.get(kind, "eta", NAMESPACE) for kind in before}
    assert {k: o["metadata"]["uid"] for k, o in after.items()} == {k: o["metadata"]["uid"] for k, o in before.items()}
    # The owner is a label of the object and not of its pods, so nothing restarts.
    assert after["deployment"]["spec"]["template"] == before["deployment"]["spec"]["template"]
    assert managers(cluster, "eta") == {("opsdecl/acme/prod/main/team-a", "Apply")}
    assert project.run("plan", "--exit-code").code == 0
    assert project.run("drift", "--exit-code").code == 0
    assert {line.split()[0] for line in project.run("blame", "Model.eta").out.splitlines()}

    assert project.run("destroy", "--yes", "--partition", "team-a").code == 0
    assert cluster.attempt("get", "deployment", "eta", "-n", NAMESPACE).returncode == 1
    left = cluster.kubectl("get", "deployment,service", "-n", NAMESPACE, "-o", "name").split()
    assert left == []


@pytest.mark.slow
def test_a_partition_that_fails_leaves_the_others_alone(cluster: ControlPlane, project: Project) -> None:
    edit(project.folder, MODELS, 'cpu: "100m"', 'cpu: "200m"')
    name = next(
        row["metadata"]["name"]
        for row in json.loads(cluster.kubectl("get", "leases", "-n", NAMESPACE, "-o", "json"))["items"]
        if row["metadata"]["name"] == lease_of(cluster, "acme/prod/main/team-a")
    )
    now = {"spec": {"holderIdentity": "ada on ci-7", "leaseDurationSeconds": 3600, "renewTime": stamp(cluster, name)}}
    cluster.kubectl("patch", "lease", name, "-n", NAMESPACE, "--type=merge", "-p", json.dumps(now))
    done = project.run("apply", "--yes", "--no-wait", "--partition", "team-b")
    assert done.code == 0, done.all
    status = project.run("status").out
    assert "main/team-a" in status
    assert "held by ada on ci-7" in status
    assert project.run("unlock", "--partition", "team-a", "--force").code == 0
    assert project.run("apply", "--yes", "--no-wait").code == 0
    assert project.run("plan", "--exit-code").code == 0


def lease_of(cluster: ControlPlane, release: str) -> str:
    rows = json.loads(
        cluster.kubectl("get", "configmaps", "-n", NAMESPACE, "-l", "opsdecl.dev/record=parent", "-o", "json")
    )
    return next(
        str(row["metadata"]["name"])
        for row in rows["items"]
        if row["metadata"]["annotations"]["opsdecl.dev/release-id"] == release
    )


def stamp(cluster: ControlPlane, lease: str) -> str:
    return str(cluster.get("lease", lease, NAMESPACE)["spec"]["renewTime"])
