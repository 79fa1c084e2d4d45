"""The project's own repository: found, read and merged without a checkout, without running anything of it."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from opsdecl.addr import git_blob_digest
from opsdecl.diag import Checked
from opsdecl.spec.types import SourceEntry
from opsdecl.targets.git.objects import CommitTree, MergeResult, merge_result
from opsdecl.targets.git.repository import (
    Repository,
    discover,
    resolve_ref,
    who,
    work_tree_status,
)
from tests.contracts.builders import git, project

CHAT = "environments/prod/chat.yaml"


def opened(folder: Path) -> Repository:
    found = discover(folder)
    assert found.value is not None, found.diagnostics
    return found.value


def merged(repository: Repository, base: str, head: str = "HEAD") -> MergeResult:
    found = merge_result(repository, base, head)
    assert found.value is not None, found.diagnostics
    return found.value


def refused(found: Checked[Any]) -> tuple[str, str, str]:
    """Code, message and hint of the only finding."""
    assert found.value is None
    (finding,) = found.diagnostics
    return finding.code.id, finding.message, finding.hint


def commit(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", name)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path / "project")


def test_a_project_in_a_subfolder_is_read_by_its_own_paths(root: Path) -> None:
    commit(root, "teams/ml/environments/dev/a.yaml", "a: 1\n")
    commit(root, "teams/ml/opsdecl.lock", "{}\n")
    commit(root, "teams/ml/README.md", "no part of it\n")
    repository = opened(root / "teams" / "ml")
    assert repository.prefix == "teams/ml/"
    tree = CommitTree(repository.git, "HEAD", repository.prefix)
    assert tree.entries() == (
        SourceEntry("environments/dev/a.yaml", git_blob_digest(b"a: 1\n"), "100644", 5),
        SourceEntry("opsdecl.lock", git_blob_digest(b"{}\n"), "100644", 3),
    )
    assert tree.read("environments/dev/a.yaml") == b"a: 1\n"


def test_links_and_missing_files_are_not_read(root: Path) -> None:
    (root / "environments" / "link.yaml").symlink_to("/etc/hostname")
    commit(root, "environments/x.yaml", "x: 1\n")
    tree = CommitTree(opened(root).git, "HEAD")
    assert {e.path: e.mode for e in tree.entries()}["environments/link.yaml"] == "120000"
    for path in ("environments/link.yaml", "environments/none.yaml", "../secret", ".gitignore"):
        with pytest.raises(OSError, match=path):
            tree.read(path)


def test_odd_file_names_survive(root: Path) -> None:
    names = ["environments/a b.yaml", "environments/ünï.yaml", 'environments/"q".yaml', "environments/t\tab.yaml"]
    for name in names:
        (root / name).write_text(name)
    commit(root, "environments/z.yaml", "z")
    tree = CommitTree(opened(root).git, "HEAD")
    assert {tree.read(name).decode() for name in names} == set(names)


def test_a_branch_that_is_behind_reverts_nothing(root: Path) -> None:
    git(root, "switch", "--quiet", "--create", "feature")
    commit(root, "environments/dev/mine.yaml", "mine\n")
    git(root, "switch", "--quiet", "main")
    commit(root, "environments/dev/theirs.yaml", "theirs\n")
    git(root, "switch", "--quiet", "feature")
    before = git(root, "count-objects", "-v")
    result = merged(opened(root), "main")
    paths = {e.path for e in result.desired_tree().entries()}
    assert paths == {CHAT, "environments/dev/mine.yaml", "environments/dev/theirs.yaml"}
    assert result.desired_tree().read("environments/dev/theirs.yaml") == b"theirs\n"
    assert {e.path for e in result.base_tree().entries()} == {CHAT, "environments/dev/theirs.yaml"}
    assert git(root, "count-objects", "-v") == before


def test_merging_needs_no_merge_where_one_side_holds_the_other(root: Path) -> None:
    first = git(root, "rev-parse", "HEAD")
    second = commit(root, "environments/dev/b.yaml", "b\n")
    assert merged(opened(root), first).tree == second
    assert merged(opened(root), second, first).tree == second


def test_a_conflict_names_the_files(root: Path) -> None:
    git(root, "switch", "--quiet", "--create", "feature")
    commit(root, CHAT, "kind: mine\n")
    git(root, "switch", "--quiet", "main")
    commit(root, CHAT, "kind: theirs\n")
    code, message, hint = refused(merge_result(opened(root), "main", "feature"))
    assert (code, CHAT in message, hint.startswith("git merge main")) == ("OD651", True, True)


def test_unrelated_histories_are_told(root: Path) -> None:
    git(root, "switch", "--quiet", "--orphan", "rendered")
    commit(root, "x", "x")
    assert refused(merge_result(opened(root), "main"))[0] == "OD652"


@pytest.mark.parametrize(("wrong", "meant"), [("mian", "main"), ("feture/x", "feature/x")])
def test_an_unknown_reference_suggests_the_nearest(root: Path, wrong: str, meant: str) -> None:
    git(root, "branch", "feature/x")
    code, message, hint = refused(resolve_ref(opened(root), wrong))
    assert (code, wrong in message, hint) == ("OD644", True, f"did you mean `{meant}`?")


def test_a_repository_without_commits_says_so_once(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    message = "there is no commit `HEAD`: this repository has no commit yet"
    assert refused(merge_result(opened(tmp_path), "HEAD"))[:2] == ("OD644", message)


@pytest.mark.parametrize("reference", ["--help", "-1", "--output=x"])
def test_options_are_no_references(root: Path, reference: str) -> None:
    assert refused(resolve_ref(opened(root), reference))[0] == "OD645"
    assert refused(merge_result(opened(root), reference))[0] == "OD645"


def test_a_shallow_clone_is_told_what_to_fetch(root: Path, tmp_path: Path) -> None:
    git(root, "switch", "--quiet", "--create", "feature")
    commit(root, "environments/dev/mine.yaml", "mine\n")
    git(root, "switch", "--quiet", "main")
    commit(root, "environments/dev/theirs.yaml", "theirs\n")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch", "feature", f"file://{root}", "clone")
    code, message, hint = refused(merge_result(opened(clone), "origin/main"))
    assert (code, "shallow clone" in message) == ("OD650", True)
    git(clone, *hint.split()[1:])
    if not (found := merge_result(opened(clone), "origin/main")).value:
        git(clone, *refused(found)[2].split()[1:])
    assert {e.path for e in merged(opened(clone), "origin/main").desired_tree().entries()} >= {
        "environments/dev/mine.yaml",
        "environments/dev/theirs.yaml",
    }


def test_history_that_a_shallow_clone_lacks_is_named(root: Path, tmp_path: Path) -> None:
    git(root, "switch", "--quiet", "--create", "feature")
    commit(root, "environments/dev/mine.yaml", "mine\n")
    git(root, "switch", "--quiet", "main")
    commit(root, "environments/dev/theirs.yaml", "theirs\n")
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{root}", "clone")
    clone = opened(tmp_path / "clone")
    assert refused(merge_result(clone, "origin/main", "origin/feature"))[::2] == (
        "OD650",
        "git fetch --unshallow origin",
    )


def test_the_work_tree_says_what_is_checked_out(root: Path) -> None:
    status = work_tree_status(opened(root), ["environments"]).value
    assert status is not None
    assert (status.commit, status.branch, status.dirty) == (git(root, "rev-parse", "HEAD"), "main", False)
    git(root, "checkout", "--quiet", "--detach")
    apart = work_tree_status(opened(root), ["environments"]).value
    assert apart is not None
    assert (apart.commit, apart.branch) == (status.commit, "")
    (root / "notes.txt").write_text("outside")
    clean = work_tree_status(opened(root), ["environments"]).value
    assert clean is not None
    assert not clean.dirty
    (root / CHAT).write_text("kind: Other\n")
    (root / "environments" / "new.yaml").write_text("new")
    dirty = work_tree_status(opened(root), ["environments"]).value
    assert dirty is not None
    assert (dirty.dirty, dirty.changed) == (True, ("environments/new.yaml", CHAT))


def test_a_repository_without_commits_has_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    status = work_tree_status(opened(tmp_path), ["environments"]).value
    assert status is not None
    assert (status.commit, status.branch) == ("", "main")


def test_git_knows_who_works_here(root: Path) -> None:
    git(root, "config", "user.name", "Ana Lopez")
    git(root, "config", "user.email", "ana@acme.example")
    assert who(opened(root)) == "Ana Lopez <ana@acme.example>"


def test_folders_that_are_no_work_tree_are_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    (tmp_path / "plain").mkdir()
    for name in ("plain", "bare.git", "none"):
        assert refused(discover(tmp_path / name))[0] == "OD642"


def test_a_missing_git_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert refused(discover(root))[0] == "OD640"


def test_an_old_git_is_told_only_where_it_matters(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(root, "switch", "--quiet", "--create", "feature")
    commit(root, "environments/dev/mine.yaml", "mine\n")
    git(root, "switch", "--quiet", "main")
    commit(root, "environments/dev/theirs.yaml", "theirs\n")
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text(
        f'#!/bin/sh\ncase "$*" in *version) echo git version 2.34.1; exit;; esac\nexec {shutil.which("git")} "$@"\n'
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    repository = opened(root)
    assert merged(repository, "HEAD~1").tree == git(root, "rev-parse", "HEAD")
    code, message, _ = refused(merge_result(repository, "main", "feature"))
    assert (code, "2.34.1" in message) == ("OD653", True)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_repository_of_somebody_else_is_not_trusted(root: Path) -> None:
    os.chown(root / ".git", 12345, 12345)
    os.chown(root, 12345, 12345)
    code, _, hint = refused(discover(root))
    assert (code, hint) == ("OD643", f"git config --global --add safe.directory {root}")


def test_nothing_of_the_repository_is_run(root: Path, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 $@ >> {marker}\ncat\n")
    program.chmod(0o755)
    git(root, "switch", "--quiet", "--create", "feature")
    commit(root, CHAT, "kind: LLM\nmine: 1\n")
    git(root, "switch", "--quiet", "main")
    commit(root, CHAT, "theirs: 1\nkind: LLM\n")
    (root / ".gitattributes").write_text("*.yaml merge=evil filter=evil diff=evil\n")
    for name in ("core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "diff.evil.textconv",
                 "gpg.program", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process",
                 "merge.evil.driver"):  # fmt: skip
        git(root, "config", name, str(program))
    git(root, "config", "filter.evil.required", "true")
    git(root, "config", "log.showSignature", "true")
    (root / CHAT).write_text("kind: Changed\n")
    marker.unlink(missing_ok=True)
    repository = opened(root)
    status = work_tree_status(repository, ["environments"]).value
    assert status is not None
    assert status.changed == (CHAT,)
    merge_result(repository, "main", "feature")
    CommitTree(repository.git, "HEAD").read(CHAT)
    assert not marker.exists(), marker.read_text()


def test_a_surrounding_git_does_not_leak_in(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = project(tmp_path / "other")
    for name, value in {"GIT_DIR": f"{other}/.git", "GIT_WORK_TREE": str(other), "GIT_INDEX_FILE": "/x"}.items():
        monkeypatch.setenv(name, value)
    assert opened(root).git.work_tree == root
