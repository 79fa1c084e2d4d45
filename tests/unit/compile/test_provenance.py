"""Which layers set a value, asked of the layers themselves."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsdecl.compile.merge import MergeRules, merge_layers
from opsdecl.compile.provenance import layer_setters, winner
from opsdecl.diag import Place, SpecPath
from opsdecl.spec.types import Document

RULES = MergeRules(
    list_key=lambda path: "name" if path[-1:] == ("rules",) else None,
    union_tag=lambda path: "type" if path[-1:] == ("engine",) else None,
)

scalars = st.none() | st.integers(0, 9)
rules = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("xyz")}, optional={"a": scalars, "b": scalars}),
    unique_by=lambda item: item["name"],
    max_size=3,
)
engines = st.fixed_dictionaries({}, optional={"type": st.sampled_from(["vllm", "sglang"]), "a": scalars, "b": scalars})
layers = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "rules": rules,
            "engine": engines | st.none(),
            "a": scalars,
            "plain": st.lists(st.integers(0, 9), max_size=3),
        },
    ),
    min_size=1,
    max_size=4,
)


def documents(values: list[dict[str, Any]]) -> tuple[Document, ...]:
    return tuple(Document(f"layer{i}", 0, "K", "n", "v1", value, str(i)) for i, value in enumerate(values))


def leaves(value: Any, path: SpecPath = ()) -> list[tuple[SpecPath, Any]]:
    if isinstance(value, dict) and value:
        return [leaf for name, item in value.items() for leaf in leaves(item, (*path, name))]
    if isinstance(value, list) and value:
        return [leaf for index, item in enumerate(value) for leaf in leaves(item, (*path, index))]
    return [(path, value)]


def value_at(value: Any, path: SpecPath) -> Any:
    for part in path:
        value = value[part]
    return value


@given(layers)
def test_the_last_setter_is_where_the_merged_value_comes_from(values: list[dict[str, Any]]) -> None:
    merged, _ = merge_layers(values, RULES)
    docs = documents(values)
    for path, leaf in leaves(merged):
        if leaf in ({}, []):
            continue
        last = layer_setters(docs, RULES, path)[-1]
        assert last.value == leaf, path
        layer = values[int(last.place.file.removeprefix("layer"))]
        assert value_at(layer, last.place.path) == leaf


@given(layers, st.sampled_from([("engine", "a"), ("engine", "b"), ("a",), ("rules", 0, "b"), ("plain", 1), ("other",)]))
def test_every_path_has_an_answer_in_layer_order(values: list[dict[str, Any]], path: SpecPath) -> None:
    found = [setter.place.file for setter in layer_setters(documents(values), RULES, path)]
    assert found
    assert found == sorted(set(found))


def setters(path: SpecPath, *values: dict[str, Any]) -> list[tuple[str, SpecPath, Any]]:
    return [(s.place.file, s.place.path, s.value) for s in layer_setters(documents(list(values)), RULES, path)]


def test_all_layers_that_set_a_value_answer() -> None:
    assert setters(("a",), {"a": 1}, {"b": 2}, {"a": 3}) == [("layer0", ("a",), 1), ("layer2", ("a",), 3)]


def test_keyed_items_are_found_by_key_in_each_layer() -> None:
    low = {"rules": [{"name": "x"}, {"name": "y", "a": 1}]}
    high = {"rules": [{"name": "y", "a": 2}]}
    assert setters(("rules", 1, "a"), low, high) == [
        ("layer0", ("rules", 1, "a"), 1),
        ("layer1", ("rules", 0, "a"), 2),
    ]


def test_a_reset_wins_over_what_it_resets() -> None:
    assert setters(("engine", "a"), {"engine": {"a": 1}}, {"engine": None}) == [
        ("layer0", ("engine", "a"), 1),
        ("layer1", ("engine",), None),
    ]


def test_another_branch_wins_over_the_fields_that_it_dropped() -> None:
    low, high = {"engine": {"type": "vllm", "a": 1}}, {"engine": {"type": "sglang"}}
    assert setters(("engine", "a"), low, high)[-1] == ("layer1", ("engine", "type"), "sglang")


def test_a_default_answers_with_the_nearest_value_that_something_set() -> None:
    assert setters(("engine", "b", "c"), {"engine": {"a": 1}}) == [("layer0", ("engine",), {"a": 1})]
    assert setters(("x", "y"), {"a": 1}) == [("layer0", (), {"a": 1})]


def test_the_key_is_meant_only_where_the_field_itself_is_there() -> None:
    docs = documents([{"engine": {"a": 1}}])
    assert winner(docs, RULES, ("engine", "a"), key=True) == Place("layer0", 0, ("engine", "a"), "key")
    assert winner(docs, RULES, ("engine", "b"), key=True) == Place("layer0", 0, ("engine",), "value")
