"""An environment cut into partitions by owner, on a branch: each a release of its own, planned and applied as one."""

import json
from pathlib import Path

import pytest

from tests.support.git import git
from tests.support.partitioned import ENVIRONMENT, MODELS, edit, write_project
from tests.support.project import opsdecl_here

FILES = "manifests/_partitions"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write_project(tmp_path / "project", "main: {type: git}", fraud="team-a", eta="team-b")
    assert opsdecl_here(folder, "apply", "--yes").code == 0
    return folder


def files(project: Path) -> set[str]:
    return set(git(project, "ls-tree", "-r", "--name-only", "rendered/prod").split())


def blob(project: Path, revision: str) -> str:
    return git(project, "rev-parse", revision)


def test_each_owner_has_a_folder_and_a_history(project: Path) -> None:
    assert f"{FILES}/team-a/assist/deployment-fraud.yaml" in files(project)
    assert f"{FILES}/team-b/assist/deployment-eta.yaml" in files(project)
    assert opsdecl_here(project, "plan", "--exit-code").code == 0
    shown = opsdecl_here(project, "history", "--partition", "team-a").out
    assert shown.count("apply prod: 3 created") == 1
    assert opsdecl_here(project, "history", "--partition", "none").code == 1


def test_one_partition_alone_is_planned_applied_and_destroyed(project: Path) -> None:
    edit(project, MODELS, 'cpu: "100m"', 'cpu: "200m"')
    plan = json.loads(opsdecl_here(project, "plan", "--partition", "team-b", "--format", "json").out)
    assert [(r["id"], r["partition"]) for r in plan["releases"]] == [("acme/prod/main/team-b", "team-b")]
    assert opsdecl_here(project, "apply", "--partition", "team-b", "--yes").code == 0
    left = json.loads(opsdecl_here(project, "plan", "--format", "json").out)
    assert {change["address"] for r in left["releases"] for change in r["changes"]} == {"Model.fraud/main/deployment"}
    assert opsdecl_here(project, "destroy", "--partition", "team-b", "--yes").code == 0
    assert not [name for name in files(project) if "eta" in name]
    assert f"{FILES}/team-a/assist/deployment-fraud.yaml" in files(project)


def test_a_document_that_moves_takes_its_files_along(project: Path) -> None:
    before = blob(project, f"rendered/prod:{FILES}/team-b/assist/service-eta.yaml")
    edit(project, MODELS, "name: eta, owner: team-b", "name: eta, owner: team-a")
    shown = opsdecl_here(project, "plan").out
    assert "main/team-a" in shown
    assert "takes over 3 objects from team-b" in shown
    assert "owner  team-b → team-a" in shown
    plan = json.loads(opsdecl_here(project, "plan", "--format", "json").out)
    actions = {(r["partition"], c["action"]) for r in plan["releases"] for c in r["changes"]}
    assert actions == {("team-a", "update"), ("team-b", "forget")}
    done = opsdecl_here(project, "apply", "--yes")
    assert done.code == 0, done.all
    assert "deleted" not in done.err
    assert opsdecl_here(project, "plan", "--exit-code").code == 0
    # The handing over is a commit of its own in which the files are the same; the new label comes after it.
    handed = git(
        project, "log", "--format=%H", "--grep", "hand-over prod: 3 objects from team-b to team-a", "rendered/prod"
    )
    first = handed.split()[-1]
    assert blob(project, f"{first}:{FILES}/team-a/assist/service-eta.yaml") == before
    assert "hand-over" in opsdecl_here(project, "history", "--partition", "team-b").out


def test_cutting_an_environment_and_joining_it_again_deletes_nothing(project: Path) -> None:
    for old, new in (("owner", "none"), ("none", "owner")):
        edit(project, ENVIRONMENT, f"partitionBy: {old}", f"partitionBy: {new}")
        done = opsdecl_here(project, "apply", "--yes")
        assert done.code == 0, done.all
        assert "deleted" not in done.err
        assert opsdecl_here(project, "plan", "--exit-code").code == 0
        assert len([name for name in files(project) if name.endswith("-eta.yaml")]) == 3


def test_an_error_holds_up_only_its_partition(project: Path) -> None:
    edit(project, MODELS, 'cpu: "100m"', 'cpu: "200m"')
    text = (project / MODELS).read_text()
    (project / MODELS).write_text(
        text.replace("name: eta, owner: team-b}\nspec:\n", "name: eta, owner: team-b}\nspec:\n  nonsense: 1\n")
    )
    done = opsdecl_here(project, "apply", "--yes")
    assert done.code == 1
    assert "`main/team-b` was left alone" in done.err
    assert "prod · main/team-a: 1 updated" in done.out
    assert f"{FILES}/team-b/assist/deployment-eta.yaml" in files(project)


def test_an_unknown_partition_is_named_with_those_there_are(project: Path) -> None:
    asked = opsdecl_here(project, "plan", "--partition", "team-c")
    assert asked.code == 1
    assert "error[OD341]" in asked.err
    assert "team-a" in asked.err
