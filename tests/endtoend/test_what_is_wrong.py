"""Mistakes in one place do not show up as something else in another."""

import re
from pathlib import Path

import pytest

from tests.support.git import clone, commit, git
from tests.support.project import copy_folder, opsdecl_here

DOCUMENTS = "environments/base/documents.yaml"


@pytest.fixture(scope="module")
def applied_once(tmp_path_factory: pytest.TempPathFactory, kept_example: Path) -> Path:
    project = copy_folder(kept_example, tmp_path_factory.mktemp("applied") / "project")
    assert opsdecl_here(project, "apply", "--env", "dev", "--yes").code == 0
    return project


@pytest.fixture
def applied(tmp_path: Path, applied_once: Path) -> Path:
    """The example, with dev applied."""
    return copy_folder(applied_once, tmp_path / "project")


def edit(project: Path, file: str, pattern: str, by: str) -> None:
    path = project / file
    text, count = re.subn(pattern, by, path.read_text(), flags=re.MULTILINE)
    assert count, f"{pattern} is not in {file}"
    path.write_text(text)


@pytest.mark.parametrize(
    ("pattern", "by", "code"),
    [
        ("maxModelLen: 8192", "maxModelLen: 8k", "OD205"),
        ("^  name: extract", "  nmae: extract", "OD134"),
        ("^    kvCacheDtype: fp8", "    kvCacheDtype: [fp8", "OD112"),
        ("runtime: vllm", "runtime: vlm", "OD304"),
    ],
)
@pytest.mark.parametrize("base", [(), ("--base", "HEAD", "--worktree")], ids=["live", "review"])
def test_a_document_that_cannot_be_read_is_not_planned_away(
    applied: Path, pattern: str, by: str, code: str, base: tuple[str, ...]
) -> None:
    edit(applied, DOCUMENTS, pattern, by)
    ran = opsdecl_here(applied, "plan", "--env", "dev", *base)
    assert f"error[{code}]" in ran.err
    assert ran.code == 1
    assert "DELETE" not in ran.out
    assert "OD521" not in ran.all
    assert "0 deleted" in ran.out


def test_what_is_taken_out_beside_a_mistake_in_a_policy_is_still_planned(applied: Path) -> None:
    edit(
        applied,
        "environments/dev/models.yaml",
        r"metadata: \{name: extract\}\nspec:\n.*",
        "metadata: {name: extract}\n$delete: true",
    )
    edit(applied, "environments/base/risk.yaml", "owner: team-risk", "owner: ben")
    ran = opsdecl_here(applied, "plan", "--env", "dev")
    assert "error[OD801]" in ran.err
    assert re.search(r"LLM extract +DELETE", ran.out)


def test_an_environment_that_cannot_be_read_is_not_called_unknown(applied: Path) -> None:
    edit(applied, "environments/dev/environment.yaml", "namespaces: ", "namespaces: ]")
    ran = opsdecl_here(applied, "plan", "--env", "dev")
    assert ran.code == 1
    assert "OD110" in ran.err
    assert "OD301" not in ran.err


def test_a_folder_without_a_project_is_told_once(tmp_path: Path) -> None:
    ran = opsdecl_here(tmp_path, "plan")
    assert ran.code == 1
    assert re.findall(r"error\[(OD\d+)\]", ran.err) == ["OD136"]


def test_drift_is_undone_only_where_somebody_saw_it(applied: Path, tmp_path: Path) -> None:
    by_hand = tmp_path / "by-hand"
    edit_rendered(applied, by_hand, "manifests/risk/deployment-fraud.yaml", "2Gi", "4Gi")
    refused = opsdecl_here(applied, "apply", "--env", "dev", "--yes")
    assert refused.code == 4
    assert "error[OD513]" in refused.err
    assert "Ben Okoro" in refused.err
    assert opsdecl_here(applied, "apply", "--env", "dev", "--yes", "--revert-drift").code == 0
    assert "no drift" in opsdecl_here(applied, "drift", "--env", "dev").out


def edit_rendered(project: Path, scratch: Path, file: str, old: str, new: str) -> None:
    """Ben's commit on the rendered branch."""
    clone(project, scratch)
    git(scratch, "switch", "--quiet", "rendered/dev")
    path = scratch / file
    path.write_text(path.read_text().replace(old, new))
    commit(scratch, "By hand")
    git(scratch, "push", "--quiet")
