"""Where a policy keeps pods of a model in, it lets them out to all that their document names."""

from typing import Any

import pytest

from opsdecl.addr import format_path
from opsdecl.diag import Diagnostic, Place
from opsdecl.flows.build import build
from opsdecl.flows.project import open_project
from opsdecl.spec.source import MemoryTree
from tests.support.project import built
from tests.support.split import FILES, KSERVE, MODELS, NATIVE, split_files

OUT = "tracing: {endpoint: 'http://collector.observability:4317', egress: {namespace: observability}}"
ON_A_VOLUME = "weights: {source: {type: pvc, claim: weights}}"
NAMES = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}
COLLECTOR = {
    "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "observability"}}}],
    "ports": [{"protocol": "TCP", "port": 4317}],
}
OWN = {"to": [{"podSelector": {"matchLabels": {"opsdecl.dev/kind": "LLM", "opsdecl.dev/base": "chat"}}}]}
ENVIRONMENT, CACHE = (
    "environments/prod/environment.yaml",
    "weights: {cache: {type: pvc, size: 60Gi, accessMode: ReadWriteMany}}",
)
JUDGE = """
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: shield, namespace: safety}
spec:
  model: qwen2.5-7b-instruct
  runtime: vllm
  weights: {source: {type: pvc, claim: weights}}
  accelerator: {gpu: h100-80gb, count: 1, pool: h100}
  engine: {maxModelLen: 8192}
  access: {from: [{namespace: assist}]}
"""
GUARDED = """\
  guardrails:
    engine: custom
    image: registry.test/checks:1.0
    judge: shield
    input: [anything]
"""
SPLIT = FILES[MODELS].partition("  rdma:")[2]


def project(platform: str = NATIVE, further: str = "", **changed: str) -> MemoryTree:
    """A traced model, `further` settings of the Environment."""
    files = split_files(platform, **changed)
    files[ENVIRONMENT] += f"  {OUT}\n{further}"
    files[MODELS] = files[MODELS].replace("  model: qwen", "  tracing: {}\n  model: qwen", 1)
    return MemoryTree(files)


def whole(weights: str = ON_A_VOLUME, behind: str = "", more: str = "", **changed: str) -> dict[str, str]:
    """Changes that leave one role, without a Route's picker."""
    return {f"  rdma:{SPLIT}": f"{behind}{more}", CACHE: weights, **changed}


def policy(tree: MemoryTree) -> list[Any]:
    (found,) = [m for m in built(tree, "prod").manifests.manifests if m.key.name == "chat-tracing"]
    egress: list[Any] = found.data["spec"]["egress"]
    return egress


def findings(tree: MemoryTree, code: str = "OD495") -> list[Diagnostic]:
    opened = open_project(tree).value
    assert opened is not None
    return [d for d in build(opened, "prod").diagnostics if d.code.id == code]


def test_names_and_the_collector_can_be_reached() -> None:
    """Without names the collector's own address is of no use."""
    assert policy(project(**whole())) == [NAMES, COLLECTOR]


def test_a_judge_can_be_asked_in_its_namespace() -> None:
    platform = NATIVE.replace("inference-extension", "gateway-api")
    tree = project(
        platform, **whole(behind=GUARDED, more=JUDGE), **{"namespaces: [assist]": "namespaces: [assist, safety]"}
    )
    assert not findings(tree)
    assert policy(tree)[2:] == [
        {
            "to": [
                {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "safety"}},
                    "podSelector": {"matchLabels": {"opsdecl.dev/kind": "LLM", "opsdecl.dev/base": "shield"}},
                }
            ],
            "ports": [{"protocol": "TCP", "port": "http"}],
        }
    ]


def test_pods_that_work_together_reach_each_other() -> None:
    assert policy(project(**{CACHE: ON_A_VOLUME})) == [NAMES, COLLECTOR, OWN]


@pytest.mark.parametrize(
    ("weights", "said", "at"),
    [
        (CACHE, "its weights come from huggingface.co", "spec.model"),
        (
            "weights: {source: {type: hub, endpoint: 'https://hub.acme.example/hf'}}",
            "from hub.acme.example",
            "spec.weights.source",
        ),
        (
            "weights: {source: {type: s3, uri: 's3://models/qwen'}}",
            "its weights come from s3://models/qwen",
            "spec.weights.source.uri",
        ),
        (
            "weights: {source: {type: s3, uri: 's3://models/qwen', endpoint: 'http://minio:9000'}}",
            "from minio",
            "spec.weights.source.uri",
        ),
    ],
)
def test_weights_from_an_address_that_no_policy_can_name_are_refused(weights: str, said: str, at: str) -> None:
    (found,) = findings(project(**whole(weights)))
    assert found.severity.word == "error"
    assert said in found.message
    assert isinstance(found.at, Place)
    assert format_path(found.at.path) == at
    assert "networkPolicy: {egress: [{cidr: 0.0.0.0/0, ports: [443]}]}" in found.hint


def test_an_adapter_is_fetched_as_weights_are() -> None:
    adapter = """
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: tone}
spec: {base: qwen2.5-7b-instruct, source: {type: hub, uri: "hf://acme/tone", revision: abc}, rank: 16}
"""
    (found,) = findings(project(**whole(behind="  adapters: [tone]\n", more=adapter)))
    assert "adapter `tone` comes from huggingface.co" in found.message


def test_what_the_environment_opens_is_open() -> None:
    further = (
        "  networkPolicy: {egress: [{cidr: 10.2.0.0/16}, {namespace: mirror, labels: {app: hub}, ports: [8080]}]}\n"
    )
    tree = project(further=further, **whole(CACHE))
    assert not findings(tree)
    assert policy(tree)[2:] == [
        {"to": [{"ipBlock": {"cidr": "10.2.0.0/16"}}], "ports": [{"protocol": "TCP", "port": 443}]},
        {
            "to": [
                {
                    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "mirror"}},
                    "podSelector": {"matchLabels": {"app": "hub"}},
                }
            ],
            "ports": [{"protocol": "TCP", "port": 8080}],
        },
    ]


def test_weights_that_are_there_already_need_no_way_out() -> None:
    assert not findings(project(**whole(CACHE.replace("weights: {", "weights: {offline: true, "))))


def test_addresses_in_variables_and_flags_are_told() -> None:
    engine = {
        "engine: {maxModelLen": "engine: {env: {STORE: 'redis.tools:1', LMCACHE: 'http://lm.tools:9'}, maxModelLen"
    }
    (found,) = findings(project(**whole(), **engine))
    assert found.severity.word == "warning"
    assert "`engine.env.LMCACHE` names http://lm.tools:9" in found.message
    assert not findings(project(**whole(), **{k: v.replace("lm.tools", "127.0.0.1") for k, v in engine.items()}))


def test_a_sidecar_that_asks_the_api_server_is_refused() -> None:
    (found,) = findings(project(KSERVE, **{CACHE: ON_A_VOLUME}))
    assert "KServe's sidecar asks the API server" in found.message
