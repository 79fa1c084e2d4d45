"""What a training becomes: a volume, a Job, and names by which several nodes meet."""

import json
from typing import Any

import pytest
import yaml

from opsdecl.addr import is_run
from opsdecl.compile.lower import lower_document
from opsdecl.render.manifests import render_resource
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from tests.unit.lower.builders import CATALOG, compiled, environment, merged
from tests.unit.lower.test_dataset import CLAIMS

TUNE = """
metadata: {name: tune, namespace: risk, owner: team-risk}
spec:
  framework: torch
  image: registry.test/acme/train:1
  command: [torchrun, train.py]
  parameters: {rate: 0.1}
  datasets: [claims]
  base: {model: llama-3.1-8b-instruct, method: lora, rank: 8, token: {secret: hf, key: token}}
  batch: {sequenceLength: 2048}
  accelerator: {gpu: h100-80gb, count: 4, nodes: 2, pool: h100}
  resources: {cpu: "16", memory: 128Gi}
  timeLimit: 12h
  checkpoints: {every: 20m}
  output: {size: 100Gi}
"""


def training(changes: str = "{}", data: str = "{}", env: str = "{}") -> dict[str, Manifest]:
    value = merged(yaml.safe_load(TUNE), yaml.safe_load(changes))
    references = {"dataset-claims": compiled("Dataset", merged(yaml.safe_load(CLAIMS), yaml.safe_load(data)))}
    if "claims" not in value["spec"].get("datasets", ()):
        references = {}
    done = lower_document(
        compiled("Training", value, references), environment(env), references, CATALOG, project="acme"
    )
    assert done.diagnostics == ()
    return {r.address.role: render_resource(r)[0] for r in done.value or ()}


def run(*arguments: str) -> Manifest:
    return next(m for m in training(*arguments).values() if is_run(m.address))


def pod(*arguments: str) -> Any:
    return run(*arguments).data["spec"]["template"]["spec"]


def env(*arguments: str) -> dict[str, Any]:
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in pod(*arguments)["containers"][0]["env"]}


def key(*arguments: str) -> str:
    return run(*arguments).key.name


CASES = {
    "several nodes": "{}",
    "one node": "{spec: {accelerator: {nodes: null}}}",
    "no GPU": "{spec: {framework: sklearn, accelerator: null, base: null, datasets: [], spot: true}}",
    "jax": "{spec: {framework: jax}}",
}


@pytest.mark.parametrize("version", ["1.34", "1.37"])
@pytest.mark.parametrize("case", CASES)
def test_every_object_passes_kubernetes_own_schemas(case: str, version: str) -> None:
    report = examine_schemas(list(training(CASES[case]).values()), version, lambda address, path: None)
    assert report.diagnostics == ()


def test_nodes_meet_at_the_first_of_them() -> None:
    name, values = key(), env()
    assert values["PET_RDZV_ENDPOINT"] == f"{name}-0.tune-nodes:29500"
    assert (values["PET_NNODES"], values["PET_NPROC_PER_NODE"]) == ("2", "4")
    assert pod()["subdomain"] == "tune-nodes"
    service = training()["nodes"].data["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)
    job = run().data["spec"]
    assert (job["completionMode"], job["completions"], job["parallelism"]) == ("Indexed", 2, 2)
    labels = job["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()


def test_one_node_meets_nobody() -> None:
    alone = "{spec: {accelerator: {nodes: null}}}"
    assert env(alone)["PET_NPROC_PER_NODE"] == "4"
    assert "PET_RDZV_ENDPOINT" not in env(alone)
    assert set(training(alone)) == {"output", run(alone).address.role}


def test_jax_is_told_address_count_and_number() -> None:
    values = env(CASES["jax"])
    assert values["JAX_COORDINATOR_ADDRESS"] == f"{key(CASES['jax'])}-0.tune-nodes:12345"
    assert values["JAX_NUM_PROCESSES"] == "2"
    assert "job-completion-index" in values["JAX_PROCESS_ID"]["fieldRef"]["fieldPath"]


def test_the_program_is_told_all_that_is_declared() -> None:
    told = json.loads(env()["TRAINING"])
    folder = f"/output/{key().rpartition('-')[2]}"
    assert told["base"] == {"method": "lora", "rank": 8, "targets": []}
    assert told["datasets"] == {"claims": "/datasets/claims"}
    assert told["checkpoints"] == {"every": "20m", "keep": 2, "folder": f"{folder}/checkpoints"}
    assert (told["output"], told["parameters"]) == (f"{folder}/model", {"rate": 0.1})
    assert env()["HF_TOKEN"] == {"secretKeyRef": {"name": "hf", "key": "token"}}


def test_data_is_read_only_and_waited_for() -> None:
    mounts = {m["mountPath"]: m for m in pod()["containers"][0]["volumeMounts"]}
    data = mounts["/datasets/claims"]
    assert data["readOnly"] is True
    assert data["subPath"].startswith("split-")
    (wait,) = pod()["initContainers"]
    assert wait["command"][-2].startswith("/waiting/claims/.runs/checks-")


NOT_SEMANTIC = (
    "{metadata: {owner: somebody, labels: {tier: gold}}}",
    "{spec: {accelerator: {count: 8, nodes: 1}, resources: {memory: 256Gi}, sharding: fsdp}}",
    "{spec: {queue: nightly, spot: true, timeLimit: 24h, retries: 5, scheduling: {priorityClass: low}}}",
    "{spec: {checkpoints: {every: 5m}, activationCheckpointing: true, output: {size: 200Gi}}}",
    "{spec: {base: {token: {secret: other, key: token}}, run: {onChange: cancel}}}",
)


@pytest.mark.parametrize("changes", NOT_SEMANTIC)
def test_what_changes_no_model_makes_no_other_run(changes: str) -> None:
    assert key(changes) == key()


SEMANTIC = (
    "{spec: {image: registry.test/acme/train:2}}",
    "{spec: {args: [--seed, '7']}}",
    "{spec: {parameters: {rate: 0.2}}}",
    "{spec: {base: {rank: 16}}}",
    "{spec: {batch: {perDevice: 2}}}",
    "{spec: {precision: fp32}}",
    "{spec: {run: {attempt: 2}}}",
)


@pytest.mark.parametrize("changes", SEMANTIC)
def test_what_another_model_comes_out_of_is_another_run(changes: str) -> None:
    assert key(changes) != key()


def test_other_data_is_another_run_and_other_checks_are_not() -> None:
    assert key("{}", '{spec: {version: "2"}}') != key()
    assert key("{}", "{spec: {checks: {rows: {min: 5}}}}") == key()


def test_the_key_is_the_same_whoever_renders() -> None:
    assert key("{}", "{}", "{imageRegistry: mirror.test}") == key()


def test_data_in_an_image_comes_from_the_registry_of_the_environment() -> None:
    data = "{spec: {source: {type: oci, image: acme/claims:1}, storage: null, prepare: [], checks: null}}"
    volumes = pod("{}", data, "{imageRegistry: mirror.test}")["volumes"]
    assert [v["image"]["reference"] for v in volumes if "image" in v] == ["mirror.test/acme/claims:1"]
