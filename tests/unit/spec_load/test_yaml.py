"""Text of a file -> values, against other loaders and by example."""

import json
import sys
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from yaml.composer import ComposerError

from opsdecl.spec.yaml import ParsedFile, parse_text


def read(text: str) -> Any:
    parsed = parse_text("f.yaml", text)
    assert parsed.diagnostics == ()
    (document,) = parsed.documents
    return document.value


def codes(parsed: ParsedFile) -> list[str]:
    return [finding.code.id for finding in parsed.diagnostics]


def test_a_spec_is_read_as_plain_values() -> None:
    text = """\
    # a comment
    name: ${{ vars.region }}-chat
    replicas: {min: 2, max: 6}
    slo: [800ms, 99.9%]
    text: |
      one
        two
    folded: "a\\
      b"
    nothing:
    """
    assert read(text) == {
        "name": "${{ vars.region }}-chat",
        "replicas": {"min": 2, "max": 6},
        "slo": ["800ms", "99.9%"],
        "text": "one\n  two\n",
        "folded": "ab",
        "nothing": None,
    }


def test_aliases_and_merges() -> None:
    text = """\
    one: &one {a: 1, b: 1}
    two: &two {b: 2, c: 2}
    again: *one
    merged: {<<: *one, a: 3}
    both: {c: 9, <<: [*one, *two]}
    quoted: {"<<": text}
    """
    value = read(text)
    assert value["again"] == {"a": 1, "b": 1}
    assert value["merged"] == {"a": 3, "b": 1}
    assert value["both"] == {"a": 1, "b": 1, "c": 9}
    assert value["quoted"] == {"<<": "text"}


def test_core_tags_are_read_on_values_of_their_type() -> None:
    assert read("a: !!str 12\nb: !!int 12\nc: !!float 3\nd: !!map {x: !!null ~}\n") == {
        "a": "12",
        "b": 12,
        "c": 3.0,
        "d": {"x": None},
    }


@pytest.mark.parametrize(
    "tag", ["!!python/object:os.system", "!Secret", "!!int", "!!binary", "!!timestamp", "!!set", "!"]
)
def test_other_tags_are_refused(tag: str) -> None:
    assert codes(parse_text("f.yaml", f"a: {tag} x\n")) == ["OD120"]


def test_a_duplicate_key_names_both_places_and_keeps_the_first() -> None:
    parsed = parse_text("f.yaml", "a:\n  b: 1\n  c: 2\n  b: 3\n")
    (finding,) = parsed.diagnostics
    assert finding.span is not None
    assert (finding.span.line, finding.span.column) == (4, 3)
    assert [(r.at.line, r.at.column) for r in finding.related if hasattr(r.at, "line")] == [(2, 3)]  # type: ignore[union-attr]
    assert parsed.documents[0].value == {"a": {"b": 1, "c": 2}}


def test_all_findings_of_a_file_come_at_once() -> None:
    parsed = parse_text("f.yaml", "a: yes\nb: 0644\nc: 1\nc: 2\n1: x\n---\n[\n---\nd: *e\n")
    assert codes(parsed) == ["OD117", "OD117", "OD116", "OD119", "OD112", "OD121"]
    assert [document.index for document in parsed.documents] == [0, 2]


def test_empty_documents_are_counted_and_left_out() -> None:
    parsed = parse_text("f.yaml", "---\n# nothing\n---\na: 1\n---\n")
    assert [(d.index, d.value) for d in parsed.documents] == [(1, {"a": 1})]


def test_a_document_that_does_not_end_well_is_not_read() -> None:
    """`kind:LLM` alone is a text; the next line shows that it was meant as a pair."""
    parsed = parse_text("f.yaml", "kind:LLM\nmetadata: x\n")
    assert parsed.documents == ()
    assert codes(parsed) == ["OD114"]


def test_anchors_end_with_their_document() -> None:
    assert codes(parse_text("f.yaml", "a: &x 1\n---\nb: *x\n")) == ["OD121"]


def test_without_the_c_extension_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the wording of syntax errors differs."""
    text = "a: &x [1, {b: 'two'}, ~]\nc: *x\nd: |\n  text\n---\ne: yes\n---\nf: [\n---\ng: 1\n"
    fast = parse_text("f.yaml", text)
    monkeypatch.setitem(sys.modules, "yaml._yaml", None)
    slow = parse_text("f.yaml", text)
    assert slow.documents == fast.documents
    assert codes(fast) == ["OD117", "OD112"]
    assert codes(slow) == ["OD117", "OD110"]


_TEXT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=8)
_SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXT
_SCALARS |= st.sampled_from(["yes", "0644", "1e3", "null", "a: b", "# x", "- y", "${{ x }}", "2024-01-01", "<<", "é\n"])
_VALUES = st.recursive(_SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(_TEXT, v, max_size=4))


@given(_VALUES.filter(lambda value: value is not None), st.booleans())
def test_what_is_quoted_well_is_read_back(value: Any, flow: bool) -> None:
    """JSON is YAML; PyYAML quotes for version 1.1 only, so that a finding is the other right answer."""
    assert read(json.dumps(value, ensure_ascii=False)) == value
    parsed = parse_text("f.yaml", yaml.safe_dump(value, default_flow_style=flow))
    if parsed.diagnostics:
        assert set(codes(parsed)) <= {"OD117", "OD118"}
    else:
        assert [d.value for d in parsed.documents] == [value]


_PIECES = st.sampled_from(
    [
        *"abn12.-:#&*!|>'\"%@[]{},?~=\t\n ",
        "\n  ",
        "\n- ",
        ": ",
        "- ",
        "---\n",
        "...\n",
        "<<: ",
        "&a ",
        "*a",
        "!!str ",
        "a: ",
    ]
)


@settings(max_examples=400)
@given(st.lists(_PIECES, max_size=30).map("".join))
def test_whatever_is_accepted_is_what_other_loaders_read(text: str) -> None:
    parsed = parse_text("f.yaml", text)
    if parsed.diagnostics:
        return
    values = [document.value for document in parsed.documents]
    try:
        older = list(yaml.load_all(text, yaml.CSafeLoader))
    except ComposerError:
        return  # it refuses an anchor that is set anew, which YAML allows
    assert values == [value for value in older if value is not None]
    try:
        newer = list(YAML(typ="safe", pure=True).load_all(text))
    except YAMLError:
        return  # its own scanner is stricter in places
    assert values == [value for value in newer if value is not None]


def test_addresses_and_images_in_flow_mappings_need_no_quotes() -> None:
    text = "a: {uri: hf://org/name, image: vllm/vllm-openai:v0.33.0}\nb: [s3://bucket/key, x:y]\n"
    (document,) = parse_text("f.yaml", text).documents
    assert document.value == {
        "a": {"uri": "hf://org/name", "image": "vllm/vllm-openai:v0.33.0"},
        "b": ["s3://bucket/key", "x:y"],
    }
