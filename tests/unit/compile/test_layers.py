"""Folders in order, and the documents that they give."""

from typing import Any

from opsdecl.addr import SpecAddress
from opsdecl.compile.layers import layers_of, linearise
from opsdecl.spec.types import Document, SpecSet


def document(folder: str, kind: str, name: str, file: str = "x.yaml", **value: Any) -> Document:
    text: dict[str, Any] = {"kind": kind, "metadata": {"name": name}, **value}
    return Document(f"environments/{folder}/{file}", 0, kind, name, "opsdecl.dev/v1", text, repr(text))


def environment(folder: str, *extends: str, variables: dict[str, Any] | None = None) -> Document:
    spec = {"extends": list(extends), "variables": variables or {}}
    return document(folder, "Environment", folder.replace("/", "-"), "environment.yaml", spec=spec)


def project(*documents: Document) -> SpecSet:
    folders: dict[str, tuple[Document, ...]] = {}
    for each in documents:
        folder = each.file.removeprefix("environments/").rpartition("/")[0]
        folders[folder] = (*folders.get(folder, ()), each)
    return SpecSet(None, folders, "digest")


def test_a_folder_comes_after_what_it_extends_and_a_diamond_is_laid_once() -> None:
    specs = project(
        environment("prod", "eu", "gpu"),
        environment("eu", "base"),
        environment("gpu", "base"),
        document("base", "Runtime", "vllm"),
    )
    assert linearise(specs, "prod") == (("base", "eu", "gpu", "prod"), ())


def test_layers_of_a_document_are_lowest_first() -> None:
    low, high = document("base", "LLM", "chat"), document("prod", "LLM", "chat")
    layers = layers_of(project(low, high, environment("prod", "base")), "prod").value
    assert layers is not None
    source = layers.documents[SpecAddress("LLM", "chat")]
    assert source.layers == (low, high)
    assert source.own
    assert not source.alone


def test_later_folders_win() -> None:
    a, b = document("a", "LLM", "chat"), document("b", "LLM", "chat")
    layers = layers_of(project(a, b, environment("prod", "b", "a")), "prod").value
    assert layers is not None
    assert layers.documents[SpecAddress("LLM", "chat")].layers == (b, a)


def test_a_deleted_document_may_be_declared_anew() -> None:
    low = document("base", "LLM", "chat")
    gone = document("eu", "LLM", "chat", "x.yaml", **{"$delete": True})
    again = document("prod", "LLM", "chat")
    specs = project(low, gone, again, environment("eu", "base"), environment("prod", "eu"))
    of_prod, of_eu = layers_of(specs, "prod").value, layers_of(specs, "eu").value
    assert of_prod is not None
    assert of_eu is not None
    assert of_prod.documents[SpecAddress("LLM", "chat")].layers == (again,)
    assert of_eu.documents == {}


def test_folders_within_a_folder_belong_to_it_unless_they_are_environments() -> None:
    inner, other = document("prod/models", "LLM", "chat"), document("prod/eu", "LLM", "other")
    specs = project(environment("prod"), inner, environment("prod/eu"), other)
    layers = layers_of(specs, "prod").value
    assert layers is not None
    assert list(layers.documents) == [SpecAddress("LLM", "chat")]
    nested = layers_of(specs, "prod-eu").value
    assert nested is not None
    assert list(nested.documents) == [SpecAddress("LLM", "other")]


def test_only_variables_are_inherited_from_environments() -> None:
    specs = project(environment("staging", variables={"region": "eu", "tier": "low"}), environment("prod", "staging"))
    layers = layers_of(specs, "prod").value
    assert layers is not None
    lower, own = layers.environment.layers
    assert lower.value == {"spec": {"variables": {"region": "eu", "tier": "low"}}}
    assert lower.place(("spec", "variables", "region")).file == "environments/staging/environment.yaml"
    assert own.name == "prod"


def test_an_unknown_environment_suggests_the_nearest() -> None:
    checked = layers_of(project(environment("prod"), environment("dev")), "prdo")
    assert checked.value is None
    assert [(d.code.id, d.hint) for d in checked.diagnostics] == [("OD301", "did you mean `prod`?")]


def test_a_cycle_gives_nothing_and_is_named_whole() -> None:
    specs = project(environment("a", "b"), environment("b", "c"), environment("c", "a"))
    checked = layers_of(specs, "a")
    assert checked.value is None
    assert [d.message for d in checked.diagnostics] == ["folders extend each other in a circle: a → b → c → a"]
