"""Objects of others -> documents: what is read out of a Deployment, and what nobody can know."""

from typing import Any

import pytest

from opsdecl.addr import SpecAddress
from opsdecl.recognise.propose import recognise
from opsdecl.recognise.types import Found, Pool, Recognition, Surroundings
from tests.support.foreign_stack import GPU, OBJECTS, ON_L40S, SEALED, deployment
from tests.support.project import built, example_tree

AROUND = Surroundings(pools=(Pool("inference", "l40s", {"pool": "inference"}), Pool("small", "l4", {"pool": "small"})))


def recognised(*objects: Any, around: Surroundings = AROUND) -> Recognition:
    return recognise([Found(str(o["metadata"]["name"]), o) for o in objects], around)


def spec_of(found: Recognition, address: str) -> Any:
    return next(one.document["spec"] for one in found.proposals if str(one.address) == address)


def reason(found: Recognition) -> str:
    (left,) = found.left_out
    return left.reason


def test_a_language_model_with_all_that_belongs_to_it() -> None:
    found = recognised(*OBJECTS)
    chat = next(one for one in found.proposals if str(one.address) == "LLM.chat")
    assert chat.document["metadata"] == {"name": "chat", "namespace": "assist", "owner": "team-assist"}
    assert chat.document["spec"] == {
        "model": {"uri": "hf://meta-llama/Llama-3.1-8B-Instruct"},
        "runtime": "vllm",
        "engine": {
            "maxModelLen": 16384,
            "maxNumSeqs": 128,
            "gpuMemoryUtilization": 0.9,
            "prefixCaching": True,
            "args": {"seed": 7},
            "env": {"VLLM_LOGGING_LEVEL": "INFO"},
        },
        "parsers": {"tool": "llama3_json"},
        "weights": {
            "source": {"type": "hub", "token": {"secret": "hf", "key": "token"}},
            "cache": {"type": "pvc", "claim": "weights"},
        },
        "accelerator": {"gpu": "l40s", "count": 1, "pool": "inference"},
        "resources": {"cpu": "8", "memory": "64Gi", "sharedMemory": "12Gi"},
        "replicas": {"min": 2, "max": 4, "target": {"metric": "cpu", "value": 70}},
    }
    assert [one.key.kind for one in chat.objects] == ["Deployment", "Service", "HorizontalPodAutoscaler"]
    assert [remark.split("`")[1] for remark in chat.remarks] == ["api-key", "ADMIN_TOKEN", "SEALED"]


def test_others_and_what_is_left_out_with_its_reason() -> None:
    found = recognised(*OBJECTS)
    assert spec_of(found, "LLM.write")["engine"] == {"maxModelLen": 8192}
    assert spec_of(found, "Runtime.sglang")["version"] == "0.5.4"
    assert spec_of(found, "Model.score")["source"] == {"uri": "s3://models/score/v3"}
    assert spec_of(found, "Model.score")["format"] == "xgboost"
    reasons = {str(left.key): left.reason for left in found.left_out}
    assert reasons == {
        "Deployment assist/web": "its image `nginx:1.27` is no model server that is known",
        "Deployment assist/local": "it serves `/models/x`, a folder: which model that is nobody can tell from here",
        "Deployment assist/newest": "the tag of its image `vllm/vllm-openai:latest` is no version, which a Runtime "
        "needs",
        "PersistentVolumeClaim assist/weights": "it stays as it is: `LLM.chat` names it as its cache",
        "Secret assist/hf": "secrets are referred to, and never written into specs",
    }


@pytest.mark.parametrize(
    ("command", "args"),
    [
        (None, ["--model", "Qwen/Qwen3-8B", "--max-model-len=4096"]),
        (["vllm", "serve", "Qwen/Qwen3-8B"], ["--max-model-len", "4096"]),
        (["vllm"], ["serve", "Qwen/Qwen3-8B", "--max_model_len=4096"]),
        (["python3", "-m", "vllm.entrypoints.openai.api_server"], ["--model=Qwen/Qwen3-8B", "--max-model-len=4096"]),
        (["/bin/sh", "-c"], ["vllm serve Qwen/Qwen3-8B \\\n  --max-model-len 4096"]),
    ],
)
def test_ways_to_start_vllm(command: list[str] | None, args: list[str]) -> None:
    container = {"image": "example.com/mirror/vllm-openai:v0.33.0-cu129", "args": args, "resources": GPU}
    found = recognised(
        deployment("assist", "qwen", {**container, **({"command": command} if command else {})}, **ON_L40S)
    )
    assert found.left_out == ()
    assert spec_of(found, "LLM.qwen")["model"] == {"uri": "hf://Qwen/Qwen3-8B"}
    assert spec_of(found, "LLM.qwen")["engine"] == {"maxModelLen": 4096}
    assert spec_of(found, "Runtime.vllm")["version"] == "0.33.0"


VLLM = {"image": "vllm/vllm-openai:v0.33.0", "args": ["--model=Qwen/Qwen3-8B"]}


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({**VLLM, "command": ["sh", "-c", "vllm serve $MODEL"], "args": []}, "a shell script starts it"),
        ({**VLLM, "args": ["--model", SEALED]}, "a part of its command line is kept encrypted"),
        ({**VLLM, "args": []}, "its command line names no model"),
        ({**VLLM, "resources": GPU}, "it asks for GPUs and no pool of the environment says of which type"),
        ({**VLLM, "args": "no list", "env": 7}, "it is not as the API has it"),
        ({**VLLM, "resources": {"limits": {"nvidia.com/gpu": "many"}}}, "it is not as the API has it"),
    ],
)
def test_what_nobody_can_know_is_said(container: Any, said: str) -> None:
    assert said in reason(recognised(deployment("assist", "qwen", container)))


def test_what_is_declared_already_is_left_alone() -> None:
    around = Surroundings(AROUND.pools, taken=frozenset({SpecAddress("LLM", "qwen")}))
    assert reason(recognised(deployment("assist", "qwen", VLLM), around=around)) == "`LLM.qwen` is declared already"


def test_a_runtime_with_the_same_image_is_used_again() -> None:
    around = Surroundings(AROUND.pools, runtimes={"vllm/vllm-openai:v0.33.0": "shared"})
    found = recognised(deployment("assist", "qwen", VLLM), deployment("risk", "two", VLLM), around=around)
    assert [str(one.address) for one in found.proposals] == ["LLM.qwen", "LLM.two"]
    assert spec_of(found, "LLM.qwen")["runtime"] == "shared"


def test_what_opsdecl_rendered_is_read_back() -> None:
    """The engine's settings, GPUs and scaling of the example's models come back as they are declared."""
    manifests = built(example_tree(), "prod").manifests
    objects = [Found(str(m.address), m.data) for m in manifests.manifests]
    pools = (Pool("h100", "h100-80gb", {"pool": "h100"}), *AROUND.pools)
    found = recognise(objects, Surroundings(pools))
    spec = spec_of(found, "LLM.assistant")
    assert spec["model"] == {
        "uri": "hf://meta-llama/Llama-3.1-70B-Instruct",
        "revision": "1605565b47bb9346c5515c34102e054115b4f98b",
    }
    assert spec["accelerator"] == {"gpu": "h100-80gb", "count": 4, "pool": "h100"}
    assert spec["parallelism"] == {"tensor": 4}
    assert spec["replicas"] == {"min": 2, "max": 6, "target": {"metric": "waiting-requests", "value": 4}}
    assert (spec["engine"]["maxModelLen"], spec["engine"]["maxNumSeqs"]) == (32768, 128)
    assert {str(one.address) for one in found.proposals if one.address.kind != "Runtime"} == {
        "LLM.assistant",
        "LLM.extract",
        "LLM.summarise",
        "Model.fraud",
    }
    assert [left for left in found.left_out if left.key.kind == "Deployment"] == []
    assert [str(left.key) for left in found.left_out if left.key.kind == "Rollout"] == ["Rollout risk/eta"]
