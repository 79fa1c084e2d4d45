"""What a dataset becomes: a volume, and runs that know what they work on."""

from typing import Any

import pytest
import yaml

from opsdecl.addr import is_run
from opsdecl.diff.running import running
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tests.unit.lower.builders import objects

SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
CLAIMS = f"""
metadata: {{name: claims, namespace: risk, owner: team-risk}}
spec:
  source: {{type: s3, uri: s3://data/claims, digest: "sha256:{SHA}", credentials: {{secret: s3-data}}}}
  format: csv
  storage: {{size: 200Gi}}
  prepare:
    - name: clean
      image: registry.test/acme/prepare:1
      command: [python, -m, clean]
      shards: 4
      parallel: 2
    - {{name: split, image: "registry.test/acme/prepare:1", command: [python, -m, split]}}
  checks: {{image: "registry.test/acme/checks:1", files: "*.csv", rows: {{min: 1}}}}
"""
SOURCES = {
    "s3": f"{{type: s3, uri: s3://d/c, digest: sha256:{SHA}, endpoint: https://m.test, credentials: {{secret: s}}}}",
    "gcs": "{type: gcs, uri: gs://d/c, credentials: {secret: s}}",
    "hf": "{type: hf, uri: hf://acme/claims, revision: main, token: {secret: hf, key: token}}",
    "oci": "{type: oci, image: registry.test/claims:1, path: data}",
    "pvc": "{type: pvc, claim: claims, path: y2026}",
    "git-lfs": "{type: git-lfs, url: https://git.test/claims, revision: v1}",
    "http": f'{{type: http, url: https://web.test/c.csv, digest: "sha256:{SHA}"}}',
}


def dataset(changes: str = "{}") -> dict[str, Manifest]:
    return objects("Dataset", CLAIMS, changes)


def runs(changes: str = "{}") -> dict[str, str]:
    """Step -> name of its Job."""
    made = [m for m in dataset(changes).values() if is_run(m.address)]
    return {m.address.role.removeprefix("run-").rpartition("-")[0]: m.key.name for m in made}


def job(step: str, changes: str = "{}") -> Any:
    name = runs(changes)[step]
    return next(m.data["spec"] for m in dataset(changes).values() if m.key.name == name and m.key.kind == "Job")


def env(step: str) -> dict[str, Any]:
    container = job(step)["template"]["spec"]["containers"][0]
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


@pytest.mark.parametrize("version", ["1.34", "1.37"])
@pytest.mark.parametrize("source", SOURCES)
def test_every_object_passes_kubernetes_own_schemas(source: str, version: str) -> None:
    made = list(dataset(f"{{spec: {{source: {SOURCES[source]}}}}}").values())
    report = examine_schemas(made, version, lambda address, path: None)
    assert report.diagnostics == ()
    assert report.objects == (5 if source in ("oci", "pvc") else 6)


def test_steps_read_what_the_one_before_wrote() -> None:
    source, clean, split = (runs()[step].rpartition("-")[2] for step in ("source", "clean", "split"))
    assert (env("clean")["DATA_INPUT"], env("clean")["DATA_OUTPUT"]) == (
        f"/data/source-{source}",
        f"/data/clean-{clean}",
    )
    assert (env("split")["DATA_INPUT"], env("split")["DATA_OUTPUT"]) == (f"/data/clean-{clean}", f"/data/split-{split}")
    (wait,) = job("split")["template"]["spec"]["initContainers"]
    assert wait["command"][-2:] == [f"/data/.runs/clean-{clean}", "4"]


def test_shards_are_pods_of_one_job() -> None:
    made = job("clean")
    assert (made["completionMode"], made["completions"], made["parallelism"]) == ("Indexed", 4, 2)
    assert "completions" not in job("split")
    assert env("clean")["SHARDS"] == "4"
    assert "job-completion-index" in env("clean")["SHARD"]["fieldRef"]["fieldPath"]


RAY = "{ray: {workers: 3, resources: {cpu: '16', memory: 64Gi}}, resources: {cpu: '4', memory: 16Gi}, timeLimit: 6h}"


def on_ray(changes: str = "{}") -> dict[str, Manifest]:
    """The chain, whose second step runs on Ray."""
    text = yaml.safe_load(CLAIMS)
    text["spec"]["prepare"][1] |= yaml.safe_load(RAY)
    return objects("Dataset", yaml.safe_dump(text), changes)


def ray_job(changes: str = "{}") -> Manifest:
    (found,) = (m for m in on_ray(changes).values() if m.key.kind == "RayJob")
    return found


def containers(pod: Any) -> Any:
    return {c["name"]: c for c in pod["spec"]["containers"]}


def test_a_step_on_ray_passes_the_operators_own_definition() -> None:
    report = examine_schemas(list(on_ray().values()), "1.37", lambda address, path: None)
    assert (report.diagnostics, report.objects) == ((), 6)


def test_a_step_on_ray_is_the_same_run_and_what_follows_waits_for_it() -> None:
    assert ray_job().key.name == runs()["split"], "resources and who makes the pods change no data"
    assert is_run(ray_job().address)
    (check,) = (m for m in on_ray().values() if "run-checks" in m.address.role)
    assert ray_job().address in check.depends_on
    (wait,) = check.data["spec"]["template"]["spec"]["initContainers"]
    assert wait["command"][-2:] == [f"/data/.runs/{runs()['split'].removeprefix('claims-')}", "1"]
    program = ray_job().data["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["initContainers"][-1]
    assert program["command"][-1].endswith(f"run {wait['command'][-2]} python -m split")


def test_head_and_workers_of_ray_see_the_same_folders_and_have_amounts_of_their_own() -> None:
    cluster = ray_job().data["spec"]["rayClusterSpec"]
    head, (workers,) = cluster["headGroupSpec"]["template"], cluster["workerGroupSpecs"]
    assert (workers["replicas"], workers["minReplicas"], workers["maxReplicas"]) == (3, 3, 3)
    one, other = (containers(pod)["run"] for pod in (head, workers["template"]))
    assert (one["resources"]["requests"]["cpu"], other["resources"]["requests"]["cpu"]) == ("4", "16")
    assert one["env"] == other["env"]
    assert {"name": "DATA_INPUT", "value": env("split")["DATA_INPUT"]} in one["env"]
    for pod in (head, workers["template"]):
        waits = [c["command"][-2:] for c in pod["spec"]["initContainers"] if c["name"] == "wait"]
        assert waits == [[f"/data/.runs/{runs()['clean'].removeprefix('claims-')}", "4"]]
        assert "/data" in [m["mountPath"] for m in containers(pod)["run"]["volumeMounts"]]


def test_limits_and_priority_of_a_step_on_ray_are_those_of_a_job() -> None:
    spec = ray_job("{spec: {scheduling: {priorityClass: batch}}}").data["spec"]
    assert (spec["activeDeadlineSeconds"], spec["backoffLimit"]) == (6 * 3600, 2)
    assert spec["shutdownAfterJobFinishes"] is True
    pod = spec["rayClusterSpec"]["workerGroupSpecs"][0]["template"]["spec"]
    assert pod["priorityClassName"] == "batch"
    cancelled = ray_job("{spec: {run: {onChange: cancel}}}").data["metadata"]["annotations"]
    assert cancelled["opsdecl.dev/on-change"] == "cancel"


def test_a_plan_counts_the_head_of_ray_as_well() -> None:
    assert running(ray_job().data, {}, {}).pods == (4, 4)


NOT_SEMANTIC = (
    "{metadata: {owner: somebody, labels: {tier: gold}}}",
    "{spec: {storage: {size: 400Gi}}}",
    "{spec: {source: {credentials: {secret: other}, uri: s3://moved/claims}}}",
    "{spec: {scheduling: {priorityClass: low}, serviceAccount: reader, license: mit, retention: 30d}}",
    "{spec: {run: {onChange: cancel, removeAfter: 7d}}}",
    "{spec: {checks: {timeLimit: 9h, resources: {memory: 64Gi}}}}",
    "{spec: {splits: {train: {path: x}}}}",
)


@pytest.mark.parametrize("changes", NOT_SEMANTIC)
def test_what_does_not_touch_the_data_makes_no_other_run(changes: str) -> None:
    assert runs(changes) == runs()


SEMANTIC = {
    f'{{spec: {{source: {{digest: "sha256:{"0" * 64}"}}}}}}': {"source", "clean", "split", "checks"},
    '{spec: {version: "2"}}': {"source", "clean", "split", "checks"},
    "{spec: {run: {attempt: 2}}}": {"source", "clean", "split", "checks"},
    "{spec: {checks: {rows: {min: 2}}}}": {"checks"},
    "{spec: {schema: {id: {type: string}}}}": {"checks"},
}


@pytest.mark.parametrize("changes", SEMANTIC)
def test_another_run_is_made_of_what_depends_on_it_and_nothing_else(changes: str) -> None:
    before, after = runs(), runs(changes)
    assert {step for step in before if before[step] != after[step]} == SEMANTIC[changes]


def test_a_step_starts_itself_and_what_follows_anew() -> None:
    changed = CLAIMS.replace("[python, -m, split]", "[python, -m, split, --seed, '7']")
    before = runs()
    made = [m for m in objects("Dataset", changed).values() if is_run(m.address)]
    after = {m.address.role.removeprefix("run-").rpartition("-")[0]: m.key.name for m in made}
    assert {step for step in before if before[step] != after[step]} == {"split", "checks"}


def test_an_address_without_a_digest_is_what_the_data_is_known_by() -> None:
    source = "{spec: {source: {type: hf, uri: hf://acme/%s, revision: main}}}"
    assert runs(source % "claims")["source"] != runs(source % "others")["source"]


def test_a_long_name_leaves_room_for_the_number_of_a_pod() -> None:
    for name in runs(f"{{metadata: {{objectName: {'c' * 60}}}}}").values():
        assert len(f"{name}-9999") <= 63


def test_data_that_is_mounted_and_asked_nothing_makes_nothing() -> None:
    plain = "metadata: {name: claims}\nspec: {source: {type: pvc, claim: claims}, format: csv}"
    assert objects("Dataset", plain) == {}


def test_the_volume_is_protected_and_an_existing_one_is_used() -> None:
    claim = next(m for m in dataset().values() if m.key.kind == "PersistentVolumeClaim")
    assert (claim.key.name, claim.protect) == ("claims-data", True)
    existing = dataset("{spec: {storage: {claim: shared, size: null}}}")
    assert not [m for m in existing.values() if m.key.kind == "PersistentVolumeClaim"]
