"""From folders of documents to a graph: order of passes, releases, memory, provenance."""

from collections.abc import Sequence
from typing import Any

import pytest

from opsdecl.addr import Release, SpecAddress, parse_path
from opsdecl.catalog.load import load_catalog
from opsdecl.compile.document import DOCUMENT_PASSES, DocumentPass
from opsdecl.compile.environment import PASSES, Pass, compile_environment
from opsdecl.compile.memo import Memo
from opsdecl.compile.types import CompiledDocument, Graph
from opsdecl.diag import Checked
from opsdecl.spec.load import load_project
from opsdecl.spec.source import MemoryTree

FILES = {
    "environments/project.yaml": """
apiVersion: opsdecl.dev/v1
kind: Project
metadata: {name: acme}
""",
    "environments/base/runtime.yaml": """
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: vllm}
spec: {engine: vllm, version: "0.11.0", image: "vllm/vllm-openai:v0.11.0"}
---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: unused}
spec: {engine: vllm, version: "0.11.0", image: "vllm/vllm-openai:v0.11.0"}
""",
    "environments/base/chat.yaml": """
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-assist}
spec:
  model: phi-4
  runtime: vllm
  engine: {maxModelLen: 8192}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: search}
spec: {model: {uri: "hf://acme/search", revision: main, weights: 1536Mi}, runtime: vllm}
""",
    "environments/prod/environment.yaml": """
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: prod}
spec:
  extends: [base]
  namespaces: [assist, risk]
  targets:
    main: {type: git, branch: rendered/prod}
    mirror: {type: git, branch: mirror/prod}
  variables: {length: 16384}
""",
    "environments/prod/chat.yaml": """
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}
spec:
  engine: {maxModelLen: "${{ vars.length }}"}
""",
}
CHAT = SpecAddress("LLM", "chat")


def compiled(changes: dict[str, str] | None = None, memo: Memo | None = None, **options: Any) -> Checked[Graph]:
    specs, catalog = load_project(MemoryTree({**FILES, **(changes or {})})).value, load_catalog().value
    assert specs is not None
    assert catalog is not None
    return compile_environment(specs, options.pop("environment", "prod"), catalog, memo=memo, **options)


def graph(changes: dict[str, str] | None = None, memo: Memo | None = None) -> Graph:
    found = compiled(changes, memo)
    assert found.diagnostics == ()
    assert found.value is not None
    return found.value


def document(of: Graph, name: str, kind: str = "LLM") -> CompiledDocument:
    found = of.document(SpecAddress(kind, name))
    assert found is not None
    return found


@pytest.mark.parametrize("passes", [PASSES, DOCUMENT_PASSES], ids=["environment", "document"])
def test_every_pass_runs_after_what_it_needs(passes: Sequence[Pass | DocumentPass]) -> None:
    settled: set[str] = set()
    for step in passes:
        assert step.needs <= settled, f"{step.name} needs {step.needs - settled}"
        settled |= step.settles
    assert len({step.name for step in passes}) == len(passes)


def test_effective_is_what_takes_effect() -> None:
    effective = document(graph(), "chat").effective
    assert effective["spec"]["engine"]["maxModelLen"] == 16384
    assert effective["spec"]["engine"]["dtype"] == "auto"
    assert effective["metadata"] == {
        "name": "chat",
        "owner": "team-assist",
        "labels": {},
        "annotations": {},
        "namespace": "assist",
        "movedFrom": [],
    }
    assert effective["runtime"]["image"] == "vllm/vllm-openai:v0.11.0"
    assert effective["model"] == {"uri": "hf://microsoft/phi-4", "weightsGiB": 27.31, "license": "mit"}


def test_value_is_what_people_wrote() -> None:
    found = document(graph(), "chat")
    assert found.value["spec"] == {"model": "phi-4", "runtime": "vllm", "engine": {"maxModelLen": 16384}}
    assert found.references == {"runtime": SpecAddress("Runtime", "vllm")}


def test_facts_of_a_model_that_is_not_in_the_catalogue() -> None:
    facts = document(graph(), "search").effective["model"]
    assert facts == {"uri": "hf://acme/search", "revision": "main", "weightsGiB": 1.5}


@pytest.mark.parametrize(
    ("uri", "license_"), [("hf://Qwen/Qwen3-32B", "apache-2.0"), ("hf://agentica-org/DeepSWE-Preview", None)]
)
def test_another_repository_of_the_same_shape_has_no_licence_that_is_known(uri: str, license_: str | None) -> None:
    other = FILES["environments/base/chat.yaml"].replace("hf://acme/search", uri).replace(", weights: 1536Mi", "")
    facts = document(graph({"environments/base/chat.yaml": other}), "search").effective["model"]
    assert (facts.get("license"), facts["weightsGiB"]) == (license_, 61.02)


def test_the_release_is_of_the_first_target_or_the_named_one() -> None:
    assert graph().release == Release("acme", "prod", "main")
    other = compiled(target="mirror").value
    assert other is not None
    assert other.release == Release("acme", "prod", "mirror")


def test_an_unknown_target_suggests_the_nearest() -> None:
    found = compiled(target="mirorr")
    assert found.value is None
    assert [(d.code.id, d.hint) for d in found.diagnostics] == [("OD333", "did you mean `mirror`?")]


def test_an_unknown_environment_suggests_the_nearest() -> None:
    found = compiled(environment="prd")
    assert found.value is None
    assert [(d.code.id, d.hint) for d in found.diagnostics] == [("OD301", "did you mean `prod`?")]


def test_documents_and_resources_are_sorted_whatever_the_order_of_files() -> None:
    found = graph()
    assert [d.address for d in found.documents] == sorted(d.address for d in found.documents)
    assert [r.address for r in found.resources] == sorted(r.address for r in found.resources)
    assert "LLM.chat/main/deployment" in [str(r.address) for r in found.resources]


def test_moving_a_document_to_another_file_changes_no_digest() -> None:
    moved = {"environments/prod/chat.yaml": "", "environments/prod/z.yaml": FILES["environments/prod/chat.yaml"]}
    assert document(graph(), "chat").digest == document(graph(moved), "chat").digest


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec.engine.maxModelLen", ["base/chat.yaml 8192", "prod/chat.yaml ${{ vars.length }}"]),
        ("spec.model", ["base/chat.yaml phi-4"]),
        ("model.weightsGiB", ["base/chat.yaml phi-4"]),
        ("runtime.version", ["base/runtime.yaml 0.11.0"]),
        (
            "spec.engine.dtype",
            ["base/chat.yaml {'maxModelLen': 8192}", "prod/chat.yaml {'maxModelLen': '${{ vars.length }}'}"],
        ),
    ],
)
def test_setters_name_every_layer_the_winner_last(path: str, expected: list[str]) -> None:
    found = graph().setters(CHAT, parse_path(path))
    assert [f"{s.place.file.removeprefix('environments/')} {s.value}" for s in found] == expected


def test_equal_inputs_give_the_very_same_documents() -> None:
    memo = Memo()
    first, second = graph(memo=memo), graph(memo=memo)
    assert all(a is b for a, b in zip(first.documents, second.documents, strict=True))
    assert first.resources == second.resources


def test_a_changed_runtime_compiles_only_what_uses_it_again() -> None:
    memo = Memo()
    before = graph(memo=memo)
    newer = FILES["environments/base/runtime.yaml"].replace("0.11.0", "0.12.0", 1)
    after = graph({"environments/base/runtime.yaml": newer}, memo)
    assert document(after, "chat").effective["runtime"]["version"] == "0.12.0"
    assert document(after, "unused", "Runtime") is document(before, "unused", "Runtime")
    assert document(after, "prod", "Environment") is document(before, "prod", "Environment")


def test_a_changed_overlay_leaves_the_other_documents_alone() -> None:
    memo = Memo()
    before = graph(memo=memo)
    shorter = FILES["environments/prod/chat.yaml"].replace("vars.length", "vars.length // 2")
    after = graph({"environments/prod/chat.yaml": shorter}, memo)
    assert document(after, "chat").effective["spec"]["engine"]["maxModelLen"] == 8192
    assert document(after, "search") is document(before, "search")


def test_remembering_gives_what_compiling_gives() -> None:
    """Through a row of edits, with one memo for all of them."""
    memo = Memo()
    edits: list[dict[str, str]] = [
        {},
        {"environments/base/runtime.yaml": FILES["environments/base/runtime.yaml"].replace("v0.11.0", "v0.11.1")},
        {"environments/prod/environment.yaml": FILES["environments/prod/environment.yaml"].replace("16384", "4096")},
        {"environments/base/chat.yaml": FILES["environments/base/chat.yaml"].replace("runtime: vllm", "runtime: vlm")},
        {},
    ]
    for edit in edits:
        remembered, fresh = compiled(edit, memo), compiled(edit)
        assert remembered.diagnostics == fresh.diagnostics
        assert remembered.value is not None
        assert fresh.value is not None
        assert remembered.value.documents == fresh.value.documents
        assert remembered.value.resources == fresh.value.resources


def test_a_document_with_errors_is_left_out_and_the_others_stay() -> None:
    broken = {"environments/prod/chat.yaml": FILES["environments/prod/chat.yaml"].replace("engine", "engin")}
    found = compiled(broken)
    assert found.failed
    assert found.value is not None
    assert found.value.document(CHAT) is None
    assert document(found.value, "search").effective["runtime"]["engine"] == "vllm"


def test_errors_name_the_layers_below() -> None:
    overlay = "apiVersion: opsdecl.dev/v1\nkind: LLM\nmetadata: {name: chat}\nspec: {runtime: sglang}\n"
    found = compiled({"environments/prod/chat.yaml": overlay})
    finding = next(d for d in found.diagnostics if d.code.id == "OD304")
    assert [r.at.file for r in finding.related if r.at] == ["environments/base/chat.yaml"]


def test_variables_are_inherited_from_extended_environments() -> None:
    staging = (
        FILES["environments/prod/environment.yaml"]
        .replace("prod}", "staging}")
        .replace("extends: [base]", "extends: [prod]")
    )
    staging = staging.replace("{length: 16384}", "{}")
    specs = {"environments/staging/environment.yaml": staging}
    found = compiled(specs, environment="staging").value
    assert found is not None
    assert document(found, "chat").effective["spec"]["engine"]["maxModelLen"] == 16384
    (setter,) = found.setters(SpecAddress("Environment", "staging"), ("spec", "variables", "length"))
    assert setter.place.file == "environments/prod/environment.yaml"
