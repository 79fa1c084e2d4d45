"""The laws of the typed merge."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsdecl.compile.merge import MergeRules, merge_layers
from opsdecl.diag import SpecPath

KEYED = ("rules",)


def list_key(path: tuple[str | int, ...]) -> str | None:
    return "name" if path[-1:] == KEYED else None


def union_tag(path: tuple[str | int, ...]) -> str | None:
    return "type" if path[-1:] == ("engine",) else None


RULES = MergeRules(list_key=list_key, union_tag=union_tag)

scalars = st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from("abc")
names = st.sampled_from(["a", "b", "engine", "c"])
items = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("xyz")}, optional={"a": scalars}),
    unique_by=lambda item: item["name"],
    max_size=3,
)
values = st.recursive(
    st.dictionaries(names, scalars, max_size=3),
    lambda inner: st.builds(
        lambda plain, rules: plain | ({"rules": rules} if rules else {}),
        st.dictionaries(names, inner | scalars, max_size=3),
        items,
    ),
    max_leaves=8,
)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


plain = values.map(without_nulls)


def merge(*layers: Any) -> Any:
    merged, problems = merge_layers(layers, RULES)
    assert problems == ()
    return merged


@given(values)
def test_one_layer_only_loses_its_nulls(value: Any) -> None:
    assert merge(value) == without_nulls(value)


@given(plain)
def test_a_layer_without_nulls_is_shared_not_copied(value: Any) -> None:
    assert merge(value) is value


@given(plain, values)
def test_laying_the_same_layer_twice_changes_nothing(lower: Any, upper: Any) -> None:
    assert merge(lower, upper, upper) == merge(lower, upper)


@given(plain)
def test_an_empty_layer_changes_nothing(value: Any) -> None:
    assert merge(value, {}) == value
    assert merge({}, value) == value


@given(values, values)
def test_no_null_survives(lower: Any, upper: Any) -> None:
    merged = merge(lower, upper)
    assert merged == without_nulls(merged)


@given(plain, plain, plain)
def test_layers_may_be_merged_beforehand_where_shapes_agree(a: Any, b: Any, c: Any) -> None:
    """Without nulls and changes of shape or branch the merge is associative."""
    a, b, c = ({k: v for k, v in layer.items() if isinstance(v, dict | list)} for layer in (a, b, c))
    if not all(_agree(x, y) for x in (a, b, c) for y in (a, b, c)):
        return
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


def _agree(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_agree(one[k], other[k]) for k in one.keys() & other.keys())
    return not isinstance(one, dict) and not isinstance(other, dict)


@given(plain, plain)
def test_layers_are_never_changed(lower: Any, upper: Any) -> None:
    before = repr((lower, upper))
    merge(lower, upper)
    assert repr((lower, upper)) == before


@given(plain, names)
def test_null_takes_back_what_lower_layers_set(lower: Any, name: str) -> None:
    assert merge(lower, {name: None}) == {k: v for k, v in lower.items() if k != name}


@given(items.filter(bool))
def test_delete_drops_a_keyed_item(rules: Any) -> None:
    rules = without_nulls(rules)
    gone = rules[0]["name"]
    merged = merge({"rules": rules}, {"rules": [{"name": gone, "$delete": True}]})
    assert merged == {"rules": rules[1:]}


def test_keyed_items_merge_in_place_and_new_ones_follow() -> None:
    lower = {"rules": [{"name": "x", "a": 1, "b": 1}, {"name": "y"}]}
    upper = {"rules": [{"name": "z"}, {"name": "x", "a": 2}]}
    assert merge(lower, upper) == {"rules": [{"name": "x", "a": 2, "b": 1}, {"name": "y"}, {"name": "z"}]}


def test_items_of_one_key_are_replaced_together() -> None:
    """Several tolerations of one taint are one statement."""
    lower = {"rules": [{"name": "x", "a": 1}, {"name": "y"}, {"name": "x", "a": 2}]}
    upper = {"rules": [{"name": "x", "a": 3}]}
    assert merge(lower, upper) == {"rules": [{"name": "x", "a": 3}, {"name": "y"}]}


def test_a_list_without_a_key_replaces() -> None:
    assert merge({"a": [1, 2]}, {"a": [3]}) == {"a": [3]}


def test_switching_a_branch_drops_the_old_fields() -> None:
    lower = {"engine": {"type": "vllm", "flag": 1}, "b": 2}
    assert merge(lower, {"engine": {"type": "sglang"}}) == {"engine": {"type": "sglang"}, "b": 2}
    assert merge(lower, {"engine": {"type": "vllm", "x": 1}}) == {"engine": {"type": "vllm", "flag": 1, "x": 1}, "b": 2}
    assert merge(lower, {"engine": {"x": 1}})["engine"] == {"type": "vllm", "flag": 1, "x": 1}


def test_what_cannot_be_deleted_is_reported_with_what_there_is() -> None:
    lower = {"rules": [{"name": "owner"}]}
    upper = {"rules": [{"name": "ownr", "$delete": True}], "a": {"$delete": True}}
    _, problems = merge_layers([lower, upper], RULES)
    assert [(p.layer, p.path, p.problem, p.name, p.candidates) for p in problems] == [
        (1, ("rules", 0), "deletes-nothing", "ownr", ("owner",)),
        (1, ("a", "$delete"), "delete-misplaced", "", ()),
    ]


def test_delete_has_no_other_value_than_true() -> None:
    upper = {"rules": [{"name": "owner", "$delete": "yes"}]}
    _, problems = merge_layers([{"rules": [{"name": "owner"}]}, upper], RULES)
    assert [(p.path, p.problem) for p in problems] == [(("rules", 0, "$delete"), "delete-not-true")]


def test_a_field_takes_the_place_of_those_it_excludes() -> None:
    excludes: dict[SpecPath, tuple[str, ...]] = {
        ("replicas", "count"): ("min", "max"),
        ("replicas", "min"): ("count",),
        ("replicas", "max"): ("count",),
    }
    rules = MergeRules(list_key, union_tag, excludes=lambda path: excludes.get(path, ()))
    scaled = {"replicas": {"min": 2, "max": 6}}
    fixed = {"replicas": {"count": 1}}
    assert merge_layers([scaled, fixed], rules) == (fixed, ())
    assert merge_layers([fixed, {"replicas": {"max": 4}}], rules) == ({"replicas": {"max": 4}}, ())
    both = {"replicas": {"count": 1, "min": 2}}
    assert merge_layers([scaled, both], rules)[0] == {"replicas": {"count": 1, "min": 2}}
