"""Files, names and settings that mean harm: always a finding, nothing is run, in bounded time and memory."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.git import bare, commit, git
from tests.support.project import Ran, copy_folder, opsdecl_here

MOST_SECONDS = 10.0
MOST_BYTES = 500 * 2**20

CASE = "environments/base/hostile.yaml"
HEAD = "apiVersion: opsdecl.dev/v1\nkind: LLM\nmetadata: {name: hostile}\n"
BOMB = (
    HEAD
    + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
)
BOMB_OF_MERGES = (
    HEAD + "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
)

FILES: Mapping[str, str | bytes] = {
    "aliases of aliases": BOMB,
    "merges of merges": BOMB_OF_MERGES,
    "10 MB in one value": HEAD + f"spec: {{model: {'a' * 10_000_000}}}\n",
    "10 MB of lines": HEAD + "spec:\n" + "  a: b\n" * 1_400_000,
    "10 MB in one key": f"{'k' * 10_000_000}: 1\n",
    "nested lists": HEAD + "spec: " + "[" * 100_000,
    "nested maps": HEAD + "spec:\n" + "".join(" " * n + "a:\n" for n in range(1, 2_000)),
    "nested quotes": HEAD + "spec: {" + "'" * 2_000_000,
    "a million documents": "---\n" * 1_000_000,
    "a million anchors": HEAD + "spec:\n" + "".join(f"  - &a{n} x\n" for n in range(200_000)),
    "null bytes": HEAD + "spec: {model: \x00}\n",
    "UTF-16": (HEAD + "spec: {}\n").encode("utf-16"),
    "UTF-32": (HEAD + "spec: {}\n").encode("utf-32"),
    "half a character": HEAD.encode() + b"spec: {model: \xc3}\n",
    "bytes": bytes(range(256)) * 1_000,
    "escapes of the terminal": HEAD + 'spec: {model: "\\e]0;owned\\a\\e[2J", "\\e[31m": 1}\n',
    "text that turns around": HEAD + "spec: {model: \u202egnp.exe}\n",
    "Python object": HEAD + "spec: !!python/object/apply:os.system ['touch owned']\n",
    "tag of its own": HEAD + "spec: !include /etc/passwd\n",
    "numbers without end": HEAD + f"spec: {{replicas: {{count: {'9' * 100_000}}}, model: 1{'_0' * 50_000}}}\n",
    "merge of itself": HEAD + "spec: &a {<<: *a}\n",
    "list in itself": HEAD + "spec: &a [*a]\n",
    "a directive of another version": "%YAML 9.9\n---\n" + HEAD,
}

SPEC = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: hostile, namespace: assist, owner: team-x%(metadata)s}
spec:
  model: qwen3-8b
  runtime: vllm
  accelerator: {gpu: l40s, count: 1}
%(spec)s
"""
VALUES = {
    "template file above": "chatTemplate: {file: ../../../../etc/passwd}",
    "template file by its absolute name": "chatTemplate: {file: /etc/passwd}",
    "template file in git": "chatTemplate: {file: environments/../.git/config}",
    "template that climbs": "servedNames: [\"${{ ''.__class__.__mro__[1].__subclasses__() }}\"]",
    "template that calls": "servedNames: [\"${{ cycler.__init__.__globals__.os.popen('touch owned').read() }}\"]",
    "template with a loop": 'servedNames: ["${{ range(10**9) | list }}"]',
    "template with a power": 'servedNames: ["${{ 9**9**9 }}"]',
    "template with a long text": "servedNames: [\"${{ 'x' * 10**10 }}\"]",
    "template with a format": "servedNames: [\"${{ '%0999999999d' % 1 }}\"]",
    "template with a statement": 'servedNames: ["{% for x in range(9) %}${{ x }}{% endfor %}"]',
    "text template that is no template": 'chatTemplate: {text: "{% for"}',
}
HUNGRY = ("template with a loop", "template with a power", "template with a long text", "template with a format")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_example: Path) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return copy_folder(kept_example, tmp_path / "project")


def run(project: Path, *arguments: str) -> Ran:
    """In bounded time, without a crash, and with nothing run."""
    started = time.process_time()
    ran = opsdecl_here(project, *arguments)
    return _judged(project, ran, time.process_time() - started)


def run_bounded(project: Path, *arguments: str) -> Ran:
    """The same in a process of its own, which ends where it takes too much memory."""
    started = _seconds_of_children()
    done = subprocess.run(
        [sys.executable, "-m", "opsdecl", *arguments],
        cwd=project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=MOST_SECONDS * 12,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3 * MOST_BYTES, 3 * MOST_BYTES)),
        env={**os.environ, "TMPDIR": str(project.parent)},
    )
    ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
    return _judged(project, ran, _seconds_of_children() - started)


def _seconds_of_children() -> float:
    """Of the processor, so that a busy machine does not count."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _judged(project: Path, ran: Ran, seconds: float) -> Ran:
    assert seconds < MOST_SECONDS
    assert "Traceback" not in ran.all
    assert "OD901" not in ran.all, ran.err + "".join(p.read_text() for p in project.parent.glob("opsdecl-crash-*"))
    assert "\x1b" not in ran.all
    assert list(project.parent.rglob("owned*")) == []
    return ran


@pytest.mark.parametrize("name", FILES)
def test_hostile_file(project: Path, name: str) -> None:
    content = FILES[name]
    (project / CASE).write_bytes(content.encode() if isinstance(content, str) else content)
    ran = run(project, "validate", "--env", "dev")
    assert ran.code == 1, ran.all
    assert "hostile.yaml" in ran.err
    assert len(ran.err) < 100_000


@pytest.mark.parametrize("name", FILES)
@pytest.mark.slow
def test_hostile_file_in_a_commit(project: Path, name: str) -> None:
    content = FILES[name]
    (project / CASE).write_bytes(content.encode() if isinstance(content, str) else content)
    commit(project, "Harm")
    ran = run_bounded(project, "plan", "--env", "dev", "--base", "HEAD~1", "--format", "markdown")
    assert ran.code == 1, ran.all
    assert "hostile.yaml" in ran.err
    assert len(ran.out.encode()) <= 60_000
    (project / CASE).unlink()
    commit(project, "Gone")
    after = run_bounded(project, "plan", "--env", "dev", "--base", "HEAD~1")
    assert after.code == 0, after.all


@pytest.mark.parametrize("name", VALUES)
def test_hostile_value(project: Path, name: str) -> None:
    (project / CASE).write_text(SPEC % {"metadata": "", "spec": f"  {VALUES[name]}"})
    answer = run_bounded if name in HUNGRY else run
    ran = answer(project, "render", "--env", "dev", "LLM.hostile")
    assert "root:" not in ran.all
    assert "user.name" not in ran.all
    assert ran.code == 1 or name == "text template that is no template", ran.all


@pytest.mark.parametrize(
    "name", ["../../../owned", "/tmp/owned", "a/../../owned", "-rf", "a b", "a\\nb", "A", "x" * 300, "é", "."]
)
def test_hostile_name(project: Path, name: str) -> None:
    (project / CASE).write_text(SPEC.replace("name: hostile", f'name: "{name}"') % {"metadata": "", "spec": ""})
    ran = run(project, "render", "--env", "dev", "--out", "../rendered")
    assert ran.code == 1, ran.all
    assert "hostile.yaml" in ran.err
    assert not (project.parent / "rendered").exists()


LINKS: Mapping[str, Callable[[Path], None]] = {
    "file outside": lambda project: (project / CASE).symlink_to("/etc/passwd"),
    "folder outside": lambda project: (project / "environments/base/out").symlink_to("/etc"),
    "itself": lambda project: (project / CASE).symlink_to("hostile.yaml"),
    "folder above": lambda project: (project / "environments/base/up").symlink_to(".."),
    "device": lambda project: (project / CASE).symlink_to("/dev/zero"),
    "nowhere": lambda project: (project / CASE).symlink_to("missing.yaml"),
    "pipe": lambda project: os.mkfifo(project / CASE),
}


@pytest.mark.parametrize("name", LINKS)
def test_links_and_pipes_are_not_followed(project: Path, name: str) -> None:
    LINKS[name](project)
    ran = run(project, "validate", "--env", "dev")
    assert ran.code == 1, ran.all
    assert "root:" not in ran.all


@pytest.mark.parametrize("name", ["file outside", "folder above", "device"])
def test_links_in_a_commit_are_not_followed(project: Path, name: str) -> None:
    LINKS[name](project)
    commit(project, "A link")
    ran = run(project, "plan", "--env", "dev", "--base", "HEAD~1")
    assert ran.code == 1, ran.all
    assert "root:" not in ran.all


@pytest.mark.parametrize(
    "reference",
    [
        "--upload-pack=touch owned",
        "-c",
        "--output=owned",
        "HEAD;touch owned",
        "$(touch owned)",
        "HEAD:environments",
        "",
        "@{upstream}",
        "../owned",
        "a..b",
        ":/message",
    ],
)
def test_hostile_reference(project: Path, reference: str) -> None:
    ran = run(project, "plan", "--env", "dev", f"--base={reference}")
    assert ran.code == 1, ran.all
    assert "error[OD6" in ran.err


@pytest.mark.parametrize(
    "remote",
    [
        "--upload-pack=touch owned",
        "ext::sh -c 'touch owned'",
        "fd::17",
        "-oProxyCommand=touch owned",
        "ssh://-oProxyCommand=touch owned/x",
        "file:///dev/zero",
        "../missing",
        "http://127.0.0.1:1/x.git",
    ],
)
def test_hostile_remote(project: Path, remote: str) -> None:
    settings = project / "environments/dev/environment.yaml"
    settings.write_text(settings.read_text().replace('remote: "."', f"remote: {json.dumps(remote)}"))
    ran = run(project, "apply", "--env", "dev", "--yes")
    assert ran.code == 1, ran.all


@pytest.mark.parametrize(
    "branch", ["--force", "../../owned", "refs/heads/main", "main..x", "a b", "HEAD", "x.lock", "@", "a\\nb", "-d"]
)
def test_hostile_branch(project: Path, branch: str) -> None:
    before = git(project, "for-each-ref")
    settings = project / "environments/dev/environment.yaml"
    settings.write_text(settings.read_text().replace("branch: rendered/dev", f'branch: "{branch}"'))
    ran = run(project, "apply", "--env", "dev", "--yes")
    assert ran.code == 1, ran.all
    assert git(project, "for-each-ref") == before


@pytest.mark.parametrize("folder", ["../out", ".git", "a/../../b", ".git/hooks", "a//b", "a/.GIT/b"])
def test_hostile_folder(project: Path, folder: str) -> None:
    settings = project / "environments/dev/environment.yaml"
    settings.write_text(
        settings.read_text().replace("branch: rendered/dev", f'branch: rendered/dev, folder: "{folder}"')
    )
    assert run(project, "apply", "--env", "dev", "--yes").code == 1
    assert git(project, "branch", "--list", "rendered/*") == ""


CONFIG = {
    "core.fsmonitor": "touch owned-fsmonitor",
    "core.sshCommand": "touch owned-ssh",
    "core.pager": "touch owned-pager",
    "core.editor": "touch owned-editor",
    "diff.external": "touch owned-diff",
    "filter.harm.clean": "touch owned-clean; cat",
    "filter.harm.smudge": "touch owned-smudge; cat",
    "merge.harm.driver": "touch owned-merge",
    "gpg.program": "touch owned-gpg",
    "commit.gpgSign": "true",
    "push.gpgSign": "if-asked",
    "credential.helper": "!touch owned-credential",
    "core.hooksPath": "hooks",
    "alias.status": "!touch owned-alias",
    "uploadpack.packObjectsHook": "touch owned-pack",
    "protocol.ext.allow": "always",
}


@pytest.mark.parametrize("remote", [".", "../deploy.git"])
def test_settings_of_a_clone_run_nothing(project: Path, tmp_path: Path, remote: str) -> None:
    """A clone that came as an archive: settings, hooks and attributes are a stranger's."""
    bare(tmp_path / "deploy.git")
    settings = project / "environments/dev/environment.yaml"
    settings.write_text(settings.read_text().replace('remote: "."', f'remote: "{remote}"'))
    (project / ".gitattributes").write_text("* filter=harm diff=harm merge=harm\n")
    commit(project, "Attributes")
    git(project, "switch", "--quiet", "--create", "change")
    (project / "environments/prod/more.yaml").write_text("# a change\n")
    commit(project, "A change")
    git(project, "switch", "--quiet", "main")
    (project / "environments/dev/more.yaml").write_text("# another\n")
    commit(project, "Another")
    for name, value in CONFIG.items():
        git(project, "config", name, value)
    for folder in (project / "hooks", project / ".git/hooks"):
        folder.mkdir(exist_ok=True)
        for hook in (
            "pre-push",
            "post-commit",
            "reference-transaction",
            "post-index-change",
            "pre-commit",
            "post-checkout",
        ):
            (folder / hook).write_text("#!/bin/sh\ntouch owned-hook\n")
            (folder / hook).chmod(0o755)
    (project / RISKY).write_text((project / RISKY).read_text() + "\n")
    for arguments in (
        ("plan", "--env", "dev", "--base", "change"),
        ("plan", "--env", "dev", "--base", "change", "--worktree"),
        ("apply", "--env", "dev", "--yes"),
        ("drift", "--env", "dev"),
        ("history", "--env", "dev"),
        ("destroy", "--env", "dev", "--yes", "--including-protected"),
        ("doctor",),
    ):
        ran = run(project, *arguments)
        assert ran.code == 0, (arguments, ran.all)


RISKY = "environments/base/risk.yaml"


@pytest.mark.slow
def test_memory_stays_bounded(project: Path) -> None:
    """The worst of the files, measured."""
    for name in ("10 MB of lines", "a million anchors", "aliases of aliases"):
        (project / CASE).write_text(str(FILES[name]))
        # `ru_maxrss` of a process that was started from a large one is that of the large one.
        script = (
            "from opsdecl.cli.main import run\ncode = run(['validate'])\n"
            "peak = next(row for row in open('/proc/self/status') if row.startswith('VmHWM'))\n"
            "print(int(peak.split()[1]) * 1024, code)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=project,
            capture_output=True,
            check=True,
            timeout=60,
            env=dict(os.environ),
        )
        used, code = map(int, done.stdout.split()[-2:])
        assert code == 1
        assert used < MOST_BYTES, f"{name}: {used / 2**20:.0f} MiB"


def test_a_plan_file_that_means_harm(project: Path) -> None:
    for number, content in enumerate(
        (
            b"",
            b"{",
            b"[" * 100_000,
            b"\xff\xfe",
            b"null",
            b'{"formatVersion": 99}',
            b'{"formatVersion": 1}',
            b"9" * 10_000,
            b'{"a":' * 10_000,
        )
    ):
        file = project.parent / f"{number}.json"
        file.write_bytes(content)
        ran = run(project, "apply", "--env", "dev", "--plan", str(file))
        assert ran.code == 1, ran.all
        assert "error[OD50" in ran.err
    assert run(project, "apply", "--env", "dev", "--plan", str(project)).code == 64
    assert opsdecl_here(project, "history", "--env", "dev").out == "dev has no revisions yet: nothing was applied\n"
