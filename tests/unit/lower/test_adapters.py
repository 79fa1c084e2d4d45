"""Adapters on the pods of the models that load them."""

from typing import Any

import pytest

from opsdecl.render.schemas import examine_schemas
from opsdecl.spec.source import MemoryTree
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import built
from tests.unit.lower.builders import container, pod

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = f'{{type: hub, uri: "hf://acme/legal", revision: {COMMIT}}}'
SGLANG = """\
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm}
spec: {engine: sglang, version: 0.5.9, image: "lmsysorg/sglang:v0.5.9"}
"""


def adapter(name: str, source: str, rank: int = 16) -> str:
    return f"""\
---
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {{name: {name}}}
spec: {{base: phi-4, source: {source}, rank: {rank}}}
"""


def manifests(*adapters: str, chat: str = "", **files: str) -> dict[str, Any]:
    """Objects of an LLM with all these adapters, by role."""
    names = [text.split("name: ")[1].split("}")[0] for text in adapters]
    llm = f"""\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {{name: chat}}
spec: {{model: phi-4, runtime: vllm, adapters: [{", ".join(names)}]{chat}}}
"""
    runtime = {"environments/base/runtime.yaml": files["runtime"]} if "runtime" in files else {}
    tree = MemoryTree({**MINIMAL_PROJECT, **runtime, "environments/dev/case.yaml": llm + "".join(adapters)})
    found = built(tree, "dev").manifests.manifests
    assert examine_schemas(list(found), "1.37", lambda address, path: None).diagnostics == ()
    return {manifest.address.role: manifest for manifest in found}


def arguments(found: dict[str, Any]) -> list[str]:
    args: list[str] = container(found)["args"]
    return args


def test_an_adapter_on_a_volume_is_mounted_and_named() -> None:
    found = manifests(adapter("legal", "{type: pvc, claim: adapters, path: /legal/v2/}"))
    args = arguments(found)
    assert args[args.index("--lora-modules") + 1] == "legal=/models/adapters/legal"
    assert "--enable-lora" in args
    assert "--max-lora-rank=16" in args
    assert not any(a.startswith("--max-loras") for a in args)
    mount = next(m for m in container(found)["volumeMounts"] if m["name"] == "adapter-legal")
    assert mount == {
        "name": "adapter-legal",
        "mountPath": "/models/adapters/legal",
        "subPath": "legal/v2",
        "readOnly": True,
    }


def test_an_adapter_of_the_hub_is_fetched_at_its_commit_by_the_engines_own_image() -> None:
    found = manifests(
        adapter("legal", HUB),
        chat=", weights: {source: {type: hub, token: {secret: hf, key: token}, endpoint: 'https://hub.test'}}",
    )
    (fetcher,) = pod(found)["initContainers"]
    assert fetcher["image"] == container(found)["image"]
    assert fetcher["command"][3:] == ["acme/legal", COMMIT, "/models/fetched-adapters/legal"]
    assert {variable["name"] for variable in fetcher["env"]} == {"HOME", "HF_TOKEN", "HF_ENDPOINT"}
    assert "legal=/models/fetched-adapters/legal" in arguments(found)
    readers = [m for m in container(found)["volumeMounts"] if m["name"] == "adapters"]
    assert readers == [{"name": "adapters", "mountPath": "/models/fetched-adapters", "readOnly": True}]


@pytest.mark.parametrize(("rank", "reserved"), [(4, 8), (16, 16), (20, 32), (257, 320)])
def test_the_next_rank_that_the_engine_knows_is_reserved(rank: int, reserved: int) -> None:
    found = manifests(adapter("small", "{type: pvc, claim: a}", 4), adapter("large", "{type: pvc, claim: b}", rank))
    assert f"--max-lora-rank={reserved}" in arguments(found)
    assert "--max-loras=2" in arguments(found)
    origin = found["deployment"].origin
    at = arguments(found).index(f"--max-lora-rank={reserved}")
    place = origin(("spec", "template", "spec", "containers", 0, "args", at))
    assert place == ("adapter-large", "rank")


def test_what_people_set_themselves_stays_theirs() -> None:
    found = manifests(adapter("legal", HUB), chat=", engine: {args: {max-lora-rank: 64, max_loras: 4}}")
    args = arguments(found)
    assert [a for a in args if a.startswith("--max-lora")] == ["--max-lora-rank=64", "--max-loras=4"]


def test_an_image_with_adapters_and_sglangs_words() -> None:
    found = manifests(
        adapter("legal", "{type: oci, image: 'registry.test/acme/adapters:1', path: legal}"), runtime=SGLANG
    )
    args = arguments(found)
    assert args[args.index("--lora-paths") + 1] == "legal=/models/adapters/legal/legal"
    volume = next(v for v in pod(found)["volumes"] if v["name"] == "adapter-legal")
    assert volume["image"]["reference"] == "registry.test/acme/adapters:1"
