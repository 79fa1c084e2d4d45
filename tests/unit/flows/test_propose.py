"""Proposals: what a Maintenance follows, on real git remotes; hub and Alertmanager speak the real protocols."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from opsdecl.diag import Severity, Span
from opsdecl.flows.moved import newest_release
from opsdecl.flows.plan import Wanted, open_built
from opsdecl.spec.source import MemoryTree
from tests.support.git import bare, git, repository
from tests.support.hub import COMMIT, HubRepository, serving
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import Ran, built, opsdecl_here, write_files

OLD = "1" * 40
DATA = """\
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {{name: claims, owner: team-risk}}
spec:
  source: {{type: git-lfs, url: "{url}", revision: "{revision}"}}
  format: csv
  storage: {{size: 1Gi}}
---
"""
TRAININGS = """\
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: alone, owner: team-risk}
spec:
  framework: sklearn
  image: registry.test/acme/labels:1
  command: [python, -m, alone]
  timeLimit: 1h
  output: {size: 1Gi}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat, owner: team-risk}
spec:
  model: {uri: "hf://acme/model", revision: "1111111111111111111111111111111111111111"}   # approved in May
  runtime: vllm
---
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: chat, owner: team-risk}
spec:
  watch: {llms: [chat]}
  alerts: [{name: InputsDrift, metric: drift_score, exporter: drift job, above: 1}]
"""
MAINTENANCE = """\
apiVersion: opsdecl.dev/v1
kind: Maintenance
metadata: {name: claims, owner: team-risk}
spec:
  schedule: "17 4 * * 1-5"
  image: registry.test/acme/opsdecl:1
  repository: {url: "https://git.example/acme/models.git", credentials: {secret: bot}, pushOptions: [a.b]}
"""
NAME = "Maintenance.claims"


def project(tmp_path: Path, spec: str, data: str = TRAININGS, more: Mapping[str, str] = MINIMAL_PROJECT) -> Path:
    """A clone of a bare repository, as the job has it."""
    own = {"environments/dev/data.yaml": data, "environments/dev/care.yaml": MAINTENANCE + spec}
    files = {**MINIMAL_PROJECT, **own, **more}
    folder = write_files(tmp_path / "project", files)
    repository(folder)
    git(folder, "remote", "add", "origin", str(bare(tmp_path / "origin.git")))
    git(folder, "push", "--quiet", "origin", "main")
    return folder


def propose(folder: Path, *arguments: str, **env: str) -> Ran:
    return opsdecl_here(folder, "propose", NAME, *arguments, env=env)


def branches(folder: Path) -> list[str]:
    return git(folder, "for-each-ref", "--format=%(refname:short)", "refs/heads/maintenance").split()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Quiet."""


class _Alerts(BaseHTTPRequestHandler):
    asked: str = ""

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        type(self).asked = self.path
        data = json.dumps([{"labels": {"alertname": "InputsDrift"}, "status": {"state": "active"}}]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def listening(handler: Any) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def source(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A git repository with data behind a web server, and its commit."""
    folder = write_files(tmp_path / "source", {"claims.csv": "id\n1\n"})
    repository(folder)
    served = bare(tmp_path / "web" / "claims.git")
    git(folder, "push", "--quiet", str(served), "main")
    git(served, "update-server-info")
    with listening(partial(_Quiet, directory=str(tmp_path / "web"))) as url:
        yield f"{url}/claims.git", git(folder, "rev-parse", "HEAD")


def test_data_that_moved_is_pushed_as_one_commit_and_proposed_once(tmp_path: Path, source: tuple[str, str]) -> None:
    url, head = source
    folder = project(tmp_path, "  data: [{dataset: claims}]\n", DATA.format(url=url, revision=OLD) + TRAININGS)
    origin = tmp_path / "origin.git"
    checked_out = git(folder, "rev-parse", "HEAD")
    done = propose(folder, "--push", "origin")
    assert done.code == 0, done.err
    (branch,) = branches(origin)
    assert f"revision  {OLD} → {head}" in done.out
    assert "Dataset claims" in done.out
    assert "starts  source" in done.out
    changed = git(origin, "diff", "--unified=0", "main", branch).splitlines()
    lines = [line for line in changed if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert lines == [
        f'-  source: {{type: git-lfs, url: "{url}", revision: "{OLD}"}}',
        f'+  source: {{type: git-lfs, url: "{url}", revision: "{head}"}}',
    ]
    assert git(folder, "rev-parse", "HEAD") == checked_out
    assert git(folder, "status", "--porcelain") == ""
    git(folder, "branch", "--quiet", "-D", branch)
    again = propose(folder, "--push", "origin")
    assert (again.code, branches(folder)) == (0, [])
    assert f"proposed before: there is a branch {branch}" in again.out
    git(folder, "pull", "--quiet", "origin", branch)
    settled = propose(folder, "--push", "origin")
    assert (settled.code, settled.out) == (0, f"{NAME}: nothing has moved, nothing to propose\n")


def test_models_follow_the_hub_and_comments_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path, "  models: {llms: [chat]}\n")
    with serving({"acme/model": HubRepository({})}) as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", hub.url)
        done = propose(folder)
    (branch,) = branches(folder)
    text = git(folder, "show", f"{branch}:environments/dev/data.yaml")
    assert f'revision: "{COMMIT}"}}   # approved in May' in text
    assert "BEHAVIOUR" in done.out
    assert git(folder, "show", "--no-patch", "--format=%s", branch) == f"{NAME} for dev: LLM.chat"


def test_a_window_that_is_shut_holds_models_and_engines(tmp_path: Path) -> None:
    today = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[date.today().weekday()]
    others = [day for day in ("mon", "thu", "sun") if day != today][:1]
    folder = project(tmp_path, f"  engines: {{update: minor, runtimes: [vllm]}}\n  window: {{days: {others}}}\n")
    done = propose(folder)
    assert "were not looked at: it is outside of their window" in done.out
    assert branches(folder) == []


def test_engines_move_within_their_policy(tmp_path: Path) -> None:
    assert newest_release("vllm", "0.11.0", "patch").startswith("0.11.")
    newest = newest_release("vllm", "0.11.0", "minor")
    assert newest.startswith("0.")
    folder = project(tmp_path, "  engines: {update: minor, runtimes: [vllm]}\n")
    done = propose(folder)
    (branch,) = branches(folder)
    text = git(folder, "show", f"{branch}:environments/dev/vllm.yaml")
    assert f"version: {newest}" in text
    assert f"image: vllm/vllm-openai:v{newest}" in text
    assert git(folder, "diff", "--name-only", "main", branch) == "environments/dev/vllm.yaml", done.out


RETRAIN = (
    "  retrain: [{{training: alone, monitor: chat, alerts: [InputsDrift], notWithin: {0}}}]\n  alertmanager: {1}\n"
)


def test_an_alert_runs_a_training_once_more_unless_it_was_changed_lately(tmp_path: Path) -> None:
    with listening(_Alerts) as url:
        folder = project(tmp_path, RETRAIN.format("1s", url))
        done = propose(folder)
    assert "silenced=false" in _Alerts.asked
    (branch,) = branches(folder)
    assert "run:\n    attempt: 2" in git(folder, "show", f"{branch}:environments/dev/data.yaml")
    assert "the alert InputsDrift is raised" in done.out
    lately = project(tmp_path / "lately", RETRAIN.format("87600h", "http://127.0.0.1:9"))
    silent = propose(lately, "--alert", "InputsDrift")
    assert branches(lately) == []
    assert "OD873" in silent.err
    assert "nothing has moved" in silent.out


def test_a_measure_that_raises_an_alert_runs_a_training_once_more(tmp_path: Path) -> None:
    measure = """  measures:
    - name: answers
      about: answer-quality
      schedule: "7 * * * *"
      image: python:3.13-slim
      current: {log: {type: pvc, claim: logs}}
      rules: [{name: json, json: true}]
"""
    old = "[{name: InputsDrift, metric: drift_score, exporter: drift job, above: 1}]"
    assert old in TRAININGS
    measured = TRAININGS.replace(old, "[{name: InputsDrift, measure: answers, below: 0.8}]") + measure
    place = "environments/dev/environment.yaml"
    gateway = '  monitoring: {pushgateway: "http://pushgateway.monitoring:9091"}\n'
    with listening(_Alerts) as url:
        environment = MINIMAL_PROJECT[place] + gateway
        folder = project(tmp_path, RETRAIN.format("1s", url), measured, {place: environment})
        done = propose(folder)
    (branch,) = branches(folder)
    assert "run:\n    attempt: 2" in git(folder, "show", f"{branch}:environments/dev/data.yaml"), done.out


def test_time_runs_a_training_once_more(tmp_path: Path) -> None:
    folder = project(tmp_path, "  retrain: [{training: alone, every: 1h}]\n")
    assert "more than 1h ago" in propose(folder, "--dry-run").out
    assert branches(folder) == []
    assert propose(folder, "--format", "json").code == 0
    assert len(branches(folder)) == 1


def test_an_image_without_its_version_is_left_alone(tmp_path: Path) -> None:
    runtime = """---
apiVersion: opsdecl.dev/v1
kind: Runtime
metadata: {name: own}
spec: {engine: vllm, version: "0.11.0", image: "registry.test/acme/vllm:stable"}
"""
    folder = project(tmp_path, "  engines: {update: minor, runtimes: [own]}\n", TRAININGS + runtime)
    done = propose(folder)
    assert "OD875" in done.err
    assert branches(folder) == []


def test_a_hub_that_is_away_is_told_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path, "  models: {llms: [chat]}\n")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    done = propose(folder)
    assert (done.code, branches(folder)) == (1, [])
    assert "OD873" in done.err


def test_an_unknown_name_gets_the_nearest(tmp_path: Path) -> None:
    folder = project(tmp_path, "  retrain: [{training: alone, every: 1h}]\n")
    done = opsdecl_here(folder, "propose", "Maintenance.clams")
    assert done.code == 1
    assert "did you mean `Maintenance.claims`" in done.err


@pytest.mark.parametrize(
    ("today", "severity"),
    [("2027-01-01", None), ("2027-05-01", Severity.WARNING), ("2027-07-01", Severity.ERROR)],
)
def test_plans_tell_of_the_end_of_life(today: str, severity: Severity | None) -> None:
    end = "  retrain: [{training: alone, every: 1h}]\n  endOfLife: {date: '2027-06-30', llms: [chat], then: refuse}\n"
    files = {"environments/dev/data.yaml": TRAININGS, "environments/dev/care.yaml": MAINTENANCE + end}
    opened = open_built(MemoryTree({**MINIMAL_PROJECT, **files}), Wanted("dev", today=date.fromisoformat(today)))
    found = [d for d in opened.diagnostics if d.code.id == "OD872"]
    assert [d.severity for d in found] == ([severity] if severity else [])
    lines = MAINTENANCE.count("\n") + end.count("\n")
    assert [(d.at.file, d.at.line) for d in found if isinstance(d.at, Span)] == [
        ("environments/dev/care.yaml", lines) for _ in found
    ]


def test_the_job_clones_and_proposes_and_its_password_is_in_no_argument() -> None:
    care = MAINTENANCE + "  retrain: [{training: alone, every: 1h}]\n"
    files = {"environments/dev/data.yaml": TRAININGS, "environments/dev/care.yaml": care}
    manifests = built(MemoryTree({**MINIMAL_PROJECT, **files}), "dev").manifests.manifests
    (cron,) = [m.data for m in manifests if m.key.kind == "CronJob"]
    assert (cron["spec"]["schedule"], cron["spec"]["timeZone"]) == ("17 4 * * 1-5", "Etc/UTC")
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    asked = ["main", "https://git.example/acme/models.git", NAME, "--env", "dev", "--push", "origin"]
    assert container["args"] == [*asked, "--push-option", "a.b"]
    login = {e["name"]: e.get("valueFrom") for e in container["env"]}
    assert login["REPOSITORY_PASSWORD"] == {"secretKeyRef": {"name": "bot", "key": "password"}}
    assert not pod["automountServiceAccountToken"]


@pytest.mark.slow
def test_the_jobs_script_runs_as_it_is_rendered(tmp_path: Path) -> None:
    import os
    import subprocess
    import sys

    from opsdecl.compile.lower.native.maintenance import SCRIPT

    folder = project(tmp_path, "  retrain: [{training: alone, every: 1h}]\n")
    tools = tmp_path / "bin"
    write_files(tools, {"opsdecl": f'#!/bin/sh\nexec "{sys.executable}" -m opsdecl "$@"\n'})
    (tools / "opsdecl").chmod(0o755)
    (tmp_path / "home").mkdir()
    env = {**os.environ, "HOME": str(tmp_path / "home"), "PATH": f"{tools}:{os.environ['PATH']}"}
    env |= {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "care"}
    env |= {"GIT_CONFIG_KEY_1": "user.email", "GIT_CONFIG_VALUE_1": "care@example.com"}
    arguments = ("main", str(tmp_path / "origin.git"), NAME, "--env", "dev", "--push", "origin")
    done = subprocess.run(["/bin/sh", "-c", SCRIPT, "propose", *arguments], env=env, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert len(branches(tmp_path / "origin.git")) == 1
    assert git(folder, "rev-parse", "main") == git(tmp_path / "origin.git", "rev-parse", "main")
