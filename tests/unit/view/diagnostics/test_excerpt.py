"""Carets stand under the text they mean, whatever the text is made of."""

import unicodedata
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from opsdecl.diag import Diagnostic, Span
from opsdecl.view.cells import width_of
from opsdecl.view.diagnostics import render_findings
from tests.support.findings import UNKNOWN_FIELD


def shown(line: str, start: int, end: int, *, width: int = 100, label: str = "") -> tuple[str, str]:
    """The source row and the caret row of a finding on a line of its own, without their gutters."""
    finding = Diagnostic(UNKNOWN_FIELD, "m", Span("f.yaml", 1, start + 1, 1, end + 1), label=label)
    rows = rows_of(finding, [line], width=width)
    source = next(i for i, row in enumerate(rows) if row.startswith("1 |"))
    return rows[source][4:], rows[source + 1][4:]


def rows_of(finding: Diagnostic, lines: Sequence[str], *, width: int = 100) -> list[str]:
    return render_findings([finding], "full", lines=lambda _: lines, width=width).splitlines()


def marked(source: str, carets: str) -> str:
    """The part of the source row above the carets, counted in cells."""
    first, last = carets.index("^"), carets.rindex("^")
    text, at = "", 0
    for char in source:
        if first <= at <= last:
            text += char
        at += width_of(char)
    return text


def test_carets_stand_under_plain_text() -> None:
    assert shown("  reolicas: 2", 2, 10) == ("  reolicas: 2", "  ^^^^^^^^")


def test_carets_stand_under_text_behind_wide_characters() -> None:
    line = "名前: '日本語' bad"
    source, carets = shown(line, line.index("bad"), len(line))
    assert marked(source, carets) == "bad"
    assert carets == " " * 15 + "^^^"


def test_wide_characters_get_two_carets_each() -> None:
    assert shown("a: 日本", 3, 5)[1] == "   ^^^^"


def test_carets_stand_under_text_behind_joined_emoji_and_accents() -> None:
    for prefix, cells in (("👩‍💻 ", 3), ("e\u0301 ", 2), ("👍🏽 ", 3), ("\t", 4)):
        line = prefix + "bad"
        assert shown(line, len(prefix), len(line))[1] == " " * cells + "^^^"


def test_a_long_line_is_cut_around_the_place() -> None:
    line = "x" * 300 + "HERE" + "y" * 300
    source, carets = shown(line, 300, 304, width=60)
    assert source.startswith("…")
    assert source.endswith("…")
    assert width_of(source) <= 60
    assert marked(source, carets) == "HERE"


def test_a_label_that_would_run_over_the_edge_stands_on_its_own_line() -> None:
    finding = Diagnostic(UNKNOWN_FIELD, "m", Span("f.yaml", 1, 41, 1, 44), label="a label of some length")
    rows = rows_of(finding, ["x" * 40 + "bad"], width=60)
    assert rows[4].endswith("^^^")
    assert rows[5].endswith("a label of some length")


def test_an_empty_stretch_has_one_caret() -> None:
    assert shown("key:", 4, 4)[1] == "    ^"


def test_a_block_is_bracketed_without_the_blank_lines_behind_it() -> None:
    lines = ["a:", "  b: 1", "", "c: 2"]
    rows = rows_of(Diagnostic(UNKNOWN_FIELD, "m", Span("f.yaml", 1, 1, 4, 1), label="all"), lines)
    assert rows[3:6] == ["1 | / a:", "2 | |   b: 1", "  | |_^ all"]


def test_a_long_block_shows_its_ends() -> None:
    lines = [f"- item{n}" for n in range(1, 41)]
    rows = rows_of(Diagnostic(UNKNOWN_FIELD, "m", Span("f.yaml", 1, 1, 40, 9)), lines)
    text = "\n".join(rows)
    assert "item3\n" in text
    assert "item39\n" in text
    assert "item20" not in text
    assert "…" in text


def test_a_file_that_cannot_be_shown_still_has_its_place() -> None:
    finding = Diagnostic(UNKNOWN_FIELD, "m", Span("gone.yaml", 7, 3, 7, 5))
    text = render_findings([finding], "full", lines=lambda _: None)
    assert "--> gone.yaml:7:3" in text
    assert "|" not in text


def test_a_hidden_block_shows_neither_text_nor_length() -> None:
    lines = ["key: |", "  BEGIN secret", "  more secret", "end: 1"]
    finding = Diagnostic(UNKNOWN_FIELD, "m", Span("f.yaml", 1, 6, 4, 1), sensitive=True)
    text = "\n".join(rows_of(finding, lines))
    assert "secret" not in text
    assert text.count("(sensitive)") >= 2


@given(st.text(st.characters()), st.integers(0, 30), st.integers(0, 30), st.integers(0, 200))
def test_no_line_sends_controls_to_the_terminal_or_breaks_the_layout(
    line: str, start: int, length: int, width: int
) -> None:
    finding = Diagnostic(UNKNOWN_FIELD, line, Span("f.yaml", 1, start + 1, 1, start + length + 1), label=line)
    text = render_findings([finding], "full", lines=lambda _: [line], width=width)
    sent = {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert sent <= {"\n", "\u200c", "\u200d"}
    text.encode("utf-8")
