"""Files of a rendered branch, which anybody may have edited, are read as kubectl reads them, within bounds."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdecl.render.canonical import to_yaml
from opsdecl.targets.git.reading import MAX_BYTES, NotAnObject, parse_object

HEAD = "apiVersion: v1\nkind: X\nmetadata: {name: a}\n"


def value(text: str) -> Any:
    return parse_object(f"{HEAD}spec: {text}\n".encode())["spec"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("yes", True), ("off", False), ("'yes'", "yes"), ("0644", 420), ("0o17", 15), ("0x1F", 31), ("0b11", 3),
     ("1_000", 1000), ("-12", -12), ("1e3", 1000), (".5", 0.5), ("~", None), ("", None), ("null", None),
     ("2024-01-01", "2024-01-01"), ("1.2.3", "1.2.3"), ("._", "._"), ("'1'", "1"), (".inf", ".inf"),
     ("1" * 70, "1" * 70), ("a b", "a b")],
)  # fmt: skip
def test_scalars(text: str, expected: Any) -> None:
    found = value(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("text", "said"),
    [("a: [", "not YAML"), (HEAD + "a: &x 1\n", "anchor"), (HEAD + "a: *x\n", "anchor"),
     ("[" * 200_000, "nested too deeply"), (HEAD + "a: " + "{b: " * 150 + "1" + "}" * 150, "nested too deeply"),
     ("- a", "no mapping"), ("a: 1\na: 2", "`a` is there twice"), ("a: !!python/object:os.system 1", "tag"),
     ("---\na: 1\n---\nb: 2", "several"),
     ("", "no mapping"), ("? [a]\n: b", "key is not text"), ("kind: X", "metadata.name"),
     (HEAD.replace("a}", "1}"), "metadata.name"), ("a" * (MAX_BYTES + 1), "4 MiB")],
)  # fmt: skip
def test_what_is_no_object_says_why(text: str, said: str) -> None:
    with pytest.raises(NotAnObject, match=said):
        parse_object(text.encode())


def test_other_encodings_are_no_objects() -> None:
    with pytest.raises(NotAnObject, match="UTF-8"):
        parse_object(b"\xff\xfea")


LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


@given(TREES)
def test_what_we_write_is_what_we_read(tree: Any) -> None:
    data = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"tree": tree}}
    found = parse_object(to_yaml(data).encode())
    assert json.dumps(found, sort_keys=True) == json.dumps(data, sort_keys=True)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_reason(data: bytes) -> None:
    with suppress(NotAnObject):
        assert parse_object(data)["kind"]
