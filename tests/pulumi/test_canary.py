"""Passphrase, tokens of the environment and credentials that somebody wrote down are nowhere: on the real engine."""

import base64
import json
import os
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from shutil import rmtree

import pytest

import opsdecl as opsdecl_sources
from opsdecl.targets.pulumi.installation import find_pulumi
from tests.contracts.builders import apply, manifest, plan_of, release
from tests.pulumi.test_cluster import running
from tests.support.cached import cached_text
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist
from tests.support.crashes import kill_with_children
from tests.support.git import repository
from tests.support.project import Ran, copy_example, opsdecl
from tests.support.pulumi_places import cluster_stack, pulumi

__all__ = ["assist", "pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]

CANARY = f"canary{token_hex(12)}"
PASSPHRASE, TOKEN = f"{CANARY}Pass", f"hf_{CANARY}Token"
ENVIRONMENT = {
    "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
    "PULUMI_ACCESS_TOKEN": f"pul-{CANARY}",
    "HF_TOKEN": TOKEN,
    "GITHUB_TOKEN": TOKEN,
    "AWS_SECRET_ACCESS_KEY": f"{CANARY}Aws",
}
RUNTIMES, DEV = "environments/base/runtimes.yaml", "environments/dev/environment.yaml"
GIT_TARGET = 'type: git, remote: ".", branch: rendered/dev'
SOURCE = opsdecl_sources.__file__.rpartition("/")[0].encode()
_CHUNK = re.compile(rb'"([A-Za-z0-9+/]{24,}={0,2})"')


@pytest.fixture
def project(pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The worked example with its stack, temporary files, caches and Pulumi's home below one folder."""
    home, tools = find_pulumi().home, os.environ.get("OPSDECL_TOOLS") or Path.home() / ".cache/opsdecl/tools"
    (pulumi / "home").mkdir()
    (pulumi / "home/plugins").symlink_to(home / "plugins")
    (pulumi / "tmp").mkdir()
    folders = {"PULUMI_HOME": "home", "TMPDIR": "tmp", "XDG_CACHE_HOME": "cache"}
    for name, value in {**{n: str(pulumi / f) for n, f in folders.items()}, "OPSDECL_TOOLS": str(tools)}.items():
        monkeypatch.setenv(name, value)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    made = copy_example(pulumi / "project")
    put(made, DEV, GIT_TARGET, f"type: pulumi, backend: file://{pulumi}/backend, renderYamlToDirectory: ../rendered")
    return repository(made)


def put(project: Path, file: str, old: str, new: str) -> None:
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new))


def leaks(folder: Path, planted: tuple[str, ...] = ()) -> list[str]:
    """Files below the folder that hold the canary, plain, encoded, or in the chunks of the records."""
    return [name for name, content in contents(folder) if name not in planted and shown(content)]


def shown(content: bytes) -> bool:
    return any(form in content for form in FORMS)


def _forms(text: bytes) -> Iterator[bytes]:
    """As it is, in hexadecimal, and in base64 at each of three offsets."""
    yield text
    yield text.hex().encode()
    for offset in range(3):
        padded = base64.b64encode(b"\0" * offset + text)
        yield padded[4:-4]


FORMS = tuple(_forms(CANARY.encode()))


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "plugins" not in file.parts:
            content = file.read_bytes()
            if file.suffix == ".sqlite":
                content += cached_text(file).encode()
            yield str(file.relative_to(folder)), content + b"".join(map(_unpacked, _CHUNK.findall(content)))


def _unpacked(text: bytes) -> bytes:
    try:
        return zlib.decompress(base64.b64decode(text))
    except (ValueError, zlib.error):
        return b""


def said_nothing(*runs: Ran) -> None:
    for run in runs:
        assert not shown(run.all.encode()), run.all


def done(project: Path, *arguments: str) -> Ran:
    ran = opsdecl(project, *arguments)
    assert ran.code == 0, ran.all
    return ran


def test_nothing_that_a_release_leaves_holds_a_secret(project: Path) -> None:
    """Plan, apply, a failed apply, history, rollback, an apply as a stream of events, and the stack as a program with
    its configuration."""
    folder, apply = project.parent, ("apply", "--env", "dev", "--yes", "--revert-drift")
    runs = [done(project, "plan", "--env", "dev", "--out", str(folder / "plan.json"), "--details")]
    runs.append(done(project, *apply))
    put(project, RUNTIMES, 'VLLM_NO_USAGE_STATS: "1"', 'VLLM_NO_USAGE_STATS: "0"')
    rendered = folder / "rendered/1-manifest/apps_v1-deployment-assist-assistant.yaml"
    rendered.unlink()
    (rendered / "in-the-way").mkdir(parents=True)
    runs.append(opsdecl(project, *apply))
    assert "OD679" in runs[-1].all
    rmtree(rendered)
    runs += [done(project, *apply), done(project, "history", "--env", "dev", "--format", "json")]
    first = json.loads(runs[-1].out)["revisions"][-1]["id"]
    runs += [
        done(project, "rollback", "--env", "dev", "--to", first, "--yes"),
        done(project, *apply, "--format", "json"),
        done(project, "eject", "pulumi", "--env", "dev", str(folder / "program")),
    ]
    assert (folder / "program/Pulumi.dev.yaml").exists()
    said_nothing(*runs)
    assert leaks(folder) == []
    assert searched(folder) >= {"backend", "home", "rendered", "project", "program", "plan.json"}
    assert [name for name, content in contents(folder / "backend") if SOURCE in content] == []


def searched(folder: Path) -> set[str]:
    """Where the search met what a release does leave: the name of a model, in the records' chunks too."""
    found = {name: b"assistant" in content for name, content in contents(folder)}
    assert found["backend/.pulumi/stacks/harbor-ai/dev.opsdecl.json"]
    return {name.partition("/")[0] for name in found}


def test_what_is_killed_in_the_middle_leaves_none(project: Path) -> None:
    """Pulumi's workspace is left behind in the folder for temporary files."""
    command = [sys.executable, "-m", "opsdecl", "apply", "--env", "dev", "--yes"]
    log = (project.parent / "said.log").open("wb")
    running = subprocess.Popen(command, cwd=project, stdout=log, stderr=log)
    while not list(project.parent.glob("rendered/*/*.yaml")) and running.poll() is None:
        time.sleep(0.01)
    kill_with_children(running.pid)
    running.wait()
    assert list((project.parent / "tmp").glob("opsdecl-pulumi-*/Pulumi.dev.yaml"))
    assert leaks(project.parent) == []


def test_what_a_secret_of_the_cluster_holds_stays_there(cluster: ControlPlane, pulumi: Path, assist: str) -> None:
    """Objects refer to it by name: one by a variable, one is an ExternalSecret that makes it."""
    cluster.install_crds("external-secrets")
    cluster.kubectl("create", "secret", "generic", "hub", f"--from-literal=token={TOKEN}", "-n", NAMESPACE)
    model = running(0, 0)
    spec = json.loads(json.dumps(model.data["spec"]))
    reference = {"secretKeyRef": {"name": "hub", "key": "token"}}
    spec["template"]["spec"]["containers"][0]["env"] = [{"name": "HF_TOKEN", "valueFrom": reference}]
    made = manifest("LLM.chat/main/secret", "ExternalSecret", "hub", api_version="external-secrets.io/v1")
    store = {"secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"}, "target": {"name": "hub"}}
    wanted = {"data": [{"secretKey": "token", "remoteRef": {"key": "hub"}}]}
    plain = {name: value for name, value in made.data.items() if name != "data"}
    desired = release(
        replace(model, data={**model.data, "spec": spec}), replace(made, data={**plain, "spec": store | wanted})
    )
    target = cluster_stack(cluster, pulumi, desired)
    said: list[object] = [apply(target, desired)]
    assert said[0].diagnostics == ()  # type: ignore[attr-defined]
    cluster.kubectl("scale", "deployment", "chat", "--replicas=3", "-n", NAMESPACE)
    state = target.read().value
    assert state is not None
    plan = plan_of(state, desired)
    assert plan.changes
    said += [state, plan, target.preview(desired, plan), target.status(), target.history(5), target.exported()]
    (pulumi / "said.txt").write_text(repr(said))
    assert "hub" in (pulumi / "said.txt").read_text()
    assert leaks(pulumi) == []


def test_a_token_that_somebody_wrote_down_is_refused_and_kept_nowhere(project: Path) -> None:
    put(project, RUNTIMES, 'VLLM_NO_USAGE_STATS: "1"', f"HUB: {TOKEN}")
    runs = [opsdecl(project, *verb, "--env", "dev") for verb in (("plan",), ("apply", "--yes"))]
    assert [run.code for run in runs] == [1, 1]
    said_nothing(*runs)
    assert leaks(project.parent, planted=(f"project/{RUNTIMES}",)) == []


def test_a_backend_with_a_password_in_its_address(project: Path) -> None:
    put(project, DEV, f"file://{project.parent}/backend", f"postgres://robot:{CANARY}@127.0.0.1:9/state")
    ran = opsdecl(project, "history", "--env", "dev")
    assert "OD678" in ran.all
    said_nothing(ran)
    assert leaks(project.parent, planted=(f"project/{DEV}",)) == []


@pytest.mark.parametrize("form", ["{0}", "a{0}", "ab{0}"])
def test_the_search_finds_what_is_hidden(tmp_path: Path, form: str) -> None:
    hidden = form.format(PASSPHRASE).encode()
    chunk = base64.b64encode(zlib.compress(hidden + b" and more of it")).decode()
    kept = {"plain": hidden, "base64": base64.b64encode(hidden + b"!!"), "records": f'{{"a":"{chunk}"}}'.encode()}
    for name, content in kept.items():
        (tmp_path / name).write_bytes(content)
    assert leaks(tmp_path) == sorted(["base64", "plain", "records"])
