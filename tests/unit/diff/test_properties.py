"""Properties that hold for every pair of trees and every pair of releases."""

import json
import random
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from opsdecl.addr import Address, ObjectKey, SpecAddress
from opsdecl.diff.compare import MISSING, ORDER, Difference, Item, differences
from opsdecl.diff.containment import check_contained
from opsdecl.diff.lists import Entry, entries_of
from opsdecl.diff.planfile import dump_plan, load_plan
from opsdecl.diff.release import diff_release, state_from_manifests
from opsdecl.render.types import DocumentView, Manifest, ManifestSet
from tests.unit.diff.releases import EFFECTS, RELEASE, VLLM
from tests.unit.diff.test_plan import plan

FEW = settings(max_examples=60, deadline=None)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "a", "1", "8Gi", "8192Mi", "x\ny"])
)
NAMES = st.sampled_from(["spec", "a", "b.c", "resources", "limits", "cpu"])


def named(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    entry = st.fixed_dictionaries({"name": st.sampled_from(["a", "b", "c"])}, optional={"value": values, "x": values})
    return st.lists(entry, max_size=3, unique_by=lambda e: e["name"])


FLAGS = st.lists(
    st.builds(
        lambda name, value: f"--{name}" if value is None else f"--{name}={value}",
        st.sampled_from(["a", "b", "c"]),
        st.none() | st.sampled_from(["", "1", "x=y"]),
    ),
    max_size=4,
)


def mappings(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Deferred, because the full description of a strategy of strategies is long."""
    lists = {"env": named(below), "containers": named(below), "args": FLAGS, "other": st.lists(below, max_size=3)}
    fields = st.dictionaries(NAMES, below | SCALARS, max_size=3)
    found = st.builds(lambda plain, keyed: {**plain, **keyed}, fields, st.fixed_dictionaries({}, optional=lists))
    return st.deferred(lambda: found)


FLAT = mappings(SCALARS)
TREES = mappings(FLAT)


@given(TREES)
@FEW
def test_a_tree_does_not_differ_from_itself(tree: Any) -> None:
    assert differences(tree, deepcopy(tree)) == ()


@given(TREES, TREES)
@FEW
def test_the_differences_lead_from_before_to_after(before: Any, after: Any) -> None:
    result = deepcopy(before)
    for difference in differences(before, after):
        result = patched(result, difference, 0, "")
    assert as_sets(result, after) == as_sets(after, after)


@given(TREES, TREES)
@FEW
def test_no_difference_means_equal(before: Any, after: Any) -> None:
    """As JSON, except for the order of new entries among old ones, which is the order of the tree afterwards."""
    assert bool(differences(before, after)) == (json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True))


@given(TREES, TREES)
@FEW
def test_each_field_is_told_once(before: Any, after: Any) -> None:
    texts = [difference.text for difference in differences(before, after)]
    assert len(texts) == len(set(texts))


@given(TREES, TREES)
@FEW
def test_a_place_in_the_tree_afterwards_holds_the_value(before: Any, after: Any) -> None:
    for difference in differences(before, after):
        value = after
        for part in difference.after_path:
            value = value[part]
        if difference.after is MISSING or difference.path[-1] == ORDER:
            continue
        if isinstance(value, str) and value.startswith("--") and isinstance(difference.path[-1], Item):
            value = value.partition("=")[2] if "=" in value else True
        assert value == difference.after


def patched(tree: Any, difference: Difference, at: int, name: str) -> Any:
    """The tree with one difference applied; entries of lists are found as the comparison finds them."""
    if at == len(difference.path):
        return difference.after
    part = difference.path[at]
    if isinstance(part, str):
        new = patched(tree.get(part, MISSING), difference, at + 1, part)
        return {k: v for k, v in {**tree, part: new}.items() if v is not MISSING}
    if part == ORDER:
        return sorted(tree, key=lambda e: rank(e, difference.after))
    keys = [*(entries_of(name, tree, tree) or ({str(i): Entry(v, i) for i, v in enumerate(tree)},))[0]]
    values = list(tree)
    if part.key not in keys:
        return [*values, written(part.key, difference.after)]
    index = keys.index(part.key)
    values[index] = written(part.key, patched(values[index], difference, at + 1, ""))
    return [value for value in values if value is not MISSING]


def written(key: str, value: Any) -> Any:
    if not key.startswith("--") or value is MISSING:
        return value
    return key if value is True else f"{key}={value}"


def rank(entry: Any, order: list[str]) -> int:
    key = entry["name"] if isinstance(entry, dict) else entry.partition("=")[0]
    return order.index(key) if key in order else len(order)


def as_sets(tree: Any, like: Any) -> Any:
    """With the entries of keyed lists by key: where new ones stand is not part of the differences."""
    if isinstance(tree, dict):
        return {k: by_key(k, v, like.get(k)) for k, v in tree.items()}
    return [as_sets(a, b) for a, b in zip(tree, like, strict=False)] if isinstance(tree, list) else (type(tree), tree)


def by_key(name: str, value: Any, like: Any) -> Any:
    found = entries_of(name, value, value) if isinstance(value, list) and isinstance(like, list) else None
    others = entries_of(name, like, like) if isinstance(value, list) and isinstance(like, list) else None
    if not found or not others:
        return as_sets(value, like if isinstance(like, type(value)) else value)
    return {k: as_sets(e.value, others[0][k].value if k in others[0] else e.value) for k, e in found[0].items()}


KINDS = {
    "Deployment": "apps/v1",
    "Service": "v1",
    "PersistentVolumeClaim": "v1",
    "Job": "batch/v1",
    "Strange": "x.io/v1",
}


def _manifest(document: str, kind: str, spec: Any) -> Manifest:
    key = ObjectKey(KINDS[kind], kind, "ns", document)
    data = {
        "apiVersion": key.api_version,
        "kind": kind,
        "metadata": {"name": document, "namespace": "ns"},
        "spec": spec,
    }
    address = Address(SpecAddress("LLM", document), "main", kind.lower())
    return Manifest(address, key, kind, data, {("spec",): ("spec", "engine")})


def _release(chosen: dict[tuple[str, str], Any]) -> ManifestSet:
    manifests = tuple(_manifest(*key, spec) for key, spec in sorted(chosen.items()))
    names = sorted({document for document, _ in chosen})
    return ManifestSet(RELEASE, manifests, tuple(_view(name, chosen) for name in names))


def _view(name: str, chosen: dict[tuple[str, str], Any]) -> DocumentView:
    engine = {kind: spec for (document, kind), spec in chosen.items() if document == name}
    effective = {"metadata": {"name": name}, "spec": {"engine": engine}}
    return DocumentView(SpecAddress("LLM", name), effective, {"runtime": VLLM}, "")


RELEASES = st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from([*KINDS])), FLAT, max_size=6).map(_release)


@given(RELEASES)
@FEW
def test_a_release_does_not_differ_from_itself(one: ManifestSet) -> None:
    diff = diff_release(state_from_manifests(one), one, effects=EFFECTS)
    assert diff.release.changes == ()
    assert diff.documents == ()


@given(RELEASES, RELEASES)
@FEW
def test_every_object_is_accounted_for(before: ManifestSet, after: ManifestSet) -> None:
    diff = diff_release(state_from_manifests(before), after, effects=EFFECTS)
    found = {(c.object.kind, c.object.name): c for c in diff.release.changes}
    old, new = ({(m.key.kind, m.key.name): m.data for m in side.manifests} for side in (before, after))
    for key in {*old, *new}:
        if key not in new:
            assert found[key].action == "delete"
        elif key not in old:
            assert found[key].action == "create"
        elif json.dumps(old[key], sort_keys=True) == json.dumps(new[key], sort_keys=True):
            assert key not in found
        else:
            assert found[key].action in {"update", "replace"}
            assert found[key].fields
        assert key not in found or found[key].classes
    assert sum(diff.release.summary.values()) - diff.release.summary["delete"] == len(new)
    assert sorted(a for d in diff.documents for a in d.objects) == sorted(c.address for c in diff.release.changes)


@given(RELEASES, RELEASES)
@FEW
def test_a_plan_survives_its_file_and_contains_itself(before: ManifestSet, after: ManifestSet) -> None:
    made = plan(diff_release(state_from_manifests(before), after, effects=EFFECTS))
    loaded = load_plan(dump_plan(made))
    assert loaded.value == made
    assert dump_plan(loaded.value) == dump_plan(made)
    assert check_contained(made, made) == ()


@given(RELEASES, RELEASES)
@FEW
def test_after_applying_the_next_plan_is_empty(before: ManifestSet, after: ManifestSet) -> None:
    """And what remains of a plan that was carried out is contained in it."""
    reviewed = plan(diff_release(state_from_manifests(before), after, effects=EFFECTS))
    following = plan(diff_release(state_from_manifests(after), after, effects=EFFECTS))
    assert following.changes == ()
    assert check_contained(following, reviewed) == ()


@given(RELEASES, RELEASES, RELEASES)
@FEW
def test_what_is_contained_changes_nothing_else(base: ManifestSet, moved: ManifestSet, after: ManifestSet) -> None:
    """Whenever another base passes, every change from there was in the review, field by field."""
    reviewed = plan(diff_release(state_from_manifests(base), after, effects=EFFECTS))
    fresh = plan(diff_release(state_from_manifests(moved), after, effects=EFFECTS))
    if check_contained(fresh, reviewed) == ():
        seen = {(c.address, c.action, f.path, repr(f.before)) for c in reviewed.changes for f in c.fields}
        assert {(c.address, c.action, f.path, repr(f.before)) for c in fresh.changes for f in c.fields} <= seen
        assert {c.address for c in fresh.changes} <= {c.address for c in reviewed.changes}


@given(RELEASES, RELEASES, st.randoms(use_true_random=False))
@FEW
def test_the_order_of_what_comes_in_does_not_matter(
    before: ManifestSet, after: ManifestSet, chance: random.Random
) -> None:
    expected = dump_plan(plan(diff_release(state_from_manifests(before), after, effects=EFFECTS)))
    mixed = plan(diff_release(state_from_manifests(_mixed(before, chance)), _mixed(after, chance), effects=EFFECTS))
    found = json.loads(dump_plan(mixed))
    for document, release in ((found, json.loads(expected)),):
        document["releases"][0]["desired"] = release["releases"][0]["desired"]
        document["releases"][0]["base"] = release["releases"][0]["base"]
    assert found == json.loads(expected)


def _mixed(source: ManifestSet, chance: random.Random) -> ManifestSet:
    """Objects and documents in another order; their digest depends on it, so sets are sorted where they are made."""
    manifests, documents = list(source.manifests), list(source.documents)
    chance.shuffle(manifests)
    chance.shuffle(documents)
    return ManifestSet(source.release, tuple(manifests), tuple(documents))
