"""Words that say nothing, notes to oneself, and traces of a machine stay out of the project."""

import re
from collections.abc import Iterator, Mapping

import pytest

from tests.support.code import ROOT, sources

EMPTY_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "manager", "context", "stuff", "base"})
NOTES = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE = re.compile(r"(?<![\w./-])/(?:root|Users)/[\w.-]+")
"""Absolute paths of the machine that somebody works on; `/home/…` and `/tmp/…` exist inside containers too."""
PRINTS = re.compile(r"^\s*print\(", re.MULTILINE)
TEXTS = (".md", ".yaml", ".yml", ".toml", ".j2", ".jinja", ".json", ".txt", ".cfg")
TERM = re.compile(r"^\*\*([a-z][\w /-]+)\*\*", re.MULTILINE)
DESIGN_TERMS = frozenset(
    {"project", "environment", "layer", "overlay", "target", "release", "spec", "document"}
    | {"kind", "resource", "variant", "role", "manifest", "origin", "desired", "applied"}
    | {"live", "merged", "drift", "change", "action", "cause", "class", "effect"}
    | {"step", "wave", "inventory", "prune", "adopt", "forget", "revision", "promote"}
    | {"readiness", "approval", "containment", "base", "plan", "digest", "decoration", "policy"}
    | {"rule", "finding", "code", "place", "span", "catalogue", "runtime", "reference"}
    | {"setter", "lock", "partition", "protected"}
)


def texts() -> Mapping[str, str]:
    """Everything that a reader of the repository sees, by path."""
    folders = ("docs", "templates", "environments", "schemas", "tests/cases", "tests/golden", "tests/transcripts")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.suffix in TEXTS]
    tops = [file for file in ROOT.iterdir() if file.suffix in (".md", ".toml") or file.name == "Makefile"]
    read = {file.relative_to(ROOT).as_posix(): file.read_text("utf-8") for file in [*files, *tops]}
    return {**read, **sources("opsdecl", "tests", "benchmarks", "tools")}


def empty_names(paths: Mapping[str, str]) -> Iterator[str]:
    """Modules and packages whose name tells nobody what is in them."""
    for path in paths:
        words = {part.removesuffix(".py").strip("_") for part in path.split("/")}
        if words & EMPTY_NAMES:
            yield path


def hits(pattern: re.Pattern[str], files: Mapping[str, str]) -> list[str]:
    return [
        f"{path}:{text.count(chr(10), 0, found.start()) + 1}: {found.group().strip()}"
        for path, text in files.items()
        for found in pattern.finditer(text)
        if path != "tests/test_words.py"
    ]


def test_modules_are_named_after_what_is_in_them() -> None:
    assert list(empty_names(sources("opsdecl", "tests", "benchmarks", "tools"))) == []


def test_nobody_leaves_notes_to_oneself() -> None:
    assert hits(NOTES, texts()) == []


def test_only_the_command_line_prints() -> None:
    package = sources("opsdecl")
    assert hits(PRINTS, {path: text for path, text in package.items() if not path.startswith("opsdecl/cli/")}) == []


def test_no_path_of_a_machine_is_named() -> None:
    assert hits(MACHINE, texts()) == []


def test_the_glossary_has_the_words_of_the_design_in_order() -> None:
    terms = TERM.findall((ROOT / "docs/glossary.md").read_text("utf-8"))
    assert sorted(DESIGN_TERMS - set(terms)) == []
    assert terms == sorted(terms)
    assert len(terms) == len(set(terms))


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (NOTES, "x = 1  # TODO later"),
        (NOTES, "FIXME"),
        (MACHINE, 'open("/root/project/x")'),
        (MACHINE, "see /Users/ana/notes.md"),
        (PRINTS, "def f():\n    print('x')"),
    ],
)
def test_what_must_not_be_is_found(pattern: re.Pattern[str], text: str) -> None:
    assert len(hits(pattern, {"a.py": text})) == 1


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (NOTES, "METHODOLOGY"),
        (MACHINE, "src/Users/main.py https://host.test/root/x framework/root/"),
        (PRINTS, "footprint(x)\nself.print(x)"),
    ],
)
def test_what_may_be_is_not_found(pattern: re.Pattern[str], text: str) -> None:
    assert hits(pattern, {"a.py": text}) == []


def test_a_name_that_says_nothing_is_found() -> None:
    planted = ("opsdecl/spec/utils.py", "opsdecl/common/x.py", "opsdecl/spec/_helpers.py", "opsdecl/spec/source.py")
    assert list(empty_names(dict.fromkeys(planted, ""))) == list(planted[:3])
