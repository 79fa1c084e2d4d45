"""Object names: stable, within limits, never the same for two different things."""

import re

from hypothesis import given
from hypothesis import strategies as st

from opsdecl.compile.lower.names import label_value, object_name, shorten
from tests.unit.lower.builders import llm, lowered

names = st.from_regex(r"[a-z]([-a-z0-9]{0,80}[a-z0-9])?", fullmatch=True)


@given(names, st.sampled_from(["", "cache", "chat-template-0123abcd"]), st.sampled_from(["main", "canary"]))
def test_names_fit_and_stay_different(base: str, suffix: str, variant: str) -> None:
    name = object_name(base, suffix, variant)
    assert len(name) <= 63
    assert re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name)
    assert object_name(f"{base}x", suffix, variant) != name


def test_parts_are_joined_and_main_is_not_said() -> None:
    assert object_name("chat") == "chat"
    assert object_name("chat", "cache") == "chat-cache"
    assert object_name("chat", "cache", "canary") == "chat-canary-cache"


def test_long_names_are_cut_and_end_in_a_hash() -> None:
    one, two = (shorten("a" * 70 + end) for end in "xy")
    assert (len(one), len(two)) == (63, 63)
    assert one[:54] == two[:54]
    assert one != two


@given(st.text(max_size=100))
def test_any_owner_makes_a_label(owner: str) -> None:
    assert re.fullmatch(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?", label_value(owner))
    assert len(label_value(owner)) <= 63


def test_the_first_name_stays_unless_another_is_chosen() -> None:
    assert llm("metadata: {name: c, movedFrom: [a, b]}")["service"].key.name == "a"
    assert llm("metadata: {name: c, movedFrom: [a, b], objectName: d}")["service"].key.name == "d"


def test_the_first_namespace_of_the_environment_is_the_default() -> None:
    assert llm()["service"].key.namespace == "assist"
    assert llm("metadata: {namespace: risk}")["service"].key.namespace == "risk"


def test_kinds_that_shape_others_become_no_objects() -> None:
    result = lowered("Runtime", "metadata: {name: r}\nspec: {engine: vllm, version: '1', image: 'a/b:1'}")
    assert result.value == ()
    assert result.diagnostics == ()
