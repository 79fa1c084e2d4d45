"""Canonical YAML: every reader sees the value that was written."""

import math
from io import StringIO
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from opsdecl.render.canonical import join_documents, to_yaml

HAZARDS = (
    *("on", "off", "yes", "no", "y", "n", "Y", "N", "ON", "True", "FALSE", "null", "Null", "~", ""),
    *("0644", "0o14", "0x1f", "0b1", "1_000", "1e3", "1.5", ".5", "12e03", "+1", "-1", ".inf", "-.INF", ".nan"),
    *("2024-01-01", "2024-01-01T00:00:00Z", "12:30:45", "1:2", "<<", "=", "!tag", "&a", "*a", "- x", "? x", "a: b"),
    *("a:", "a #b", "#b", "%x", "@x", "`x`", "{a}", "[a]", "'", '"', " lead", "trail ", "---", "...", "--- a", "\ttab"),
    *("a\tb", "\r\n", "a\rb", "\x85", "\u2028", "\u2029", "\ufeffbom", "\x00", "\x7f", "\ufffe", "é", "🙂", "\u00a0"),
    *(
        "one\ntwo",
        "one\n",
        "one\n\n",
        "\none",
        " one\n two",
        "a\n \nb",
        "a\n\tb",
        "a \nb",
        "\n",
        "a\n---\nb\n",
        "a\n\n\n",
    ),
)


def read_1_1(text: str) -> Any:
    return yaml.safe_load(text)


def read_1_2(text: str) -> Any:
    return YAML(typ="safe").load(StringIO(text))


readers = pytest.mark.parametrize("read", [read_1_1, read_1_2], ids=["yaml1.1", "yaml1.2"])


@readers
@pytest.mark.parametrize("text", HAZARDS, ids=repr)
def test_text_that_parsers_misread_comes_back_as_text(text: str, read: Any) -> None:
    nested = {"value": text, "list": [text, [text], {"name": text, "z": text}], "after": 1}
    assert read(to_yaml(nested)) == nested
    assert read(to_yaml({text: "as a key"})) == {text: "as a key"}


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not x.is_integer())
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.text("ab01 :-#\n\t'\"{}[]&*!|>%@,?=~.", max_size=12)
    | st.sampled_from(HAZARDS)
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=10) | st.sampled_from(HAZARDS)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)


@given(trees)
@settings(max_examples=300, deadline=None)
def test_every_tree_comes_back_from_yaml_1_1_and_1_2(tree: Any) -> None:
    text = to_yaml({"tree": tree})
    assert read_1_1(text) == {"tree": tree}
    assert read_1_2(text) == {"tree": tree}


@given(st.dictionaries(keys, st.integers() | st.text(max_size=3), max_size=6))
@settings(max_examples=50, deadline=None)
def test_the_order_of_keys_does_not_matter(mapping: dict[str, Any]) -> None:
    assert to_yaml(mapping) == to_yaml(dict(reversed(mapping.items())))


def test_an_object_reads_as_people_write_it() -> None:
    text = to_yaml(
        {
            "spec": {"args": ["--max-model-len=16384", "serve"], "memory": "64Gi", "on": "yes", "empty": {}},
            "metadata": {"namespace": "assist", "name": "chat"},
            "kind": "Deployment",
            "apiVersion": "apps/v1",
        }
    )
    assert text == (
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata:\n"
        "  name: chat\n"
        "  namespace: assist\n"
        "spec:\n"
        "  args:\n"
        "  - --max-model-len=16384\n"
        "  - serve\n"
        "  empty: {}\n"
        "  memory: 64Gi\n"
        '  "on": "yes"\n'
    )


def test_several_lines_become_a_block() -> None:
    assert to_yaml({"a": "x\n\n  y\n"}) == "a: |\n  x\n\n    y\n"


def test_several_documents_are_read_one_by_one() -> None:
    assert list(yaml.safe_load_all(join_documents([to_yaml({"a": 1}), to_yaml({"b": 2})]))) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_yaml_readers_disagree_on_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_yaml({"a": value})
