from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.addr import SpecAddress
from opsdecl.diff.types import ChangeClass, DocumentChange
from opsdecl.render.types import DocumentView
from tests.unit.diff.releases import (
    VLLM,
    chat,
    deployment,
    document,
    release,
    review,
    the_change,
    the_document,
    with_runtime,
)


def models(count: int, **runtime: str) -> tuple[DocumentView, ...]:
    return tuple(with_runtime(document(f"m{n}"), **runtime) for n in range(count))


def rendered(views: tuple[DocumentView, ...]) -> Any:
    return release(*(deployment(v, v.address.name) for v in views), documents=views)


def test_a_setting_is_shown_with_its_meaning_and_what_restarts() -> None:
    diff = review(chat(), chat(engine={"maxModelLen": 32768, "maxNumSeqs": 256}))
    row = the_document(diff)
    assert [(f.path, f.before, f.after, f.classes) for f in row.fields] == [
        ("spec.engine.maxModelLen", 8192, 32768, ("behaviour",))
    ]
    assert row.classes == ("behaviour", "rolling")
    assert row.objects == ("LLM.chat/main/deployment",)
    assert row.effects.pods == (2, 6)
    assert row.effects.gpus == (2, 6)
    assert row.effects.gpu == "h100-80gb"
    assert row.effects.restart_field == "spec.engine.maxModelLen"
    assert the_change(diff).classes == ("behaviour", "rolling"), "the object's change means the same"


def test_the_first_field_that_restarts_is_named_not_the_first_field() -> None:
    view = document(card={"licence": "a"}, engine={"maxModelLen": 1, "maxNumSeqs": 1})
    after = document(card={"licence": "b"}, engine={"maxModelLen": 1, "maxNumSeqs": 2})
    assert the_document(review(chat(view), chat(after))).effects.restart_field == "spec.engine.maxNumSeqs"


def test_a_setting_that_is_gone_still_names_what_restarts() -> None:
    diff = review(chat(parsers={"tool": "llama3"}), chat())
    row = the_document(diff)
    assert row.effects.restart_field == "spec.parsers"
    assert row.classes == ("behaviour", "rolling")


def test_a_shared_runtime_is_shown_in_every_model_it_reaches() -> None:
    before, after = models(3), models(3, version="0.34.0", image="vllm/vllm-openai:v0.34.0")
    diff = review(rendered(before), rendered(after))
    assert [d.address for d in diff.documents] == ["LLM.m0", "LLM.m1", "LLM.m2"]
    for row in diff.documents:
        assert row.shared_by == {"runtime.version": 3, "runtime.image": 3}
        assert row.classes[0] == "behaviour"
        assert row.effects.pods == (1, 1)


def test_another_runtime_is_not_a_shared_change() -> None:
    before, after = models(2), models(2, version="1.0.0")
    moved = tuple(replace(v, references={"runtime": VLLM._replace(name="other")}) for v in after)
    assert all(row.shared_by == {} for row in review(rendered(before), rendered(moved)).documents)


@pytest.mark.parametrize(
    ("version", "classes"),
    [
        ("0.33.7", ("rolling",)),
        ("0.34.0", ("behaviour",)),
        ("1.33.0", ("behaviour",)),
        ("nightly", ("behaviour",)),
    ],
)
def test_a_patch_version_restarts_a_minor_version_may_answer_otherwise(
    version: str, classes: tuple[ChangeClass, ...]
) -> None:
    diff = review(rendered(models(1)), rendered(models(1, version=version)))
    assert the_document(diff, "LLM.m0").fields[0].classes == classes


CACHES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"type": "none"}, {"type": "pvc", "size": "60Gi", "storageClass": "fast"}, "rolling"),
    ({"type": "pvc", "size": "60Gi"}, {"type": "none"}, "data-loss"),
    ({"type": "pvc", "size": "60Gi"}, {"type": "pvc", "size": "30Gi"}, "data-loss"),
    ({"type": "pvc", "size": "60Gi"}, {"type": "pvc", "size": "90Gi"}, "capacity"),
    ({"type": "pvc", "size": "60Gi"}, {"type": "pvc", "size": "60Gi", "storageClass": "slow"}, "data-loss"),
]


@pytest.mark.parametrize(("before", "after", "worst"), CACHES)
def test_a_cache_is_lost_only_where_there_was_one(before: dict[str, Any], after: dict[str, Any], worst: str) -> None:
    diff = review(chat(weights={"cache": before}), chat(weights={"cache": after}))
    assert the_document(diff).classes[0] == worst


def test_a_document_whose_objects_stay_is_shown_too() -> None:
    view = document()
    other = replace(view, effective={**view.effective, "metadata": {"name": "chat", "owner": "team-b"}})
    diff = review(chat(view), chat(other))
    row = the_document(diff)
    assert diff.release.changes == ()
    assert (row.action, row.classes, row.objects) == ("update", ("metadata",), ())


def test_a_field_without_a_row_means_what_its_objects_make_of_it() -> None:
    before, after = models(1), models(1, image="vllm/vllm-openai:v0.33.0-cu130")
    (field,) = the_document(review(rendered(before), rendered(after)), "LLM.m0").fields
    assert (field.path, field.classes) == ("runtime.image", ("rolling",))


def test_a_new_document_is_created_and_a_vanished_one_deleted() -> None:
    diff = review(rendered(models(1)), rendered((document("new"),)))
    assert {d.address: d.action for d in diff.documents} == {"LLM.m0": "delete", "LLM.new": "create"}


def test_pods_that_stay_are_not_counted() -> None:
    row = the_document(review(chat(), chat(documents_only="x")))
    assert row.effects.pods == (0, 0)


def test_the_content_behind_a_field_means_what_the_field_means() -> None:
    view = document()
    other = replace(view, effective={**view.effective, "model": {"revision": "b" * 40}})
    base = replace(view, effective={**view.effective, "model": {"revision": "a" * 40}})
    (field,) = the_document(review(chat(base), chat(other))).fields
    assert (field.path, field.classes) == ("model.revision", ("behaviour",))


def route(weights: dict[str, int]) -> DocumentView:
    """A Route with what it comes to for people, by model."""
    backends = [{"llm": name, "weight": weight} for name, weight in weights.items()]
    shares = {f"LLM.{name}": {"share": f"{weight}%"} for name, weight in sorted(weights.items())}
    effective = {"metadata": {"name": "ask"}, "spec": {"backends": backends}, "backends": shares}
    return DocumentView(SpecAddress("Route", "ask"), effective, {}, "")


def rerouted(before: dict[str, int], after: dict[str, int]) -> DocumentChange:
    sides = (release(documents=(route(weights),)) for weights in (before, after))
    return the_document(review(*sides), "Route.ask")


def test_a_field_that_a_root_tells_better_has_one_row_and_keeps_its_class() -> None:
    """As its kind declares: the shares of a Route's models stand for the weights of its entries."""
    row = rerouted({"chat": 90, "next": 10}, {"chat": 70, "next": 30})
    assert [(f.path, f.before, f.after) for f in row.fields] == [
        ('backends["LLM.chat"].share', "90%", "70%"),
        ('backends["LLM.next"].share', "10%", "30%"),
    ]
    assert row.classes == ("behaviour",)


def test_an_order_that_changes_no_share_is_shown_as_it_is_written() -> None:
    row = rerouted({"a": 50, "b": 50}, {"b": 50, "a": 50})
    assert [f.path for f in row.fields] == ["spec.backends[0].llm", "spec.backends[1].llm"]
