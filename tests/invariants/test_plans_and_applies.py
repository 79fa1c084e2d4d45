"""What holds for every environment, whatever is in it: plans are empty when they should be, and ways back lead back."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from opsdecl.diff.planfile import dump_plan, load_plan
from tests.support.git import commit, git
from tests.support.project import ENVIRONMENTS, ROOT, copy_folder, example_files, opsdecl_here

ASSISTANT, RUNTIMES = "environments/base/assistant.yaml", "environments/base/runtimes.yaml"


@pytest.fixture
def project(tmp_path: Path, kept_example: Path) -> Path:
    return copy_folder(kept_example, tmp_path / "project")


def change(project: Path, message: str = "A change") -> None:
    """Something of everything: values, a new document, one less, another Runtime."""
    text = example_files()[RUNTIMES]
    (project / RUNTIMES).write_text(
        text.replace('"0.33.0"', '"0.33.1"').replace("v0.33.0@sha256:5c", "v0.33.1@sha256:6c")
    )
    (project / ASSISTANT).write_text(example_files()[ASSISTANT].replace("maxNumSeqs: 128", "maxNumSeqs: 96"))
    risk = example_files()["environments/base/risk.yaml"].partition("\n---\n")[0]
    (project / "environments/base/arrears.yaml").write_text(risk.replace("name: fraud", "name: arrears"))
    commit(project, message)


def apply(project: Path, environment: str, *more: str) -> None:
    ran = opsdecl_here(project, "apply", "--env", environment, "--yes", *more)
    assert ran.code == 0, ran.all


def plan(project: Path, environment: str) -> str:
    ran = opsdecl_here(project, "plan", "--env", environment)
    assert ran.code == 0, ran.all
    return ran.out


def branch(project: Path, environment: str) -> list[str]:
    return git(project, "rev-list", f"rendered/{environment}").split()


def content(project: Path, commit_: str) -> list[str]:
    """The manifests of a rendered commit, file by file, without those of evaluations: a run is not done again."""
    every = git(project, "ls-tree", "-r", f"{commit_}:manifests").splitlines()
    return [line for line in every if "/job-contracts-quality-" not in line]


def tree(project: Path, commit_: str) -> str:
    """The manifests of a rendered commit, as git's digest of all their names and bytes."""
    return git(project, "rev-parse", f"{commit_}:manifests")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_apply_settles_everything(project: Path, environment: str) -> None:
    apply(project, environment)
    assert plan(project, environment) == f"{environment} is up to date\n"
    apply(project, environment)
    assert len(branch(project, environment)) == 1
    change(project)
    assert "updated" in plan(project, environment)
    apply(project, environment)
    assert plan(project, environment) == f"{environment} is up to date\n"
    apply(project, environment)
    assert len(branch(project, environment)) == 2


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_destroy_is_quiet_the_second_time(project: Path, environment: str) -> None:
    apply(project, environment)
    for _ in range(2):
        assert opsdecl_here(project, "destroy", "--env", environment, "--including-protected", "--yes").code == 0
    assert len(branch(project, environment)) == 2
    assert ".yaml" not in git(project, "ls-tree", "-r", "--name-only", f"rendered/{environment}")
    out = plan(project, environment)
    assert re.search(r"^0 objects updated, [1-9]\d* created, 0 deleted, 0 unchanged$", out, re.MULTILINE)
    apply(project, environment)
    assert plan(project, environment) == f"{environment} is up to date\n"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_rollback_gives_the_earlier_bytes(project: Path, environment: str) -> None:
    apply(project, environment)
    change(project)
    apply(project, environment)
    second, first = branch(project, environment)
    assert tree(project, first) != tree(project, second)
    assert opsdecl_here(project, "rollback", "--env", environment, "--to", first, "--yes").code == 0
    back = branch(project, environment)[0]
    assert back not in (first, second)
    assert content(project, back) == content(project, first)
    assert opsdecl_here(project, "rollback", "--env", environment, "--to", second[:12], "--yes").code == 0
    assert content(project, branch(project, environment)[0]) == content(project, second)
    assert plan(project, environment) == f"{environment} is up to date\n"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("arguments", [(), ("--base", "HEAD~1")], ids=["execution", "review"])
def test_a_saved_plan_is_the_same_plan(
    project: Path, environment: str, arguments: tuple[str, ...], jsonschema: Any
) -> None:
    change(project)
    file = project.parent / "plan.json"
    shown = opsdecl_here(project, "plan", "--env", environment, *arguments, "--format", "json", "--out", str(file))
    assert shown.code == 0, shown.all
    assert shown.out == file.read_text()
    loaded = load_plan(file.read_bytes()).value
    assert loaded is not None
    assert dump_plan(loaded) == file.read_bytes()
    assert load_plan(dump_plan(loaded)).value == loaded
    schema = json.loads((ROOT / "schemas/plan.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(file.read_text()))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_reviewed_plan_is_carried_out_after_a_squash_merge(project: Path, environment: str) -> None:
    apply(project, environment)
    git(project, "switch", "--quiet", "--create", "change")
    change(project)
    file = project.parent / "plan.json"
    ran = opsdecl_here(project, "plan", "--env", environment, "--base", "main", "--out", str(file))
    assert ran.code == 0, ran.all
    git(project, "switch", "--quiet", "main")
    git(project, "merge", "--quiet", "--squash", "change")
    commit(project, "Squashed")
    done = opsdecl_here(project, "apply", "--env", environment, "--plan", str(file))
    assert done.code == 0, done.all
    assert plan(project, environment) == f"{environment} is up to date\n"


def test_planning_writes_nothing_to_the_repository(project: Path) -> None:
    apply(project, "dev")
    change(project)
    before = snapshot(project)
    for arguments in (
        ("plan",),
        ("plan", "--base", "HEAD~1"),
        ("diff",),
        ("drift",),
        ("history",),
        ("validate",),
        ("graph",),
    ):
        opsdecl_here(project, *arguments)
    assert snapshot(project) == before


def snapshot(project: Path) -> dict[str, bytes]:
    """Every file of work tree and repository but the cache."""
    files = (file for file in project.rglob("*") if file.is_file() and ".opsdecl" not in file.parts)
    return {str(file): file.read_bytes() for file in files}
