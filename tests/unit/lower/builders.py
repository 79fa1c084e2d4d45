"""Compiled documents from YAML text, and what they are lowered to."""

from collections.abc import Mapping
from typing import Any

import yaml

from opsdecl.addr import Address, Release, SpecAddress, digest_of
from opsdecl.catalog.types import Catalog, GpuFacts, ModelFacts
from opsdecl.compile.lower import lower_document
from opsdecl.compile.types import CompiledDocument, Graph, Resource, Setter
from opsdecl.diag import Checked, SpecPath
from opsdecl.render.manifests import render_resource
from opsdecl.render.types import Manifest
from opsdecl.spec.kinds.dataset import Dataset
from opsdecl.spec.kinds.environment import Environment
from opsdecl.spec.kinds.evaluation import Evaluation
from opsdecl.spec.kinds.llm import LLM
from opsdecl.spec.kinds.model import Model
from opsdecl.spec.kinds.runtime import Runtime
from opsdecl.spec.kinds.training import Training
from opsdecl.spec.kinds.tuning import Tuning
from opsdecl.spec.types import Document

MODELS = {
    "Dataset": Dataset,
    "Training": Training,
    "Evaluation": Evaluation,
    "Tuning": Tuning,
    "LLM": LLM,
    "Model": Model,
    "Runtime": Runtime,
    "Environment": Environment,
}

CATALOG = Catalog(
    models={
        "llama-3.1-8b-instruct": ModelFacts(
            "llama-3.1-8b-instruct", "hf://meta/Llama-8B", "0e9e39f", 14.96, 131072, "llama3.1", "test", "2026-11-23"
        )
    },
    gpus={
        "h100-80gb": GpuFacts(
            "h100-80gb",
            79.1,
            3350,
            "9.0",
            "nvidia.com/gpu",
            "NVIDIA-H100-80GB-HBM3",
            "test",
            "2026-11-23",
            mig={"3g.40gb": 39.25},
        )
    },
    digest="",
)

ENVIRONMENT = """
metadata: {name: prod}
spec:
  namespaces: [assist, risk]
  platform: {metrics: prometheus-adapter}
  capacity:
    pools:
      h100:
        gpu: h100-80gb
        nodes: 4
        gpusPerNode: 8
        labels: {pool: h100}
        tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
      spare: {gpu: h100-80gb, nodes: 4, gpusPerNode: 8, reserve: 2}
"""

RUNTIMES = """
vllm:
  {engine: vllm, version: "0.33.0", image: "vllm/vllm-openai:v0.33.0", args: {seed: 0, max-num-seqs: 8},
   env: {HF_HUB_DISABLE_TELEMETRY: "1"}, resources: {cpu: "8", memory: 64Gi}}
sglang: {engine: sglang, version: "0.5.23", image: "lmsysorg/sglang:v0.5.23"}
mlserver: {engine: mlserver, version: "1.7.1", image: "seldonio/mlserver:1.7.1"}
triton: {engine: triton, version: "25.10", image: "nvcr.io/nvidia/tritonserver:25.10-py3", args: {log-verbose: 1}}
kserve-sklearn: {engine: kserve-sklearn, version: "0.20.0", image: "kserve/sklearnserver:v0.20.0"}
tensorflow-serving: {engine: tensorflow-serving, version: "2.19.0", image: "tensorflow/serving:2.19.0"}
torchserve: {engine: torchserve, version: "0.12.0", image: "pytorch/torchserve:0.12.0-cpu"}
custom: {engine: custom, version: "1.0", image: "registry.test/acme/llm:1.0", port: 9000}
"""

CHAT = """
metadata: {name: chat, owner: team-assist, labels: {tier: gold}}
spec:
  model: llama-3.1-8b-instruct
  runtime: vllm
  weights:
    source: {type: hub, token: {secret: hf-token, key: token}}
    cache: {type: pvc, size: 60Gi}
  accelerator: {gpu: h100-80gb, count: 1, pool: h100}
  engine: {maxModelLen: 16384, gpuMemoryUtilization: 0.9}
  replicas: {min: 2, max: 6, target: {metric: waiting-requests, value: 4}}
"""

FRAUD = """
metadata: {name: fraud, namespace: risk}
spec:
  format: xgboost
  source: {uri: s3://models/fraud/v7, credentials: {secret: s3-models}}
  runtime: mlserver
  resources: {cpu: "2", memory: 4Gi}
  replicas: {count: 2}
"""


def compiled(kind: str, value: Mapping[str, Any], references: Mapping[str, CompiledDocument] | None = None) -> Any:
    """A document of one layer, checked against its kind."""
    whole = without_nothing({"apiVersion": "opsdecl.dev/v1", "kind": kind, **value})
    model: Any = MODELS[kind].model_validate(whole)  # type: ignore[attr-defined]
    name = value["metadata"]["name"]
    dumped = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    roots = {root: document.effective["spec"] for root, document in (references or {}).items()}
    effective = {"metadata": dumped["metadata"], "spec": dumped["spec"], **roots}
    layer = Document(f"{name}.yaml", 0, kind, name, "opsdecl.dev/v1", whole, "")
    return CompiledDocument(
        address=SpecAddress(kind, name),
        model=model,
        value={"metadata": value["metadata"], "spec": value["spec"]},
        effective=effective,
        layers=(layer,),
        references={root: document.address for root, document in (references or {}).items()},
        digest=digest_of(effective),
    )


def without_nothing(value: Any) -> Any:
    """What changes set to null is absent."""
    if isinstance(value, dict):
        return {name: without_nothing(item) for name, item in value.items() if item is not None}
    return value


def merged(base: Any, over: Any) -> Any:
    """Mappings merge, unless `over` chose another branch of a union."""
    tag = base.get("type", over.get("type")) if isinstance(base, dict) and isinstance(over, dict) else None
    if isinstance(base, dict) and isinstance(over, dict) and over.get("type", tag) == tag:
        keys = {**base, **over}
        return {key: merged(base[key], over[key]) if key in base and key in over else keys[key] for key in keys}
    return over


def environment(changes: str = "{}") -> CompiledDocument:
    document: CompiledDocument = compiled(
        "Environment", merged(yaml.safe_load(ENVIRONMENT), {"spec": yaml.safe_load(changes)})
    )
    return document


def document(kind: str, base: str, changes: str = "{}", runtimes: str = "{}") -> CompiledDocument:
    """The base document with `changes` merged over it; its runtime is the one of that name above."""
    value = merged(yaml.safe_load(base), yaml.safe_load(changes))
    table = merged(yaml.safe_load(RUNTIMES), yaml.safe_load(runtimes))
    name = value["spec"].get("runtime")
    runtime = {"runtime": compiled("Runtime", {"metadata": {"name": name}, "spec": table[name]})} if name else {}
    result: CompiledDocument = compiled(kind, value, runtime)
    return result


def lowered(
    kind: str, base: str, changes: str = "{}", environment_changes: str = "{}", runtimes: str = "{}"
) -> Checked[tuple[Resource, ...]]:
    value = merged(yaml.safe_load(base), yaml.safe_load(changes))
    table = merged(yaml.safe_load(RUNTIMES), yaml.safe_load(runtimes))
    name = value["spec"].get("runtime")
    references = {"runtime": compiled("Runtime", {"metadata": {"name": name}, "spec": table[name]})} if name else {}
    item = compiled(kind, value, references)
    return lower_document(item, environment(environment_changes), references, CATALOG, project="acme")


def objects(
    kind: str, base: str, changes: str = "{}", environment_changes: str = "{}", runtimes: str = "{}"
) -> dict[str, Manifest]:
    """Manifests by role; the document must lower without findings."""
    result = lowered(kind, base, changes, environment_changes, runtimes)
    assert result.diagnostics == ()
    assert result.value is not None
    return {resource.address.role: render_resource(resource)[0] for resource in result.value}


def llm(changes: str = "{}", environment_changes: str = "{}", runtimes: str = "{}") -> dict[str, Manifest]:
    return objects("LLM", CHAT, changes, environment_changes, runtimes)


def model(changes: str = "{}", environment_changes: str = "{}", runtimes: str = "{}") -> dict[str, Manifest]:
    return objects("Model", FRAUD, changes, environment_changes, runtimes)


def container(manifests: Mapping[str, Manifest]) -> Any:
    return manifests["deployment"].data["spec"]["template"]["spec"]["containers"][0]


def pod(manifests: Mapping[str, Manifest]) -> Any:
    return manifests["deployment"].data["spec"]["template"]["spec"]


def graph(*documents: CompiledDocument, environment_changes: str = "{}", runtimes: str = "{}") -> Graph:
    """An environment with these documents, and setters that answer with their only layer."""
    place = environment(environment_changes)
    table = merged(yaml.safe_load(RUNTIMES), yaml.safe_load(runtimes))
    by_name = {name: compiled("Runtime", {"metadata": {"name": name}, "spec": spec}) for name, spec in table.items()}
    resources: list[Resource] = []
    for item in documents:
        references = {root: by_name[address.name] for root, address in item.references.items()}
        resources += lower_document(item, place, references, CATALOG, project="acme").value or ()
    layers = {item.address: item.layers[0] for item in documents}

    def setters(address: SpecAddress, path: SpecPath) -> tuple[Setter, ...]:
        return (Setter(layers[address].place(path), None),) if address in layers else ()

    return Graph(Release("acme", "prod", "main"), place, documents, tuple(resources), setters)


def address(text: str) -> Address:
    return Address.parse(text)
