"""The shape of the CI files: what a linter of the platform would say, and what must hold for safety."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsdecl.flows.init import ENVIRONMENTS
from opsdecl.view.markup import comment_marker
from opsdecl.view.plan.markdown import MARKER
from tests.support.project import opsdecl_here
from tests.unit.init.platforms import load_yaml

WORKFLOWS = (".github/workflows/opsdecl.yaml", ".github/workflows/opsdecl-comment.yaml")
PERMISSIONS = {
    ("opsdecl.yaml", "plan"): {"contents": "read"},
    ("opsdecl.yaml", "apply"): {"actions": "read", "contents": "write", "pull-requests": "read"},
    ("opsdecl-comment.yaml", "comment"): {"actions": "read", "pull-requests": "write"},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    assert opsdecl_here(folder, "init", "--ci", "all").code == 0
    return folder


def jobs(project: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name in WORKFLOWS:
        for job, body in load_yaml(project / name)["jobs"].items():
            yield name.rpartition("/")[2], job, body


def scripts(project: Path) -> Iterator[tuple[str, str]]:
    """Name and shell of every step, GitHub's and GitLab's."""
    for file, job, body in jobs(project):
        for number, step in enumerate(body["steps"]):
            if "run" in step:
                yield f"{file} {job} {number}", step["run"]
    for job, body in load_yaml(project / ".gitlab-ci.yml").items():
        for part in ("script", "before_script"):
            for line in body.get(part, ()) if isinstance(body, dict) else ():
                yield f"gitlab {job}", line


def test_jobs_have_the_permissions_that_they_need_and_no_others(project: Path) -> None:
    assert [load_yaml(project / name)["permissions"] for name in WORKFLOWS] == [{}, {}]
    assert {(file, job): body["permissions"] for file, job, body in jobs(project)} == PERMISSIONS


def test_actions_are_pinned_to_a_version(project: Path) -> None:
    used = [step["uses"] for _, _, body in jobs(project) for step in body["steps"] if "uses" in step]
    assert used
    assert [each for each in used if not re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", each)] == []


def test_nothing_needs_a_secret_of_the_repository(project: Path) -> None:
    assert [name for name in WORKFLOWS if "secrets." in (project / name).read_text()] == []


def test_no_event_data_is_pasted_into_a_shell(project: Path) -> None:
    """A branch may be called `$(curl …)`: values reach scripts as variables only."""
    assert [name for name, script in scripts(project) if "${{" in script] == []


def test_nobody_elses_code_runs_where_comments_are_written(project: Path) -> None:
    steps = load_yaml(project / WORKFLOWS[1])["jobs"]["comment"]["steps"]
    assert not [s for s in steps if "checkout" in s.get("uses", "")]
    assert "pull_request_target" not in (project / WORKFLOWS[0]).read_text()


def test_jobs_and_steps_that_are_named_exist(project: Path) -> None:
    for _, _, body in jobs(project):
        ids = {step["id"] for step in body["steps"] if "id" in step}
        assert set(re.findall(r"steps\.(\w+)\.", str(body))) <= ids
        assert all(step.keys() & {"run", "uses"} for step in body["steps"])
    workflow = load_yaml(project / WORKFLOWS[0])
    assert workflow["jobs"]["apply"]["needs"] in workflow["jobs"]
    assert load_yaml(project / WORKFLOWS[1])[True]["workflow_run"]["workflows"] == [workflow["name"]]
    gitlab = load_yaml(project / ".gitlab-ci.yml")
    for body in gitlab.values():
        if isinstance(body, dict):
            assert body.get("stage", "plan") in gitlab["stages"]
            assert body.get("extends", "default") in gitlab
            assert [need for need in body.get("needs", ()) if need["job"] not in gitlab] == []


def test_each_environment_is_applied_in_a_deployment_environment_one_at_a_time(project: Path) -> None:
    apply = load_yaml(project / WORKFLOWS[0])["jobs"]["apply"]
    assert apply["environment"] == "${{ matrix.environment }}"
    assert apply["strategy"]["max-parallel"] == 1
    assert apply["concurrency"]["cancel-in-progress"] is False
    gitlab = load_yaml(project / ".gitlab-ci.yml")
    applied = {job: body for job, body in gitlab.items() if job.startswith("opsdecl-apply-")}
    assert [body["environment"]["name"] for body in applied.values()] == list(ENVIRONMENTS)
    assert len({body["resource_group"] for body in applied.values()}) == len(ENVIRONMENTS)


def test_both_look_for_the_marker_that_the_view_writes(project: Path) -> None:
    marker = comment_marker(MARKER, "x").partition("x")[0]
    for name in (WORKFLOWS[1], ".gitlab-ci.yml"):
        assert f'startswith("{marker}")' in (project / name).read_text()


def test_every_script_is_bash(project: Path) -> None:
    for name, script in scripts(project):
        checked = subprocess.run(["bash", "-n"], input=script.encode(), capture_output=True, check=False)
        assert checked.stderr == b"", name


def test_the_version_that_is_installed_is_that_of_the_lock(project: Path) -> None:
    from opsdecl import __version__

    installs = [script for _, script in scripts(project) if "pip install" in script]
    assert len(installs) == 3
    for script in installs:
        shell = 'pip() { printf "%s\\n" "$@"; }; ' + script
        ran = subprocess.run(["bash", "-c", shell], cwd=project, capture_output=True, check=True)
        assert f"opsdecl=={__version__}" in ran.stdout.decode().splitlines()
