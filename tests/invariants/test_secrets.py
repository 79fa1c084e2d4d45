"""A credential that somebody wrote down, whatever the place, is shown, saved and recorded nowhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsdecl.cli.crash import report_crash
from tests.support.cached import cached_text
from tests.support.git import commit, git
from tests.support.project import copy_folder, opsdecl_here

TOKEN = "hf_canaryZx8Kq2Wv7Lm4Np6Rt9Sd3Fg5Hj"
PASSWORD = "canary4Vt9Qz2Xk7"
ADDRESS = f"https://robot:{PASSWORD}@127.0.0.1:1/specs.git"

ASSISTANT, RUNTIMES = "environments/base/assistant.yaml", "environments/base/runtimes.yaml"
RISK, DEV = "environments/base/risk.yaml", "environments/dev/environment.yaml"
FORMATS = ("full", "concise", "json", "github", "sarif")

# Where people leave them: file, what is there, what comes in its place.
PLACES = {
    "value of an engine's variable": (RUNTIMES, 'VLLM_NO_USAGE_STATS: "1"', f"HUB: {TOKEN}"),
    "password by its key": (RUNTIMES, 'VLLM_NO_USAGE_STATS: "1"', f"DB_PASSWORD: {PASSWORD}"),
    "number that is none": (ASSISTANT, "maxModelLen: 16384", f"maxModelLen: {TOKEN}"),
    "choice that is none": (ASSISTANT, "riskClass: limited", f"riskClass: {TOKEN}"),
    "name of a field": (ASSISTANT, "maxModelLen: 16384", f"{TOKEN}: 16384"),
    "reference": (ASSISTANT, "runtime: vllm", f"runtime: {TOKEN}"),
    "model": (ASSISTANT, "model: llama-3.1-70b-instruct", f"model: {TOKEN}"),
    "name of the document": (ASSISTANT, "name: assistant", f"name: {TOKEN}"),
    "name of a Secret": (ASSISTANT, "{secret: hf-token, key: token}", f"{{secret: {TOKEN}, key: token}}"),
    "token itself in place of a reference": (ASSISTANT, "{secret: hf-token, key: token}", TOKEN),
    "label": (ASSISTANT, "labels: {tier: gold}", f"labels: {{tier: {TOKEN}}}"),
    "comment beside a mistake": (ASSISTANT, "maxModelLen: 16384", f"maxModelLen: 16k  # {TOKEN}"),
    "line above a mistake": (ASSISTANT, "    maxModelLen: 16384", f"    # {TOKEN}\n    maxModelLen: 16k"),
    "text that is no YAML": (ASSISTANT, "maxModelLen: 16384", f"maxModelLen: [{TOKEN}"),
    "key that is given twice": (RUNTIMES, 'VLLM_NO_USAGE_STATS: "1"', f"A: {TOKEN}\n    A: {TOKEN}"),
    "expression": (RISK, "${{ vars.region }}/fraud", f"${{{{ vars.{TOKEN} }}}}/fraud"),
    "address of a model": (RISK, "s3://harbor-models-${{ vars.region }}/eta/v12", ADDRESS),
    "remote of a target": (DEV, 'remote: "."', f'remote: "{ADDRESS}"'),
    "branch of a target": (DEV, "rendered/dev}", f"{TOKEN}}}"),
    "variable": (DEV, "variables: {region: eu-west-1}", f"variables: {{region: {TOKEN}}}"),
    "card": (ASSISTANT, "license: llama3.1", f'license: "{TOKEN}"'),
    "sampling": (ASSISTANT, "sampling: {temperature: 0.2}", f"sampling: {{temperature: {TOKEN}}}"),
    "annotation": (ASSISTANT, "labels: {tier: gold}", f"annotations: {{a: {TOKEN}}}"),
    "kind": (ASSISTANT, "kind: LLM", f"kind: {TOKEN}"),
    "flag": (RUNTIMES, "enable-log-requests: false", f"api-key: {TOKEN}"),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_example: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    return copy_folder(kept_example, tmp_path / "project")


def plant(project: Path, place: str) -> None:
    file, old, new = PLACES[place]
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new))


def leaked(text: str) -> list[str]:
    """Stretches of text around a canary, or around most of one."""
    return [text[max(0, m.start() - 60) : m.end() + 20] for m in re.finditer("canary[0-9A-Za-z]{4}", text)]


@pytest.mark.parametrize("place", PLACES)
def test_findings_do_not_show_it(project: Path, place: str) -> None:
    plant(project, place)
    said = "".join(opsdecl_here(project, "validate", "--format", each).all for each in FORMATS)
    assert "OD" in said
    assert leaked(said) == []


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_nothing_else_shows_or_keeps_it(project: Path, place: str) -> None:
    assert opsdecl_here(project, "apply", "--env", "dev", "--yes").code == 0
    plant(project, place)
    file = str(project.parent / "plan.json")
    runs = [
        opsdecl_here(project, "plan", "--env", "dev", "--out", file, "--details"),
        opsdecl_here(project, "plan", "--env", "dev", "--format", "html"),
        opsdecl_here(project, "plan", "--env", "dev", "--base", "HEAD", "--worktree", "--format", "markdown"),
        opsdecl_here(project, "apply", "--env", "dev", "--yes"),
        opsdecl_here(project, "render", "--env", "dev"),
        opsdecl_here(project, "graph", "--env", "dev", "--format", "json"),
        opsdecl_here(project, "drift", "--env", "dev", "--format", "json"),
        opsdecl_here(project, "history", "--env", "dev", "--format", "json"),
        opsdecl_here(project, "explain", "LLM.assistant", "spec", "--env", "dev"),
        opsdecl_here(project, "explain", "Runtime.vllm", "spec.env", "--env", "dev"),
        opsdecl_here(project, "doctor"),
    ]
    assert leaked("".join(run.all for run in runs)) == []
    assert [path for path, text in kept(project.parent) if leaked(text)] == []


def test_a_specification_that_is_committed_does_not_reach_the_branch(project: Path) -> None:
    plant(project, "value of an engine's variable")
    commit(project, "A token")
    assert opsdecl_here(project, "apply", "--env", "dev", "--yes").code == 1
    assert git(project, "branch", "--list", "rendered/*") == ""


def test_what_git_knows_to_log_in_is_not_shown(project: Path) -> None:
    git(project, "remote", "add", "origin", ADDRESS)
    git(project, "config", "http.extraHeader", f"Authorization: Basic {TOKEN}")
    text = (project / DEV).read_text().replace('remote: "."', 'remote: "origin", push: true')
    (project / DEV).write_text(text)
    runs = [opsdecl_here(project, verb, "--env", "dev") for verb in ("plan", "apply", "history", "drift", "doctor")]
    runs.append(opsdecl_here(project, "plan", "--env", "dev", "--base", "origin/main"))
    assert "OD646" in runs[0].err
    assert leaked("".join(run.all for run in runs)) == []
    config = project / ".git/config"
    assert [path for path, text in kept(project.parent) if leaked(text) and path != config] == []


def test_variables_of_the_process_are_not_shown(project: Path) -> None:
    env = {"HF_TOKEN": TOKEN, "GITHUB_TOKEN": PASSWORD}
    runs = [opsdecl_here(project, *verb, env=env) for verb in (("apply", "--env", "dev", "--yes"), ("doctor",))]
    assert leaked("".join(run.all for run in runs)) == []
    assert [path for path, text in kept(project.parent) if leaked(text)] == []


def test_the_account_of_a_crash_does_not_hold_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise KeyError(f"runtime {TOKEN} of {ADDRESS}")
    except KeyError as error:
        report_crash(error)
    assert leaked(capsys.readouterr().err) == []
    (report,) = (project.parent / "tmp").glob("opsdecl-crash-*")
    assert "KeyError" in report.read_text()
    assert leaked(report.read_text()) == []


def kept(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file that is left, rendered branches and caches read; not the specs themselves."""
    project = folder / "project"
    for file in folder.rglob("*"):
        if file.is_file() and project / "environments" not in file.parents:
            yield file, file.read_bytes().decode("latin-1")
            if file.suffix == ".sqlite":
                yield file, cached_text(file)
    for name in git(project, "for-each-ref", "--format=%(refname)", "refs/heads/rendered").split():
        yield Path(name), git(project, "log", "--patch", name)
