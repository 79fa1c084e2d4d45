"""Places become spans that a reader recognises."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsdecl.diag import Place, SpecPath
from opsdecl.spec.positions import Positions
from opsdecl.spec.source import MemoryTree

TEXT = """\
# a comment
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, labels: &labels {tier: gold}}
spec:
  engine:
    args:
      seed: 0
    template: |
      one
      two

  list:
    - name: a
      value: ü1
    - plain
  again: *labels
  merged: {<<: *labels, own: 2}
  both:
    <<: [*labels, {other: 1}]
    empty:
---
# an empty one
---
kind: Model
text: "several
  lines"
"""


def shown(path: SpecPath, document: int = 0, part: str = "value", text: str = TEXT) -> tuple[int, str]:
    """The first line and the text of a span."""
    positions = Positions(MemoryTree({"f.yaml": text}))
    span = positions.locate(Place("f.yaml", document, path, "key" if part == "key" else "value"))
    lines = positions.source_lines("f.yaml")
    assert span is not None
    assert lines is not None
    rows = list(lines[span.line - 1 : span.end_line])
    rows[-1] = rows[-1][: span.end_column - 1]
    rows[0] = rows[0][span.column - 1 :]
    return span.line, "\n".join(rows)


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        ((), 3, "kind: LLM"),
        (("kind",), 3, "LLM"),
        (("metadata", "name"), 4, "chat"),
        (("metadata", "labels", "tier"), 4, "gold"),
        (("spec", "engine", "args", "seed"), 8, "0"),
        (("spec", "list", 0, "value"), 15, "ü1"),
        (("spec", "list", 1), 16, "plain"),
    ],
)
def test_a_value_is_shown_where_it_stands(path: SpecPath, line: int, text: str) -> None:
    assert shown(path) == (line, text)


def test_a_key_is_shown_where_it_stands() -> None:
    assert shown(("spec", "engine", "args", "seed"), part="key") == (8, "seed")


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        (("spec", "engine"), 6, "engine"),
        (("spec", "list"), 13, "list"),
        (("spec", "list", 0), 14, "name"),
        (("spec", "both", "empty"), 21, "empty"),
    ],
)
def test_a_block_or_nothing_is_shown_by_its_key(path: SpecPath, line: int, text: str) -> None:
    assert shown(path) == (line, text)


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        (("metadata", "owner"), 4, "metadata"),
        (("spec", "engine", "args", "x", "y"), 7, "args"),
        (("spec", "list", 0, "x"), 14, "name"),
        (("spec", "list", 7), 13, "list"),
        (("kind", "x"), 3, "kind"),
        (("x",), 3, "kind: LLM"),
    ],
)
def test_what_is_not_there_is_shown_by_the_key_around_it(path: SpecPath, line: int, text: str) -> None:
    assert shown(path) == (line, text)


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        (("spec", "again"), 17, "*labels"),
        (("spec", "again", "tier"), 17, "*labels"),
        (("spec", "again", "none"), 17, "*labels"),
        (("spec", "merged", "tier"), 18, "*labels"),
        (("spec", "merged", "own"), 18, "2"),
        (("spec", "both", "tier"), 20, "*labels"),
        (("spec", "both", "other"), 20, "1"),
    ],
)
def test_what_an_alias_or_merge_brings_is_shown_there(path: SpecPath, line: int, text: str) -> None:
    assert shown(path) == (line, text)


def test_values_of_several_lines_are_shown_whole_and_without_the_blank_after_them() -> None:
    assert shown(("spec", "engine", "template")) == (9, "|\n      one\n      two")
    assert shown(("text",), document=2) == (26, '"several\n  lines"')


def test_other_documents_and_broken_ones() -> None:
    assert shown((), document=2) == (25, "kind: Model")
    assert shown(("a",), document=1, text="[\n---\na: 1\n") == (3, "1")
    assert shown((), document=0, text="[\n---\na: 1\n") == (1, "")


def test_a_file_that_is_not_there_has_no_places() -> None:
    positions = Positions(MemoryTree({}))
    assert positions.locate(Place("f.yaml")) is None
    assert positions.source_lines("f.yaml") is None


def test_crlf_counts_as_one_line() -> None:
    assert shown(("b",), text="a: 1\r\nb: 2\r\n") == (2, "2")


def test_merges_of_merges_take_no_time() -> None:
    """Each mapping merges the one before it twice: 2^60 ways to look for a key that is not there."""
    lines = ["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 60)]
    assert shown(("a59", "x"), text="\n".join(lines)) == (60, "*a58")
    assert shown(("a59", "y"), text="\n".join(lines)) == (60, "a59")


_PIECES = st.sampled_from([*"ab1:-#&*|>'\"[]{},?\n ", "\n  ", "\n- ", ": ", "---\n", "<<: ", "&a ", "*a", "a: "])


@given(
    st.lists(_PIECES, max_size=30).map("".join),
    st.lists(st.sampled_from(["a", "b", "ab", 0, 1]), max_size=3).map(tuple),
    st.integers(0, 2),
)
@example("---", (), 0)
def test_every_span_lies_in_the_text(text: str, path: SpecPath, document: int) -> None:
    positions = Positions(MemoryTree({"f.yaml": text}))
    span = positions.locate(Place("f.yaml", document, path))
    lines = positions.source_lines("f.yaml")
    assert span is not None
    assert lines is not None
    assert 1 <= span.line <= span.end_line <= len(lines)
    assert 1 <= span.column <= len(lines[span.line - 1]) + 1
    assert 1 <= span.end_column <= len(lines[span.end_line - 1]) + 1
    assert (span.line, span.column) <= (span.end_line, span.end_column)
