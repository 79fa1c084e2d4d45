"""Names that come from specs and command lines never become options or programs."""

from pathlib import Path

import pytest

from opsdecl.targets.git.names import branch_problem, folder_problem, is_path, reference_problem, remote_problem


@pytest.mark.parametrize(
    "branch",
    ["", "-x", "--upload-pack=id", "a..b", "a b", "a~1", "a:b", "a.lock", "a/.b", "a//b", "/a", "a/", "a.", "@", "HEAD",
     "refs/heads/a", "a\nb", "a@{1}", "a*", "a[", "a\\b", "a\x00b"],
)  # fmt: skip
def test_hostile_branches_are_refused(branch: str) -> None:
    problem = branch_problem(branch)
    assert problem is not None
    assert problem.code.id == "OD645"


@pytest.mark.parametrize("branch", ["main", "rendered/prod", "a-b_c.d", "ünïcode", "v1.2", "a/b/c"])
def test_ordinary_branches_are_fine(branch: str) -> None:
    assert branch_problem(branch) is None


@pytest.mark.parametrize(
    "remote",
    ["", "-oProxyCommand=id", "--upload-pack=touch /tmp/x", "ext::sh -c id", "EXT::sh -c id", "fd::17", "ext://sh%20-c",
     "foo://host/x", "ssh://-oProxyCommand=id/x", "ssh://user@-oProxyCommand=id/x", "-oProxyCommand=id:path",
     "user@-host:path", "-user@host:path", "a\nb", "transport::address"],
)  # fmt: skip
def test_hostile_remotes_are_refused(remote: str) -> None:
    problem = remote_problem(remote)
    assert problem is not None
    assert problem.code.id == "OD645"


@pytest.mark.parametrize(
    ("remote", "path"),
    [("https://git.example.com/a/b.git", False), ("ssh://git@host:2222/a", False), ("git@host:a/b.git", False),
     ("file:///srv/a.git", False), ("../deploy.git", True), ("/srv/a.git", True), ("./a:b", True), ("origin", True)],
)  # fmt: skip
def test_ordinary_remotes_are_fine(remote: str, path: bool) -> None:
    assert remote_problem(remote) is None
    assert is_path(remote) is path


def test_passwords_of_refused_addresses_are_not_repeated() -> None:
    problem = remote_problem("foo://ben:hunter2@host/x")
    assert problem is not None
    assert "hunter2" not in problem.message


@pytest.mark.parametrize(
    "folder", ["..", "a/../b", "/a", "a/", "a//b", ".git", "a/.GIT/hooks", ".gitmodules", "a\\b", "."]
)
def test_folders_outside_the_branch_are_refused(folder: str) -> None:
    assert folder_problem(folder) is not None


@pytest.mark.parametrize("folder", ["", "clusters/prod", "a.b/c-d"])
def test_ordinary_folders_are_fine(folder: str) -> None:
    assert folder_problem(folder) is None


@pytest.mark.parametrize("reference", ["", "-1", "--all", "a\nb", "--output=/tmp/x"])
def test_references_that_are_options_are_refused(reference: str, tmp_path: Path) -> None:
    problem = reference_problem(reference)
    assert problem is not None
    assert "branch, a tag or a commit" in problem.hint
