"""Unchanged files are not parsed again, and no entry can change what is read unnoticed by its shape."""

import json
from collections.abc import Iterable, Mapping

import pytest

from opsdecl.spec.limits import Limits
from opsdecl.spec.load import load_project
from opsdecl.spec.parse import parse_file
from opsdecl.spec.parse_cache import ParsedFiles
from opsdecl.spec.source import MemoryTree
from opsdecl.spec.yaml import ParsedFile

HEAD = "apiVersion: opsdecl.dev/v1\n"
FILES = {
    "environments/project.yaml": f"{HEAD}kind: Project\nmetadata: {{name: acme}}\n",
    "environments/dev/a.yaml": f'{HEAD}kind: LLM\nmetadata: {{name: chat}}\nspec: {{a: 1, b: 1.5, c: ~, d: "ü"}}\n',
    "environments/dev/empty.yaml": "# nothing\n",
}


class Remembering:
    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def get_many(self, keys: Iterable[str]) -> dict[str, str]:
        return {key: self.texts[key] for key in keys if key in self.texts}

    def put_many(self, entries: Mapping[str, str]) -> None:
        self.texts |= entries


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths of the files that were parsed."""
    paths: list[str] = []

    def counting(file: str, data: bytes, limits: Limits) -> ParsedFile:
        paths.append(file)
        return parse_file(file, data, limits)

    monkeypatch.setattr("opsdecl.spec.load.parse_file", counting)
    return paths


def test_only_changed_files_are_parsed_again(parsed: list[str]) -> None:
    cache = Remembering()
    first = load_project(MemoryTree(FILES), ParsedFiles(cache))
    assert sorted(parsed) == sorted(FILES)
    parsed.clear()
    again = load_project(MemoryTree(FILES), ParsedFiles(cache))
    assert parsed == []
    assert again.value is not None
    assert first.value is not None
    assert (again.value.folders, again.value.digest) == (first.value.folders, first.value.digest)
    load_project(
        MemoryTree({**FILES, "environments/dev/a.yaml": FILES["environments/dev/a.yaml"] + "#"}), ParsedFiles(cache)
    )
    assert parsed == ["environments/dev/a.yaml"]


def test_a_file_that_two_trees_share_is_parsed_once(parsed: list[str]) -> None:
    files = ParsedFiles()
    other = {**FILES, "environments/dev/a.yaml": FILES["environments/dev/a.yaml"].replace("a: 1", "a: 2")}
    first, second = load_project(MemoryTree(FILES), files).value, load_project(MemoryTree(other), files).value
    assert sorted(parsed) == sorted([*FILES, "environments/dev/a.yaml"])
    assert first is not None
    assert second is not None
    assert first.project is second.project
    assert [d.value["spec"]["a"] for specs in (first, second) for d in specs.folders["dev"]] == [1, 2]


def test_files_with_findings_are_not_kept(parsed: list[str]) -> None:
    cache = Remembering()
    broken = MemoryTree({**FILES, "environments/dev/b.yaml": "a: yes\n"})
    for _ in range(2):
        assert load_project(broken, ParsedFiles(cache)).diagnostics != ()
    assert parsed.count("environments/dev/b.yaml") == 2


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"documents": 1}',
        '{"documents": [[0, {}]]}',
        '{"documents": [[0, [], "sha256:0"]]}',
        '{"documents": [["0", {}, "sha256:0"]]}',
        json.dumps({"documents": [[0, {"apiVersion": "apps/v1"}, "sha256:0"]]}),
        "[" * 100_000,
    ],
)
def test_a_broken_entry_is_ignored(entry: str) -> None:
    cache = Remembering()
    expected = load_project(MemoryTree(FILES), ParsedFiles(cache))
    cache.texts = dict.fromkeys(cache.texts, entry)
    found = load_project(MemoryTree(FILES), ParsedFiles(cache))
    assert found.diagnostics == ()
    assert found.value is not None
    assert expected.value is not None
    assert found.value.folders == expected.value.folders
