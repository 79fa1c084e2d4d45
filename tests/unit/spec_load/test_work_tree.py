"""Real folders: what is listed, what is read, and what is never opened or followed."""

import os
import subprocess
from pathlib import Path

import pytest

from opsdecl.diag import Diagnostic
from opsdecl.spec.limits import Limits
from opsdecl.spec.load import load_project
from opsdecl.spec.source import MemoryTree, WorkTree

PROJECT = "apiVersion: opsdecl.dev/v1\nkind: Project\nmetadata: {name: acme}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "environments/project.yaml", PROJECT)
    return tmp_path


def write(root: Path, path: str, text: str = "") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def findings(root: Path) -> list[Diagnostic]:
    return list(load_project(WorkTree(root)).diagnostics)


def test_sources_are_listed_and_nothing_else(root: Path) -> None:
    for path in (
        "environments/base/chat.yaml",
        "environments/base/templates/chat.jinja",
        "environments/base/.chat.yaml.swp",
        "environments/.git/x.yaml",
        "catalog/gpus.yaml",
        "catalog/notes.txt",
        "catalog/old/gpus.yaml",
        "opsdecl.lock",
        ".opsdecl/cache/x.yaml",
        "README.md",
    ):
        write(root, path)
    assert [entry.path for entry in WorkTree(root).entries()] == [
        "catalog/gpus.yaml",
        "environments/base/chat.yaml",
        "environments/base/templates/chat.jinja",
        "environments/project.yaml",
        "opsdecl.lock",
    ]


def test_digests_are_those_of_git(root: Path) -> None:
    file = root / "environments/project.yaml"
    id_of_git = subprocess.run(["git", "hash-object", str(file)], capture_output=True, text=True, check=True).stdout
    (entry,) = WorkTree(root).entries()
    assert entry.digest == id_of_git.strip()
    assert entry == MemoryTree({entry.path: PROJECT}).entries()[0]


def test_a_file_is_read_once_so_that_digest_and_content_agree(root: Path) -> None:
    tree = WorkTree(root)
    tree.entries()
    write(root, "environments/project.yaml", "changed")
    assert tree.read("environments/project.yaml") == PROJECT.encode()


@pytest.mark.parametrize("path", ["README.md", "environments/../README.md", "/etc/passwd", "environments/none.yaml"])
def test_only_listed_files_are_read(root: Path, path: str) -> None:
    write(root, "README.md")
    with pytest.raises(FileNotFoundError):
        WorkTree(root).read(path)


def test_links_are_reported_and_not_followed(root: Path) -> None:
    secret = write(root, "outside.yaml", "apiVersion: opsdecl.dev/v1\nkind: Runtime\nmetadata: {name: stolen}\n")
    (root / "environments/link.yaml").symlink_to(secret)
    (root / "environments/folder").symlink_to(root)
    loaded = load_project(WorkTree(root))
    assert [(d.code.id, d.at.file) for d in loaded.diagnostics if d.at] == [
        ("OD102", "environments/folder"),
        ("OD102", "environments/link.yaml"),
    ]
    assert loaded.value is not None
    assert loaded.value.folders == {}


def test_environments_may_not_be_a_link(tmp_path: Path) -> None:
    write(tmp_path, "elsewhere/project.yaml", PROJECT)
    (tmp_path / "environments").symlink_to(tmp_path / "elsewhere")
    assert "OD102" in [d.code.id for d in findings(tmp_path)]


def test_a_pipe_is_reported_and_never_opened(root: Path) -> None:
    os.mkfifo(root / "environments/pipe.yaml")
    assert [d.code.id for d in findings(root)] == ["OD103"]


def test_a_file_that_cannot_be_read_is_reported(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, to whom every file is readable."""
    write(root, "environments/base/x.yaml", PROJECT)
    really_open = os.open

    def refuse(path: str, flags: int) -> int:
        if str(path).endswith("x.yaml"):
            raise PermissionError(13, "Permission denied")
        return really_open(path, flags)

    monkeypatch.setattr(os, "open", refuse)
    (finding,) = findings(root)
    assert finding.code.id == "OD101"
    assert "permission denied" in finding.message


def test_a_name_that_cannot_be_shown_is_escaped(root: Path) -> None:
    write(root, "environments/base/\x1b[31m.yaml", PROJECT)
    Path(os.fsdecode(os.fsencode(root / "environments") + b"/caf\xe9.yaml")).write_text(PROJECT)
    found = findings(root)
    assert [d.code.id for d in found] == ["OD104", "OD104"]
    assert all(d.message.isprintable() and d.at is None for d in found)


def test_an_empty_folder_is_a_project_without_project(tmp_path: Path) -> None:
    assert [d.code.id for d in findings(tmp_path)] == ["OD136"]


def test_large_files_are_listed_and_not_read(root: Path) -> None:
    write(root, "environments/base/x.yaml", "#" * 200)
    tree = WorkTree(root, Limits(file_bytes=100))
    entry = tree.entries()[0]
    assert (entry.path, entry.digest, entry.size) == ("environments/base/x.yaml", "", 200)
    with pytest.raises(OSError, match="larger"):
        tree.read("environments/base/x.yaml")


def test_a_file_that_became_a_link_is_not_followed(root: Path) -> None:
    """Texts are read when they are asked for, which may be after somebody changed the folder."""
    text = write(root, "environments/base/chat.jinja", "hello")
    tree = WorkTree(root)
    tree.entries()
    text.unlink()
    text.symlink_to(write(root, "outside.txt", "stolen"))
    with pytest.raises(OSError, match="symbolic links"):
        tree.read("environments/base/chat.jinja")
