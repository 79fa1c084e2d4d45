"""Files are replaced whole or not at all."""

import multiprocessing
import os
import resource
from pathlib import Path

import pytest

from opsdecl.targets.files import state_folder, write_atomically, write_file, write_tree


def test_content_mode_and_parents(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_atomically(path, b"one", 0o600)
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(path.parent) == ["b.txt"]


def test_a_link_keeps_pointing_at_its_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def _write_with_little_room(path: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    found = write_file(path, b"x" * 100_000)
    os._exit(0 if [d.code.id for d in found.diagnostics] == ["OD662"] else 1)


def test_a_disk_without_room_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")
    process = multiprocessing.get_context("fork").Process(target=_write_with_little_room, args=(path,))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["plan.json"]


def test_a_place_that_takes_no_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = write_file(tmp_path / "file" / "plan.json", b"x")
    assert [d.code.id for d in found.diagnostics] == ["OD662"]
    assert "plan.json" in found.diagnostics[0].message


def test_a_tree_is_written_with_what_can_be_run(tmp_path: Path) -> None:
    found = write_tree(tmp_path, {"environments/a.yaml": b"a", "hooks/pre-commit": b"#!/bin/sh\n", "ci.sh": b"x"})
    assert found.value is not None
    modes = {p.name: p.stat().st_mode & 0o777 for p in found.value}
    assert modes == {"a.yaml": 0o644, "pre-commit": 0o755, "ci.sh": 0o755}


def test_a_tree_refuses_to_overwrite_and_then_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("theirs")
    (tmp_path / "same.txt").write_text("same")
    (tmp_path / "dangling").symlink_to("nowhere")
    files = {"a.txt": b"a", "b.txt": b"b", "same.txt": b"same", "dangling": b"d"}
    found = write_tree(tmp_path, files)
    assert [(d.code.id, d.message) for d in found.diagnostics] == [
        ("OD663", "`b.txt` exists"),
        ("OD663", "`dangling` exists"),
    ]
    assert not (tmp_path / "a.txt").exists()
    assert write_tree(tmp_path, {**files, "dangling": b""}, replace=True).value
    assert (tmp_path / "b.txt").read_text() == "b"


def test_a_tree_never_leaves_its_root(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    for path in ("../x", "/tmp/x", "a/../../x"):
        with pytest.raises(ValueError, match="outside"):
            write_tree(tmp_path / "root", {path: b""})


def test_our_own_folder_is_ignored_by_git(tmp_path: Path) -> None:
    assert state_folder(tmp_path, "cache").is_dir()
    assert (tmp_path / ".opsdecl" / ".gitignore").read_text() == "*\n"
