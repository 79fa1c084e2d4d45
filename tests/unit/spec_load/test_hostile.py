"""Text made to hurt: one finding, in bounded time and memory, never an exception."""

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdecl.diag import Place, Severity
from opsdecl.spec.limits import Limits
from opsdecl.spec.load import load_project
from opsdecl.spec.parse import parse_file
from opsdecl.spec.positions import Positions
from opsdecl.spec.source import MemoryTree
from opsdecl.spec.yaml import ParsedFile

MIB = 1 << 20
MOST_SECONDS = 10.0
MOST_BYTES = 100 * MIB


def codes(text: str | bytes, limits: Limits | None = None) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    parsed = parse_file("f.yaml", data, limits) if limits else parse_file("f.yaml", data)
    return [finding.code.id for finding in parsed.diagnostics]


@pytest.mark.parametrize("text", ["[" * 100, "{a: " * 100, "- " * 100 + "x", "? " * 100])
def test_deep_nesting_is_refused(text: str) -> None:
    assert codes(text) == ["OD123"]


def test_the_depth_that_is_allowed_is_exact() -> None:
    assert codes("[" * 65 + "]" * 65) == ["OD123"]
    assert codes("[" * 64 + "]" * 64) == []


def test_nesting_through_aliases_is_as_deep() -> None:
    chain = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 100)]
    assert codes("\n".join(chain)) == ["OD123"]
    assert codes("\n".join(chain[:60])) == []


def _laughs(levels: int, first: str) -> str:
    """Each line stands for ten of the line before."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)]
    return "\n".join(lines)


def test_aliases_of_aliases_are_refused() -> None:
    assert codes(_laughs(10, "[x, x, x]")) == ["OD124"]
    assert codes(_laughs(10, "{x: 1}")) == ["OD124"]
    assert codes(_laughs(4, "[x, x, x]")) == []


def test_aliases_of_one_long_text_are_refused() -> None:
    assert codes(f"a: &a {'x' * 500_000}\nb: [{', '.join(['*a'] * 100)}]\n") == ["OD124"]


def test_many_values_are_refused() -> None:
    assert codes("a,b: [" + "x," * 300_000 + "]") == ["OD124"]


def test_a_very_long_value_is_refused() -> None:
    assert codes("a: " + "x" * (MIB + 1)) == ["OD125"]
    assert codes("a: " + "x" * MIB) == []
    assert codes("? " + "x" * (MIB + 1) + "\n: 1\n") == ["OD125"]


def test_too_many_documents_are_refused() -> None:
    assert codes("--- {a: 1}\n" * 2_000) == ["OD126"]
    assert codes("---\n[\n" * 2_000) == ["OD112"] * 20


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    assert codes(b"a: [" * (2 * MIB)) == ["OD105"]
    files = {"environments/dev/a.yaml": "#" * (5 * MIB)}
    assert "OD105" in [d.code.id for d in load_project(MemoryTree(files)).diagnostics]


def test_a_project_that_is_too_large_is_refused() -> None:
    tree = MemoryTree({f"environments/dev/{n}.yaml": "a: 1\n" for n in range(20)})
    for limits in (Limits(files=10), Limits(project_bytes=50)):
        loaded = load_project(tree, None, limits)
        assert loaded.value is None
        assert [d.code.id for d in loaded.diagnostics] == ["OD106"]


def test_recursive_aliases_are_refused() -> None:
    assert codes("&a [*a]") == ["OD121"]
    assert codes("&a {b: {<<: *a}}") == ["OD121"]


def test_findings_of_one_file_are_bounded() -> None:
    assert len(codes("- yes\n" * 10_000)) == 200
    assert len(codes("- AKIAQWERTYUIOPASDFGH\n" * 10_000)) == 200
    assert len(codes("".join(f"- {{password: abc{n}}}\n" for n in range(10_000)))) == 200


HOSTILE = {
    "brackets": "[" * MIB,
    "braces": "{" * MIB,
    "dashes": "- " * MIB,
    "questions": "? " * MIB,
    "colons": ":" * MIB,
    "quotes": '"' * MIB,
    "open quote": '"' + "x\n" * MIB,
    "spaces": " " * (2 * MIB) + "a",
    "lines": "\n" * (2 * MIB),
    "carriage returns": "\r" * (2 * MIB),
    "comments": "#\n" * (2 * MIB),
    "one comment": "#" * (4 * MIB - 1),
    "directives": "%TAG !a! b\n" * 300_000,
    "percents": "a: 1\n" + "%\n" * MIB,
    "anchors": "".join(f"- &a{n} x\n" for n in range(50_000)),
    "aliases": "- &a x\n" + "- *a\n" * 50_000,
    "merges": "a: &a {b: 1}\nc:\n" + "".join(f"  - {{<<: [{', '.join(['*a'] * 50)}]}}\n" for _ in range(5_000)),
    "merge chain": "a0: &a0 {x: 1}\n" + "\n".join(f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}" for n in range(1, 2_000)),
    "keys": "".join(f"k{n}: 1\n" for n in range(50_000)),
    "same key": "k: 1\n" * 50_000,
    "documents": "---\n" * MIB,
    "broken documents": "--- [\n" * (MIB // 8),
    "number": "a: " + "1" * (MIB - 10),
    "sixties": "a: 1" + ":1" * (MIB // 2 - 10),
    "underscores": "a: 1" + "_" * (MIB - 10),
    "zeros": "a: 0" + "0" * (MIB - 10),
    "tokens": "eyJ-" * MIB,
    "sk": "sk-" * MIB,
    "urls": "://" * MIB,
    "private keys": "-----BEGIN PRIVATE KEY-----" * (MIB // 8),
    "expressions": "a: ${{ " * (MIB // 4),
    "tags": "- !" + "a" * MIB,
    "tag escapes": "- !<" + "%41" * (MIB // 2) + "> x",
    "escapes": 'a: "' + "\\x41" * (MIB // 2) + '"',
    "block indent": "a: |\n" + "".join(" " * (n % 64) + "x\n" for n in range(60_000)),
    "wide unicode": "a: '" + "\U0001f600" * (MIB // 2) + "'",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_text_takes_bounded_time(name: str) -> None:
    files = {"environments/dev/a.yaml": HOSTILE[name]}
    begun = time.process_time()
    loaded = load_project(MemoryTree(files))
    positions = Positions(MemoryTree(files))
    for finding in loaded.diagnostics:
        finding.located(positions.locate)
    positions.locate(Place("environments/dev/a.yaml", 0, ("a", 0, "b")))
    assert time.process_time() - begun < MOST_SECONDS
    assert len(loaded.diagnostics) < 300
    assert all(len(d.message) < 300 for d in loaded.diagnostics)


@pytest.mark.parametrize("name", ["brackets", "merge chain", "documents", "escapes", "private keys"])
def test_hostile_text_takes_bounded_memory(name: str) -> None:
    data = HOSTILE[name].encode()
    tracemalloc.start()
    try:
        parse_file("f.yaml", data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES


def _is_bounded(parsed: ParsedFile) -> bool:
    return all(finding.severity is Severity.ERROR and finding.message for finding in parsed.diagnostics)


def _is_shown(parsed: ParsedFile, data: bytes) -> bool:
    lines = Positions(MemoryTree({"f.yaml": data})).source_lines("f.yaml") or []
    spans = [finding.span for finding in parsed.diagnostics if finding.span]
    return all(span.line <= len(lines) and span.column <= len(lines[span.line - 1]) + 1 for span in spans)


@given(st.binary(max_size=200))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    parsed = parse_file("f.yaml", data)
    assert _is_bounded(parsed)
    assert _is_shown(parsed, data)


@given(st.text(max_size=200))
def test_any_text_gets_an_answer(text: str) -> None:
    assert _is_bounded(parse_file("f.yaml", text.encode("utf-8", errors="surrogatepass")))


_PIECES = st.sampled_from(
    [*"abn12.-:#&*!|>'\"%@[]{},?~=\t\n ", "\n  ", ": ", "---\n", "<<: ", "&a ", "*a", "!!int ", "a: "]
)


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_every_finding_about_text_lies_in_the_text(text: str) -> None:
    assert _is_shown(parse_file("f.yaml", text.encode()), text.encode())


_KINDS = st.sampled_from(
    [
        "apiVersion: opsdecl.dev/v1\n",
        "apiVersion: v1\n",
        "kind: Project\n",
        "kind: [a]\n",
        "metadata: {name: a}\n",
        "metadata:\n  name: 1\n",
        "metadata: x\n",
        "---\n",
        "- a\n",
        "\t",
        "&a x: *a\n",
        "x: !!a b\n",
        "<<: *a\n",
        "x: ${{ y }}\n",
        "password: hunter2\n",
    ]
)


@given(st.lists(_KINDS, max_size=8).map("".join), st.lists(_KINDS, max_size=8).map("".join))
def test_any_project_gets_an_answer_with_places(one: str, other: str) -> None:
    tree = MemoryTree({"environments/a.yaml": one, "environments/dev/b.yaml": other, "opsdecl.lock": other})
    loaded = load_project(tree)
    positions = Positions(tree)
    assert loaded.value is not None
    for finding in loaded.diagnostics:
        assert finding.located(positions.locate).span is not None or finding.code.id == "OD136"
