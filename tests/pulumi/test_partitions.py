"""Partitions as stacks: planned and applied as one, and objects that go from one to another as they are."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes.cluster import CLUSTER_REFUSED
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.failures import ClusterError
from opsdecl.targets.pulumi.engine import Engine
from opsdecl.targets.pulumi.failures import PulumiError, failed
from tests.pulumi.test_failures import lock
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist
from tests.support.fault_table import rounds
from tests.support.partitioned import MODELS, edit, write_project
from tests.support.project import Ran, opsdecl_here
from tests.support.pulumi_places import pulumi

__all__ = ["assist", "pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]
Run = Callable[..., Ran]


def project(folder: Path, target: str, env: Mapping[str, str] | None = None) -> Run:
    """Two teams on one target, applied."""
    settings = f'main: {{type: pulumi, backend: "file://{folder}/backend", {target}}}'
    made = write_project(folder / "project", settings, fraud="team-a", eta="team-b")

    def run(*arguments: str) -> Ran:
        return opsdecl_here(made, *arguments, env=env)

    done = run("apply", "--yes", *(("--no-wait",) if env else ()))
    assert done.code == 0, done.all
    return run


def state(folder: Path, stack: str) -> dict[str, Any]:
    """URNs without the stack -> their rows."""
    told = json.loads((folder / f"backend/.pulumi/stacks/acme/{stack}.json").read_text())["checkpoint"]["latest"]
    assert not told.get("pending_operations")
    return {row["urn"].partition("::")[2]: row for row in told.get("resources") or ()}


def documents(folder: Path, stack: str) -> set[str]:
    names = (urn.rpartition("::")[2] for urn in state(folder, stack) if "$kubernetes:" in urn)
    return {name.partition("/")[0] for name in names}


def move(folder: Path) -> None:
    edit(folder / "project", MODELS, "name: eta, owner: team-b", "name: eta, owner: team-a")


def test_a_folder_has_a_stack_for_each_partition_and_files_move_nowhere(pulumi: Path) -> None:
    run = project(pulumi, f"renderYamlToDirectory: {pulumi}/rendered")
    assert documents(pulumi, "prod-team-a") == {"Model.fraud"}
    assert documents(pulumi, "prod-team-b") == {"Model.eta"}
    assert run("plan", "--exit-code").code == 0
    files = {file.name: file.stat().st_ino for file in (pulumi / "rendered/1-manifest").iterdir()}
    assert len(files) == 6

    move(pulumi)
    planned = run("plan")
    assert "takes over 3 objects from team-b" in planned.out
    assert "OD681" not in planned.all
    done = run("apply", "--yes")
    assert done.code == 0, done.all
    assert documents(pulumi, "prod-team-a") == {"Model.fraud", "Model.eta"}
    assert documents(pulumi, "prod-team-b") == set()
    assert {file.name for file in (pulumi / "rendered/1-manifest").iterdir()} == files.keys()
    assert run("plan", "--exit-code").code == 0
    assert run("destroy", "--yes", "--partition", "team-a").code == 0
    assert list((pulumi / "rendered/1-manifest").iterdir()) == []


@pytest.mark.timeout(1800)
def test_a_hand_over_that_is_stopped_anywhere_goes_on(pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = project(pulumi, f"renderYamlToDirectory: {pulumi}/rendered")
    for _ in stopped_at(STOPS[: rounds(2, 5)], pulumi, run, monkeypatch):
        assert len(list((pulumi / "rendered/1-manifest").iterdir())) == 6
    assert run("plan", "--exit-code").code == 0


STOPS = (2, 5, 1, 3, 4)
"""Taker's records, its state, its records again, the giver's state, its records, by number."""
BETWEEN = 0
"""The second of the objects was not yet made the taker's."""


def stopped_at(
    points: Iterable[int], folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, *more: str
) -> Iterator[str]:
    """`eta` goes from team to team; each time that fails once, at one of the points. Answers who has it then."""
    owners = ("team-a", "team-b")
    for turn, number in enumerate(points):
        giver, taker = owners[1 - turn % 2], owners[turn % 2]
        edit(folder / "project", MODELS, f"name: eta, owner: {giver}", f"name: eta, owner: {taker}")
        with monkeypatch.context() as patch:
            if number == BETWEEN:
                patch.setattr(Client, "patch", refusing_after(3))
            else:
                patch.setattr(Engine, "replace_state", failing_at(number))
            stopped = run("apply", "--yes", *more)
            assert "the disk is full" in stopped.all, (number, stopped.all)
        done = run("apply", "--yes", *more)
        assert done.code == 0, (number, done.all)
        assert "Model.eta" in documents(folder, f"prod-{taker}"), number
        assert "Model.eta" not in documents(folder, f"prod-{giver}"), number
        yield taker


def refusing_after(number: int) -> Callable[..., Any]:
    """Each object takes two patches."""
    sent, left = Client.patch, [number]

    async def patch(self: Client, *words: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise ClusterError(Diagnostic(CLUSTER_REFUSED, "the disk is full", hint="buy another one"))
        return await sent(self, *words, **more)

    return patch


@pytest.mark.timeout(1800)
def test_a_hand_over_on_a_cluster_that_is_stopped_anywhere_goes_on(
    cluster: ControlPlane, pulumi: Path, assist: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is orphaned, made anew or restarted, and one partition at a time holds the fields."""
    run = project(pulumi, f"kubeContext: {cluster.context}", {"KUBECONFIG": str(cluster.kubeconfig)})
    before = objects(cluster)
    assert len(before) == 6, sorted(before)
    for taker in stopped_at((BETWEEN, *STOPS), pulumi, run, monkeypatch, "--no-wait"):
        now = objects(cluster)
        assert {name: live["metadata"]["uid"] for name, live in now.items()} == {
            name: live["metadata"]["uid"] for name, live in before.items()
        }
        assert now["Deployment/eta"]["spec"]["template"] == before["Deployment/eta"]["spec"]["template"]
        eta = [live for name, live in now.items() if name.endswith("/eta")]
        assert {frozenset(managers(live)) for live in eta} == {frozenset({f"opsdecl/acme/prod/main/{taker}"})}
    assert run("plan", "--exit-code").code == 0
    assert run("drift", "--exit-code").code == 0
    assert run("destroy", "--yes").code == 0
    assert objects(cluster) == {}


def objects(cluster: ControlPlane) -> dict[str, Any]:
    """`Kind/name` -> what the two models have in the namespace."""
    listed = json.loads(
        cluster.kubectl(
            "get", "deployments,services,serviceaccounts", "-n", NAMESPACE, "-o", "json", "--show-managed-fields"
        )
    )["items"]
    return {f"{o['kind']}/{o['metadata']['name']}": o for o in listed if o["metadata"]["name"] != "default"}


def failing_at(number: int) -> Callable[[Engine, str, dict[str, Any]], None]:
    written, left = Engine.replace_state, [number]

    def write(self: Engine, stack: str, deployment: dict[str, Any]) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise PulumiError(failed("the disk is full"))
        written(self, stack, deployment)

    return write


def test_a_partition_that_was_stopped_gives_nothing_until_it_is_whole(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = project(pulumi, f"renderYamlToDirectory: {pulumi}/rendered")
    edit(pulumi / "project", MODELS, 'cpu: "100m"', 'cpu: "200m"')
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "replace_state", failing_at(2))
        assert "the disk is full" in run("apply", "--yes", "--partition", "team-b").all
    move(pulumi)
    refused = run("apply", "--yes")
    assert "OD695" in refused.all
    assert "opsdecl apply --partition team-b" in refused.all
    assert run("apply", "--yes", "--partition", "team-b").code == 0
    assert run("apply", "--yes").code == 0
    assert documents(pulumi, "prod-team-a") == {"Model.fraud", "Model.eta"}
    assert run("plan", "--exit-code").code == 0


def test_a_partition_that_somebody_else_holds_can_give_once_it_is_free(pulumi: Path) -> None:
    """Whoever was refused announced nothing, so nothing has to be cleared up."""
    run = project(pulumi, f"renderYamlToDirectory: {pulumi}/rendered")
    edit(pulumi / "project", MODELS, 'cpu: "100m"', 'cpu: "200m"')
    held = lock(pulumi, "runner-7", 4711, "prod-team-b")
    refused = run("apply", "--yes")
    assert (refused.code, "OD674" in refused.all) == (5, True)
    held.unlink()
    move(pulumi)
    done = run("apply", "--yes")
    assert (done.code, "OD684" in done.all, "OD695" in done.all) == (0, False, False), done.all
    assert documents(pulumi, "prod-team-a") == {"Model.fraud", "Model.eta"}
    assert run("plan", "--exit-code").code == 0


def test_a_cluster_keeps_what_moves_from_stack_to_stack(cluster: ControlPlane, pulumi: Path, assist: str) -> None:
    run = project(pulumi, f"kubeContext: {cluster.context}", {"KUBECONFIG": str(cluster.kubeconfig)})
    kinds = ("deployment", "service", "serviceaccount")
    before = {kind: cluster.get(kind, "eta", NAMESPACE) for kind in kinds}
    assert managers(before["deployment"]) == {"opsdecl/acme/prod/main/team-b"}

    move(pulumi)
    done = run("apply", "--yes", "--no-wait")
    assert done.code == 0, done.all
    after = {kind: cluster.get(kind, "eta", NAMESPACE) for kind in kinds}
    assert {k: o["metadata"]["uid"] for k, o in after.items()} == {k: o["metadata"]["uid"] for k, o in before.items()}
    assert after["deployment"]["metadata"]["labels"] != before["deployment"]["metadata"]["labels"]
    assert after["deployment"]["spec"]["template"] == before["deployment"]["spec"]["template"]
    assert managers(after["deployment"]) == {"opsdecl/acme/prod/main/team-a"}
    assert documents(pulumi, "prod-team-a") == {"Model.fraud", "Model.eta"}
    assert documents(pulumi, "prod-team-b") == set()
    assert run("plan", "--exit-code").code == 0
    assert run("drift", "--exit-code").code == 0
    assert run("destroy", "--yes").code == 0
    assert cluster.kubectl("get", "deployment,service", "-n", NAMESPACE, "-o", "name").split() == []


def managers(live: Mapping[str, Any]) -> set[str]:
    fields = live["metadata"]["managedFields"]
    return {field["manager"] for field in fields if field["manager"].startswith("opsdecl")}


def test_the_stack_of_another_environment_is_no_partition(pulumi: Path) -> None:
    run = project(pulumi, f"renderYamlToDirectory: {pulumi}/rendered")
    there = pulumi / "project/environments/prod-team-a/environment.yaml"
    there.parent.mkdir()
    text = (pulumi / "project/environments/prod/environment.yaml").read_text()
    text = text.replace("name: prod,", "name: prod-team-a,").replace("partitionBy: owner", "extends: [prod]")
    there.write_text(text)
    refused = run("plan", "--env", "prod-team-a")
    assert refused.code != 0
    assert "OD696" in refused.all
    assert "belongs to acme/prod/main/team-a" in refused.all
