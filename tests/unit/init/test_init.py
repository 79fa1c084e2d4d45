"""`opsdecl init`: what it writes works at once, and what is there stays."""

import json
from pathlib import Path

import pytest
import yaml

from opsdecl.flows.init import ENVIRONMENTS, look_around, project_files, proposed_ci, proposed_name
from opsdecl.flows.validate import validate_tree
from opsdecl.spec.source import MemoryTree
from opsdecl.targets.git.create import Surroundings
from tests.support.git import git, repository
from tests.support.project import opsdecl, opsdecl_here


def files_below(folder: Path) -> dict[str, bytes]:
    found = (f for f in folder.rglob("*") if f.is_file() and ".git" not in f.relative_to(folder).parts)
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in found}


def test_an_empty_folder_becomes_a_project_that_is_planned_and_applied(tmp_path: Path) -> None:
    made = opsdecl(tmp_path, "init", "acme")
    assert made.code == 0, made.all
    project = tmp_path / "acme"
    validated = opsdecl_here(project, "validate")
    assert (validated.code, validated.err) == (0, "")
    assert validated.out.startswith("valid: ")
    assert "9 created" in opsdecl_here(project, "plan").out
    assert opsdecl(project, "apply", "--yes").code == 0
    assert opsdecl_here(project, "plan", "--exit-code").code == 0
    assert git(project, "rev-parse", "--verify", "rendered/dev")


def test_the_last_words_are_the_next_commands_as_they_work(tmp_path: Path) -> None:
    said = opsdecl_here(tmp_path, "init", "acme").out.splitlines()
    commands = [line.strip().split("    ")[0] for line in said[-3:]]
    assert commands == ["cd acme && opsdecl validate", "opsdecl plan", "opsdecl apply"]


def test_a_second_init_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    opsdecl_here(tmp_path, "init")
    before = files_below(tmp_path)
    again = opsdecl_here(tmp_path, "init")
    assert again.code == 1
    assert "OD663" in again.err
    assert "`environments`" in again.err
    assert files_below(tmp_path) == before


def test_files_of_others_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / ".vscode").symlink_to(tmp_path)
    refused = opsdecl_here(tmp_path, "init", "--no-git")
    assert refused.code == 1
    assert "`.vscode`, " in refused.err
    assert "`README.md`" in refused.err
    assert files_below(tmp_path) == {"README.md": b"mine"}


def test_existing_files_are_kept_on_request(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    assert opsdecl_here(tmp_path, "init", "--keep-existing").code == 0
    assert (tmp_path / "README.md").read_text() == "mine"
    assert opsdecl_here(tmp_path, "validate").code == 0


def test_specs_are_never_mixed_with_others(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    assert opsdecl_here(tmp_path, "init", "--keep-existing").code == 1
    assert files_below(tmp_path) == {}


@pytest.mark.parametrize("name", ["Acme", "a_b", "-x", "x" * 64, ""])
def test_a_name_that_cannot_be_one_is_a_wrong_command_line(tmp_path: Path, name: str) -> None:
    assert opsdecl_here(tmp_path, "init", "--name", name).code == 64
    assert files_below(tmp_path) == {}


@pytest.mark.parametrize(
    ("folder", "name"), [("Acme ML_2", "acme-ml-2"), ("7-models", "models"), ("Ümläut", "ml-ut"), ("123", "models")]
)
def test_the_folder_proposes_a_name(tmp_path: Path, folder: str, name: str) -> None:
    assert proposed_name(tmp_path / folder) == name


@pytest.mark.parametrize("name", ["n", "no", "null", "e1", "acme"])
def test_every_name_gives_a_project_without_findings(tmp_path: Path, name: str) -> None:
    site = look_around(tmp_path, git=False).value
    assert site is not None
    files = project_files(site, name, ())
    assert [d.message for d in validate_tree(MemoryTree(files))] == []


def test_no_repository_is_made_inside_of_one(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    repository(tmp_path)
    assert opsdecl_here(tmp_path, "init").code == 0
    assert git(tmp_path, "log", "--format=%s") == "Specs of the models"


def test_without_git_none_is_made_and_the_next_command_says_so(tmp_path: Path) -> None:
    said = opsdecl_here(tmp_path, "init", "--no-git").out
    assert not (tmp_path / ".git").exists()
    assert "git init && opsdecl plan" in said


def test_a_machine_without_git_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = opsdecl_here(tmp_path, "init")
    assert refused.code == 1
    assert "OD640" in refused.err
    assert files_below(tmp_path) == {}
    assert opsdecl_here(tmp_path, "init", "--no-git").code == 0


@pytest.mark.parametrize(
    ("origin", "ci"),
    [
        ("git@github.com:acme/ml.git", "github"),
        ("https://gitlab.acme.example/ml.git", "gitlab"),
        ("https://git.acme.example/ml.git", "all"),
        ("", "all"),
    ],
)
def test_the_remote_proposes_the_ci(tmp_path: Path, origin: str, ci: str) -> None:
    site = look_around(tmp_path).value
    assert site is not None
    around = Surroundings(tmp_path.resolve(), "main", origin)
    assert proposed_ci(type(site)(tmp_path, around)) == ci


def test_below_the_top_of_a_repository_there_are_no_ci_files(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    repository(tmp_path)
    assert opsdecl_here(tmp_path, "init", "ml").code == 0
    assert not {f for f in files_below(tmp_path / "ml") if f.startswith((".github", ".gitlab", ".pre-commit"))}
    refused = opsdecl_here(tmp_path, "init", "other", "--ci", "github")
    assert refused.code == 64
    assert str(tmp_path) in refused.err


def test_workflows_follow_the_branch_that_is_checked_out(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    repository(tmp_path)
    git(tmp_path, "branch", "--move", "trunk")
    opsdecl_here(tmp_path, "init", "--ci", "github")
    workflow = yaml.safe_load((tmp_path / ".github/workflows/opsdecl.yaml").read_text())
    assert workflow[True]["push"]["branches"] == ["trunk"]


def test_every_environment_that_is_written_is_one_that_ci_knows(tmp_path: Path) -> None:
    opsdecl_here(tmp_path, "init", "--ci", "github")
    written = {f.parent.name for f in tmp_path.glob("environments/*/environment.yaml")}
    assert written == set(ENVIRONMENTS)


def test_the_editor_finds_the_schema_of_a_spec(tmp_path: Path) -> None:
    opsdecl_here(tmp_path, "init")
    settings = json.loads((tmp_path / ".vscode/settings.json").read_text())
    ((schema, globs),) = settings["yaml.schemas"].items()
    assert "$defs" in json.loads((tmp_path / schema).read_text())
    assert [f for glob in globs for f in tmp_path.glob(glob)]


def test_the_hook_runs_what_the_shell_runs(tmp_path: Path) -> None:
    opsdecl_here(tmp_path, "init")
    hooks = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())
    entry = hooks["repos"][0]["hooks"][0]["entry"].split()
    assert opsdecl_here(tmp_path, *entry[1:]).code == 0


def test_caches_stay_out_of_git(tmp_path: Path) -> None:
    opsdecl_here(tmp_path, "init")
    opsdecl_here(tmp_path, "validate")
    assert (tmp_path / ".opsdecl").is_dir()
    assert ".opsdecl" not in git(tmp_path, "status", "--porcelain", "--untracked-files=all")
