"""What a command refuses, and with which exit code. Nothing is written then."""

import re
from pathlib import Path

import pytest

from opsdecl.flows.apply import check_ready
from opsdecl.flows.plan import Wanted, plan_live
from opsdecl.flows.source import work_tree_source
from opsdecl.spec.source import WorkTree
from tests.support.git import commit, git
from tests.support.project import copy_folder, opsdecl_here

DEV, PROD = "environments/dev/environment.yaml", "environments/prod/environment.yaml"
RISK = "environments/base/risk.yaml"


@pytest.fixture
def project(tmp_path: Path, kept_example: Path) -> Path:
    return copy_folder(kept_example, tmp_path / "project")


def edit(project: Path, file: str, old: str, new: str) -> None:
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new))


def refused(project: Path, *arguments: str) -> tuple[int, list[str]]:
    """Exit code and codes of the errors; the branch is as it was."""
    before = git(project, "for-each-ref")
    ran = opsdecl_here(project, *arguments)
    assert git(project, "for-each-ref") == before
    return ran.code, sorted(set(re.findall(r"error\[(OD\d+)\]", ran.all)))


def test_an_unknown_environment(project: Path) -> None:
    assert refused(project, "apply", "--env", "prd", "--yes") == (1, ["OD301"])


def test_files_that_are_not_committed_for_a_protected_environment(project: Path) -> None:
    edit(project, RISK, "riskClass: high", "riskClass: limited")
    assert refused(project, "apply", "--env", "prod", "--yes") == (3, ["OD550"])
    commit(project, "Reviewed")
    assert opsdecl_here(project, "apply", "--env", "prod", "--yes").code == 0


def test_files_that_are_no_specs_need_no_commit(project: Path) -> None:
    (project / "notes.txt").write_text("later")
    assert opsdecl_here(project, "apply", "--env", "prod", "--yes").code == 0


@pytest.mark.parametrize(
    "verb",
    [
        ("plan",),
        ("apply", "--yes"),
        ("diff",),
        ("drift",),
        ("history",),
        ("blame", "Model.eta"),
        ("rollback", "--to", "1234567", "--yes"),
        ("destroy", "--yes"),
    ],
    ids=lambda verb: verb[0],
)
def test_a_stack_without_a_cluster_or_a_folder(project: Path, verb: tuple[str, ...]) -> None:
    edit(project, DEV, 'main: {type: git, remote: ".", branch: rendered/dev}', "main: {type: pulumi, stack: dev}")
    assert refused(project, *verb, "--env", "dev") == (1, ["OD688"])


def test_a_stack_is_planned_offline_without_pulumi(project: Path) -> None:
    edit(project, DEV, 'main: {type: git, remote: ".", branch: rendered/dev}', "main: {type: pulumi, stack: dev}")
    ran = opsdecl_here(project, "plan", "--env", "dev", "--base", "HEAD", "--worktree")
    assert ran.code == 0
    assert "targets.main.type" in ran.out


def test_a_plan_with_errors_is_not_carried_out(project: Path) -> None:
    edit(project, RISK, "riskClass: high", "riskClass: hihg")
    planned = plan_live(WorkTree(project), project, Wanted("dev"), work_tree_source(project))
    assert planned.plan is not None
    ready = check_ready(planned, None)
    assert ready.value is None
    assert [finding.code.id for finding in ready.diagnostics] == ["OD551"]
    assert refused(project, "apply", "--env", "dev", "--yes") == (1, ["OD206"])


def test_a_repository_that_lost_objects(project: Path) -> None:
    assert opsdecl_here(project, "apply", "--env", "dev", "--yes").code == 0
    tree = git(project, "rev-parse", "rendered/dev:manifests/risk")
    (project / ".git/objects" / tree[:2] / tree[2:]).unlink()
    code, codes = refused(project, "plan", "--env", "dev")
    assert (code, codes) == (1, ["OD649"])


def test_a_base_that_does_not_compile(project: Path) -> None:
    edit(project, RISK, "format: onnx", "format: onix")
    commit(project, "A mistake")
    edit(project, RISK, "format: onix", "format: onnx")
    ran = opsdecl_here(project, "plan", "--env", "dev", "--base", "HEAD", "--worktree")
    assert ran.code == 0
    assert "warning[OD540]" in ran.all
    assert "`Model.eta`" in ran.all


def test_policies_are_refusals(project: Path) -> None:
    edit(project, RISK, "owner: team-network", "owner: ben")
    assert refused(project, "apply", "--env", "dev", "--yes") == (3, ["OD801"])


def test_policies_beside_mistakes_are_failures(project: Path) -> None:
    edit(project, RISK, "owner: team-network", "owner: ben")
    edit(project, RISK, "riskClass: high", "riskClass: hihg")
    code, codes = refused(project, "validate", "--env", "dev")
    assert (code, codes) == (1, ["OD206", "OD801"])


def test_more_deletions_than_the_budget(project: Path) -> None:
    assert opsdecl_here(project, "apply", "--env", "prod", "--yes").code == 0
    edit(project, PROD, "prune: {budget: 10}", "prune: {budget: 2}")
    edit(
        project,
        "environments/prod/risk.yaml",
        "metadata: {name: eta}\nspec:\n  replicas: {count: 2}\n  rollout:\n    strategy: canary\n"
        "    steps: [{weight: 10, pause: 10m}, {weight: 50, hold: true}]",
        "metadata: {name: eta}\n$delete: true",
    )
    edit(project, "environments/public/routes.yaml", "{model: eta}", "{model: fraud}")
    edit(project, "environments/base/monitoring.yaml", "models: [fraud, eta]", "models: [fraud]")
    commit(project, "No arrival times")
    assert refused(project, "apply", "--env", "prod", "--yes") == (3, ["OD520"])
    address = "Model.eta"
    assert opsdecl_here(project, "apply", "--env", "prod", "--yes", "--forget", address).code == 0
    assert opsdecl_here(project, "plan", "--env", "prod").out == "prod is up to date\n"


def test_nobody_to_ask(project: Path) -> None:
    assert refused(project, "apply", "--env", "dev") == (64, [])
    assert refused(project, "destroy", "--env", "dev") == (0, [])
    assert opsdecl_here(project, "apply", "--env", "dev", "--yes").code == 0
    assert refused(project, "destroy", "--env", "dev")[0] in (3, 64)


def test_an_unexpected_error(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> object:
        raise ZeroDivisionError("by hand")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("opsdecl.cli.group.load_command", broken)
    ran = opsdecl_here(project, "validate")
    assert ran.code == 1
    assert "error[OD901]" in ran.err
    assert "Traceback" not in ran.err
    (report,) = tmp_path.glob("opsdecl-crash-*")
    assert str(report) in ran.err
    assert "ZeroDivisionError: by hand" in report.read_text()
    assert report.stat().st_mode & 0o077 == 0


def test_control_c_leaves_with_130(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_name: str) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("opsdecl.cli.group.load_command", interrupted)
    ran = opsdecl_here(project, "validate")
    assert ran.code == 130
