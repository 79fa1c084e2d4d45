"""Copies of a dataset on nodes' disks: what fills them, who reads them, and that what is read is what was copied."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from opsdecl.addr import is_run
from opsdecl.apply.readiness.pods import problem_of
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tests.unit.lower.builders import objects
from tests.unit.lower.test_dataset import CLAIMS
from tests.unit.lower.test_training import key, training

ENV = "{ownsClusterScope: true, capacity: {pools: {h100: {disk: {path: /mnt/nvme/caches, size: 3Ti}}}}}"
CACHED = "{spec: {cache: {pool: h100, size: 120Gi}}}"
OTHER_CHECKS = "{spec: {cache: {pool: h100, size: 120Gi}, checks: {rows: {min: 7}}}}"
OTHER_DATA = '{spec: {cache: {pool: h100, size: 120Gi}, version: "2"}}'


@cache
def dataset(changes: str = CACHED, env: str = ENV) -> dict[str, Manifest]:
    return objects("Dataset", CLAIMS, changes, env)


def of_kind(kind: str, made: dict[str, Manifest] | None = None) -> Manifest:
    """Of the cache's objects."""
    (found,) = (m for m in (made or dataset()).values() if m.key.kind == kind and m.address.variant == "cache")
    return found


def filler(changes: str = CACHED, env: str = ENV) -> Any:
    return dataset(changes, env)["filler"].data["spec"]


def words(changes: str = CACHED) -> list[str]:
    """Of the command that copies."""
    (fill,) = (c for c in filler(changes)["template"]["spec"]["initContainers"] if c["name"] == "fill")
    return [str(word) for word in fill["command"]]


def run(data: str = CACHED, case: str = "{}", env: str = ENV) -> Any:
    """The training that reads it."""
    (found,) = (m for m in training(case, data, env).values() if is_run(m.address))
    return found.data["spec"]


@cache
def pod(data: str = CACHED, case: str = "{}", env: str = ENV) -> Any:
    return run(data, case, env)["template"]["spec"]


def mount(pod: Any) -> Any:
    (found,) = (m for m in pod["containers"][0]["volumeMounts"] if m["mountPath"] == "/datasets/claims")
    return found


def claims(pod: Any) -> list[str]:
    return [v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v]


@pytest.mark.parametrize("version", ["1.34", "1.37"])
def test_every_object_passes_kubernetes_own_schemas(version: str) -> None:
    made = [*dataset().values(), *training("{}", CACHED, ENV).values()]
    assert examine_schemas(made, version, lambda address, path: None).diagnostics == ()
    assert {m.key.kind for m in dataset().values()} >= {"PersistentVolume", "PersistentVolumeClaim", "DaemonSet"}


def test_no_pod_needs_more_than_the_restricted_profile() -> None:
    """Pods reach the disk through a claim: a volume of type hostPath would need privileged namespaces."""
    spec = filler()["template"]["spec"]
    for volume in (*spec["volumes"], *pod()["volumes"]):
        assert set(volume) - {"name"} <= {"persistentVolumeClaim", "emptyDir"}
    assert spec["securityContext"]["runAsNonRoot"] is True
    for container in (*spec["initContainers"], *spec["containers"]):
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_volume_and_claim_belong_to_each_other_and_to_the_nodes_of_the_pool() -> None:
    volume, claim = of_kind("PersistentVolume"), of_kind("PersistentVolumeClaim")
    assert volume.key.namespace == ""
    assert volume.data["spec"]["claimRef"]["name"] == claim.key.name
    assert (claim.data["spec"]["volumeName"], claim.data["spec"]["storageClassName"]) == (volume.key.name, "")
    assert volume.data["spec"]["local"] == {"path": "/mnt/nvme/caches"}
    (term,) = volume.data["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term == {"matchExpressions": [{"key": "pool", "operator": "In", "values": ["h100"]}]}
    spec = filler()["template"]["spec"]
    assert (spec["nodeSelector"], spec["tolerations"][0]["key"]) == ({"pool": "h100"}, "nvidia.com/gpu")
    assert claim.key.name in claims(spec)


def test_another_disk_is_another_claim_since_neither_can_change() -> None:
    moved = dataset(env=ENV.replace("/mnt/nvme", "/mnt/other"))
    for kind in ("PersistentVolumeClaim", "PersistentVolume"):
        assert of_kind(kind, moved).key.name != of_kind(kind).key.name
        assert of_kind(kind, moved).address != of_kind(kind).address, "one is made, and another one goes"


def test_a_training_on_the_pool_reads_the_copy_and_waits_for_it() -> None:
    found = pod()
    assert of_kind("PersistentVolumeClaim").key.name in claims(found)
    assert "claims-data" not in claims(found)
    assert mount(found)["readOnly"] is True
    assert mount(found)["subPath"] == f"risk/claims/{words()[6]}"
    (wait,) = (c for c in found["initContainers"] if c["name"] == "wait-claims")
    assert wait["command"][-2:] == [f"/waiting/claims/risk/claims/.runs/{words()[7]}", "1"]


def test_a_cache_is_no_part_of_what_is_trained() -> None:
    names = [m.key.name for m in training("{}", CACHED, ENV).values() if is_run(m.address)]
    assert names == [key()]


@pytest.mark.parametrize(
    ("case", "env"),
    [
        ("{spec: {accelerator: {pool: spare}}}", ENV),
        ("{spec: {framework: sklearn, accelerator: null, base: null}}", ENV),
        ("{}", ENV.replace("ownsClusterScope: true, ", "")),
        ("{}", "{ownsClusterScope: true}"),
    ],
    ids=["another pool", "no GPU", "nothing owned", "no disk"],
)
def test_others_read_the_volume_as_without_a_cache(case: str, env: str) -> None:
    assert pod(CACHED, case, env) == pod("{}", case, env)
    assert "claims-data" in claims(pod(CACHED, case, env))


def test_pods_without_init_containers_read_the_volume() -> None:
    trainer = ENV.replace("{ownsClusterScope", "{platform: {training: kubeflow-trainer}, ownsClusterScope")
    assert run(CACHED, "{}", trainer) == run("{}", "{}", trainer)


def test_a_version_is_named_by_its_content_and_the_marker_by_its_checks_too() -> None:
    assert words(OTHER_DATA)[6] != words()[6]
    assert words(OTHER_CHECKS)[6] == words()[6], "the data is the same"
    assert words(OTHER_CHECKS)[7] != words()[7], "whoever waits for other checks waits for them"
    assert mount(pod(OTHER_CHECKS)) == mount(pod())


def test_pods_that_copy_say_so_and_hold_no_apply_up() -> None:
    template = filler()["template"]
    for name, said in (("wait", "waiting until {} is prepared"), ("fill", "copying {} to node-7")):
        row = {"name": name, "state": {"running": {"startedAt": "2026-11-29T12:00:00Z"}}}
        pod = {"metadata": template["metadata"], "spec": {"nodeName": "node-7"}}
        problem = problem_of([{**pod, "status": {"phase": "Pending", "initContainerStatuses": [row]}}])
        assert problem is not None
        assert (problem.words, problem.for_run) == (said.format(words()[6].replace("data-", "claims-")), True)
    failed = {"name": "fill", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}
    problem = problem_of([{**pod, "status": {"phase": "Pending", "initContainerStatuses": [failed]}}])
    assert problem is not None
    assert not problem.for_run, "a copy that cannot be made is a problem"


class Node:
    """A folder in place of the pod's file system: the volume of the dataset, and the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepared(self, changes: str, text: str) -> None:
        folder = Path(f"{self.root}{words(changes)[4]}")
        folder.mkdir(parents=True)
        (folder / "part.csv").write_text(text)

    def fill(self, changes: str = CACHED, **instead: str) -> subprocess.CompletedProcess[str]:
        """With some words of the command exchanged, by their place."""
        command = words(changes)
        command[4], command[5] = f"{self.root}{command[4]}", f"{self.root}{command[5]}"
        for place, word in instead.items():
            command[int(place.removeprefix("at_"))] = word
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def versions(self) -> set[str]:
        return {path.name for path in (self.root / "cache/risk/claims").glob("data-*")}

    def seen_by(self, found: Any) -> str:
        """What the container of a training reads; the markers that it waits for are there."""
        (wait,) = (c for c in found["initContainers"] if c["name"] == "wait-claims")
        assert Path(wait["command"][-2].replace("/waiting/claims", f"{self.root}/cache")).is_file()
        return (self.root / "cache" / str(mount(found)["subPath"]) / "part.csv").read_text()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_what_is_copied_is_what_a_training_reads(node: Node) -> None:
    node.prepared(CACHED, "id\n1\n")
    done = node.fill()
    assert done.returncode == 0, done.stderr
    assert node.seen_by(pod()) == "id\n1\n"
    again = node.fill()
    assert (again.returncode, again.stderr) == (0, ""), "a pod that is started again finds its copy"


def test_an_earlier_version_stays_for_runs_that_read_it_and_older_ones_go(node: Node) -> None:
    versions = [CACHED, OTHER_DATA, OTHER_DATA.replace('"2"', '"3"')]
    for number, changes in enumerate(versions):
        node.prepared(changes, f"{number}\n")
        assert node.fill(changes).returncode == 0
        at = 1_000_000 + number
        folder = node.root / "cache/risk/claims" / words(changes)[6]
        subprocess.run(["touch", "-d", f"@{at}", str(folder)], check=True)
    assert node.versions() == {words(changes)[6] for changes in versions[1:]}
    markers = {path.name for path in (node.root / "cache/risk/claims/.runs").iterdir()}
    assert markers == {words(changes)[7] for changes in versions[1:]}
    assert [node.seen_by(pod(changes)) for changes in versions[1:]] == ["1\n", "2\n"]
    assert node.fill(versions[1], at_9="0").returncode == 0
    assert node.versions() == {words(versions[1])[6]}, "going back keeps what it goes back to"


def test_data_larger_than_was_said_is_not_copied(node: Node) -> None:
    node.prepared(CACHED, "x" * 64 * 1024)
    done = node.fill(at_8="16")
    assert done.returncode == 1
    assert "and cache.size is 16 KiB" in done.stdout
    assert node.versions() == set()


def test_a_copy_that_was_broken_off_is_made_anew(node: Node) -> None:
    node.prepared(CACHED, "id\n1\n")
    broken = node.root / "cache/risk/claims/.part"
    broken.mkdir(parents=True)
    (broken / "half.csv").write_text("id\n")
    assert node.fill().returncode == 0
    assert not broken.exists()
    assert [p.name for p in (node.root / "cache/risk/claims" / words()[6]).iterdir()] == ["part.csv"]


def test_the_size_that_was_said_is_the_limit_of_a_copy() -> None:
    assert words()[8:] == [str(120 * 2**20), "1"]
    assert words("{spec: {cache: {pool: h100, size: 1Ti, keep: 0}}}")[8:] == [str(2**30), "0"]


def test_data_that_is_mounted_as_it_is_is_copied_from_there() -> None:
    plain = """
metadata: {name: claims, namespace: risk, owner: team-risk}
spec: {source: {type: pvc, claim: lake, path: y2026}, format: csv, cache: {pool: h100, size: 1Gi}}
"""
    spec = objects("Dataset", plain, "{}", ENV)["filler"].data["spec"]["template"]["spec"]
    (fill,) = spec["initContainers"]
    (source,) = (m for m in fill["volumeMounts"] if m["name"] == "source")
    assert (fill["command"][4], source) == (
        "/source",
        {"name": "source", "mountPath": "/source", "readOnly": True, "subPath": "y2026"},
    )
