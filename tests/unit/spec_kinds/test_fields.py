"""What is known of a field by its path."""

import pytest

from opsdecl.spec.fields import (
    ANY,
    all_fields,
    effects_of,
    field_info,
    fields_of,
    format_pattern,
    is_interpolated,
    kind_names,
    merge_key_at,
    references,
    selections,
)
from opsdecl.spec.kinds import KINDS


def test_a_field_by_its_path() -> None:
    info = field_info("LLM", ("spec", "engine", "dtype"))
    assert info is not None
    assert (info.type, info.default, info.required) == ("choice", "auto", False)
    assert "bfloat16" in info.choices
    assert info.effect is not None
    assert info.effect.change_class == "behaviour"


@pytest.mark.parametrize(
    ("path", "type_"),
    [
        (("spec", "model"), "name or mapping"),
        (("spec", "model", "uri"), "hub address"),
        (("spec", "engine", "env", "ANY"), "text or mapping"),
        (("spec", "engine", "env", "ANY", "key"), "text"),
        (("spec", "scheduling", "tolerations", 3, "key"), "label key"),
        (("spec", "patches", 0, "value", "deep", "inside"), "any value"),
        (("spec", "imagePullSecrets"), "list of names"),
        (("metadata", "labels"), "map of label values"),
    ],
)
def test_paths_lead_through_lists_maps_and_unions(path: tuple[str | int, ...], type_: str) -> None:
    info = field_info("LLM", path)
    assert info is not None
    assert info.type == type_


@pytest.mark.parametrize(
    "path", [("spec", "nope"), ("spec", "runtime", "deeper"), ("spec", "servedNames", "first"), ("spec", 0)]
)
def test_paths_that_lead_nowhere(path: tuple[str | int, ...]) -> None:
    assert field_info("LLM", path) is None
    assert field_info("Nope", path) is None


def test_fields_of_a_union_say_which_type_has_them() -> None:
    fields = {str(field.path[-1]): field for field in fields_of("LLM", ("spec", "weights", "source"))}
    assert fields["type"].choices == ("hub", "pvc", "oci", "s3", "training")
    assert fields["type"].branches == ()
    assert fields["claim"].branches == ("pvc",)
    assert fields["endpoint"].branches == ("hub", "s3")


def test_keyed_lists() -> None:
    assert merge_key_at("LLM", ("spec", "scheduling", "tolerations")) == "key"
    assert merge_key_at("LLM", ("spec", "patches")) == "path"
    assert merge_key_at("Policy", ("spec", "rules")) == "name"
    assert merge_key_at("LLM", ("spec", "imagePullSecrets")) is None


def test_braces_are_left_alone_where_they_are_the_language() -> None:
    assert not is_interpolated("LLM", ("spec", "chatTemplate", "text"))
    assert not is_interpolated("Policy", ("spec", "rules", 0, "expression"))
    assert is_interpolated("LLM", ("spec", "chatTemplate", "file"))


def test_references() -> None:
    assert dict(references("LLM")) == {
        ("spec", "model"): "catalog/models",
        ("spec", "weights", "source", "training"): "Training",
        ("spec", "adapters"): "Adapter",
        ("spec", "guardrails", "judge"): "LLM",
        ("spec", "runtime"): "Runtime",
        ("spec", "accelerator", "gpu"): "catalog/gpus",
        ("spec", "accelerator", "pool"): "pools",
        ("spec", "prefill", "accelerator", "gpu"): "catalog/gpus",
        ("spec", "prefill", "accelerator", "pool"): "pools",
    }


@pytest.mark.parametrize("kind", kind_names())
def test_no_reference_is_left_out_for_speed(kind: str) -> None:
    fields = all_fields(kind)
    assert references(kind) == tuple((f.path, f.reference) for f in fields if f.reference)
    assert selections(kind) == tuple((f.path, f.selects) for f in fields if f.selects)


def test_effects_as_rows() -> None:
    rows = {row.path: (row.change_class, row.rule) for row in effects_of("Runtime")}
    assert rows["spec.version"] == ("behaviour", "minor-version")
    assert rows["spec.image"] == ("behaviour", "minor-version")
    assert rows["spec.env"] == ("rolling", "")
    cache = {row.path: row.rule for row in effects_of("LLM") if row.path.startswith("spec.weights.cache")}
    assert cache["spec.weights.cache.size"] == "shrink"
    assert cache["spec.weights.cache.type"] == "from-pvc"
    assert cache["spec.weights.cache.claim"] == "newly-set"


@pytest.mark.parametrize("kind", ["LLM", "Model", "Runtime"])
def test_every_field_of_what_runs_says_what_its_change_means(kind: str) -> None:
    silent = [
        format_pattern(f.path) for f in all_fields(kind) if f.path[0] == "spec" and len(f.path) > 1 and not f.effect
    ]
    assert silent == []


@pytest.mark.parametrize("kind", kind_names())
def test_every_declared_field_has_a_description_of_one_sentence(kind: str) -> None:
    declared = [field for field in all_fields(kind) if field.path[-1] != ANY]
    wrong = [format_pattern(field.path) for field in declared if not field.description.endswith(".")]
    assert wrong == []


@pytest.mark.parametrize("kind", kind_names())
def test_defaults_are_plain_data_that_is_valid(kind: str) -> None:
    assert KINDS[kind].summary.endswith(".")
    for field in all_fields(kind):
        assert isinstance(field.default, str | int | float | bool | list | dict | None)
        assert not (field.required and field.default is not None)
