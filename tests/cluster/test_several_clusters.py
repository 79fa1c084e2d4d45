"""One environment on two real control planes: one plan, applied in order, stopped at the first target that fails."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.support.cluster import ControlPlane, control_plane, wait_until
from tests.support.cluster_places import NAMESPACE, assist
from tests.support.fault_proxy import Fault, in_front_of
from tests.support.partitioned import MODELS, edit, write_project
from tests.support.project import Ran, opsdecl_here

__all__ = ["assist"]
LEASE = """\
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {{name: {name}, namespace: assist, resourceVersion: "{version}"}}
spec: {{holderIdentity: "ada on ci-7, process 12", leaseDurationSeconds: {seconds}}}
"""


class World:
    """`east` comes before `west`."""

    def __init__(self, folder: Path, east: ControlPlane, west: ControlPlane, to_west: Path) -> None:
        targets = [f"{name}: {{type: cluster, context: {of.context}}}" for name, of in (("east", east), ("west", west))]
        self.folder = write_project(folder, "\n    ".join(targets), by="none", fraud="team-a", eta="team-a")
        self.east, self.west = east, west
        self._env = {"KUBECONFIG": f"{east.kubeconfig}{os.pathsep}{to_west}"}

    def run(self, *arguments: str) -> Ran:
        return opsdecl_here(self.folder, *arguments, env=self._env)

    def releases(self) -> list[str]:
        """What the plan says of each target."""
        lines = iter(self.run("plan").out.splitlines())
        return [line.partition("  Deployment")[0].strip() for line in _after(lines, "Releases")]

    def revisions(self) -> dict[str, int]:
        """How many applies each target remembers."""
        shown = self.run("history").out.split("prod · ")[1:]
        return {part.split()[0]: part.count("apply prod: ") for part in shown}


def _after(lines: Iterator[str], heading: str) -> Iterator[str]:
    for line in lines:
        if line == heading:
            break
    for line in lines:
        if not line:
            break
        yield line


@pytest.fixture(scope="module")
def west() -> Iterator[ControlPlane]:
    with control_plane(f"west-{os.getpid()}") as running:
        running.create_namespace(NAMESPACE)
        yield running


def cpu(cluster: ControlPlane) -> str:
    """What the applied Deployment asks for; empty where there is none."""
    path = "jsonpath={.spec.template.spec.containers[0].resources.requests.cpu}"
    return cluster.attempt("get", "deployment", "fraud", "-n", NAMESPACE, "-o", path).stdout


def hold(cluster: ControlPlane, seconds: int) -> None:
    """The release's lock is in somebody's hands for so long."""
    (lease,) = cluster.kubectl("get", "leases", "-n", NAMESPACE, "-o", "name").split()
    name = lease.partition("/")[2]
    version = cluster.get("lease", name, NAMESPACE)["metadata"]["resourceVersion"]
    cluster.kubectl("replace", "-f", "-", stdin=LEASE.format(name=name, version=version, seconds=seconds))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_staged_over_two_clusters(
    cluster: ControlPlane, west: ControlPlane, assist: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Event()
    with in_front_of(west, lambda request: Fault.RESET if away.is_set() else None) as (_, to_west):
        go_through(World(tmp_path / "project", cluster, west, to_west), away, monkeypatch)


def go_through(world: World, away: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.releases() == ["east  6 created", "west  6 created"]
    done = world.run("apply", "--yes")
    assert done.code == 0, done.all
    assert "prod · east: 6 created" in done.out
    assert "prod · west: 6 created" in done.out
    assert world.run("plan", "--exit-code").code == 0

    the_first_is_held_and_the_second_is_not_begun(world)
    with monkeypatch.context() as impatient:
        impatient.setattr("opsdecl.targets.cluster.client._TRIES", 2)
        the_second_goes_away_on_the_way_and_the_first_stays(world, away)
    the_second_is_back_and_the_apply_continues(world)
    drift_is_told_of_the_cluster_where_it_is(world)

    assert world.run("destroy", "--yes").code == 0
    for of in (world.east, world.west):
        assert of.kubectl("get", "deployments,services", "-n", NAMESPACE, "-o", "name") == ""


def the_first_is_held_and_the_second_is_not_begun(world: World) -> None:
    edit(world.folder, MODELS, 'cpu: "100m"', 'cpu: "200m"')
    hold(world.east, 3600)
    done = world.run("apply", "--yes")
    assert done.code == 5, done.all
    assert "held by `ada on ci-7, process 12`" in done.err
    assert "target `west` was not begun, since `east` before it failed" in done.err
    assert (cpu(world.east), cpu(world.west)) == ("100m", "100m")
    assert world.run("unlock", "--force").out == "prod · east: taken from ada on ci-7, process 12\n"
    assert world.run("apply", "--yes").code == 0
    assert (cpu(world.east), cpu(world.west)) == ("200m", "200m")


def the_second_goes_away_on_the_way_and_the_first_stays(world: World, away: Event) -> None:
    edit(world.folder, MODELS, 'cpu: "200m"', 'cpu: "300m"')
    done = _apply_and_cut_west_off(world, away)
    assert done.code == 1, done.all
    assert "prod · east: 2 updated" in done.out
    assert f"error[OD600]: cluster `{world.west.context}` did not answer" in done.err
    assert (cpu(world.east), cpu(world.west)) == ("300m", "200m")
    # Silence is never an empty cluster: there is no plan then, and nobody says that nothing is held.
    planned = world.run("plan")
    assert (planned.code, planned.out, "OD600" in planned.err) == (1, "", True), planned.all
    unlocked = world.run("unlock")
    assert (unlocked.code, "OD600" in unlocked.err, "OD624" in unlocked.err) == (1, True, False), unlocked.all
    for command, shown in (("status", "prod · east · 6 objects"), ("history", "prod · east\n")):
        looked = world.run(command)
        assert (looked.code, "OD600" in looked.err) == (1, True), looked.all
        assert looked.out.startswith(shown), looked.out
        assert "west" not in looked.out
    away.clear()


def _apply_and_cut_west_off(world: World, away: Event) -> Ran:
    """While `east` waits until it is ready: its kubelets stand still until `west` is gone."""

    def cut() -> None:
        with world.east.frozen("kwok-controller"):
            wait_until(lambda: cpu(world.east) == "300m", "east is not applied")
            away.set()

    cutting = Thread(target=cut)
    cutting.start()
    done = world.run("apply", "--yes")
    cutting.join()
    return done


def the_second_is_back_and_the_apply_continues(world: World) -> None:
    assert world.releases() == ["east  up to date", "west  2 updated"]
    assert world.run("apply", "--yes").code == 0
    assert cpu(world.west) == "300m"
    assert world.revisions() == {"east": 3, "west": 3}


def drift_is_told_of_the_cluster_where_it_is(world: World) -> None:
    assert world.run("drift", "--exit-code").code == 0
    world.west.kubectl("set", "image", "deployment/fraud", "-n", NAMESPACE, "server=example.com/other:1")
    found = world.run("drift", "--exit-code")
    assert found.code == 2
    east, west = found.out.split("prod · ")[1:]
    assert east.startswith("east · 6 objects · no drift")
    assert "by kubectl-set (a person)" in west
    shown = world.run("status").out
    assert shown.count("prod · east · 6 objects") == shown.count("prod · west · 6 objects") == 1
    assert world.run("apply", "--yes", "--revert-drift").code == 0
    assert world.run("drift", "--exit-code").code == 0
