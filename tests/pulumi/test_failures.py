"""What goes wrong with Pulumi is said with a code, a cause and a way out: on the real engine."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from opsdecl.apply.types import Event, Started
from opsdecl.diag import Checked
from opsdecl.targets.pulumi.target import PulumiTarget
from tests.contracts.builders import actions, apply, chat, manifest, plan_of, record, release
from tests.support.crashes import children
from tests.support.git import repository
from tests.support.project import copy_example, opsdecl
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


def codes(done: Checked[Any]) -> list[str]:
    for finding in done.diagnostics:
        assert "Traceback" not in finding.message
        assert finding.hint or finding.code.id in ("OD684", "OD687")
    return [finding.code.id for finding in done.diagnostics]


def test_a_missing_pulumi_is_told(pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("OPSDECL_TOOLS", str(pulumi / "nothing"))
    monkeypatch.setenv("PULUMI_HOME", str(pulumi / "home"))
    assert codes(folder_target(pulumi).read()) == ["OD670"]


def test_a_pulumi_that_is_too_old_is_told(pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = pulumi / "old" / "pulumi"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho v3.100.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    read = folder_target(pulumi).read()
    assert codes(read) == ["OD671"]
    assert "3.100.0" in read.diagnostics[0].message


def test_a_missing_provider_is_told_with_the_command(pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(pulumi / "home"))
    done = apply(folder_target(pulumi), chat())
    assert codes(done) == ["OD672"]
    assert "pulumi plugin install resource kubernetes v4." in done.diagnostics[0].hint


def test_another_passphrase_is_refused_and_nothing_is_written(pulumi: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(folder_target(pulumi), chat())
    before = folder_target(pulumi).read().value
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    assert codes(apply(folder_target(pulumi), chat(2))) == ["OD673"]
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert codes(apply(folder_target(pulumi), chat(2))) == ["OD673"]
    assert folder_target(pulumi).read().value == before


def lock(pulumi: Path, host: str, pid: int, stack: str = "prod") -> Path:
    """As the file backend writes it."""
    path = pulumi / f"backend/.pulumi/locks/organization/acme/{stack}/1a2b.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"pid": pid, "username": "ci", "hostname": host, "timestamp": "2026-03-01T09:12:00Z"}
    path.write_text(json.dumps(told))
    return path


def gone() -> int:
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended.pid


def test_a_lock_of_another_machine_is_left_alone(pulumi: Path) -> None:
    apply(folder_target(pulumi), chat())
    path = lock(pulumi, "runner-7", gone())
    done = apply(folder_target(pulumi), chat(2))
    assert codes(done) == ["OD674"]
    assert "ci on runner-7, process" in done.diagnostics[0].message
    assert path.exists()
    assert codes(folder_target(pulumi).unlock(force=False)) == ["OD674"]
    assert "runner-7" in (folder_target(pulumi).unlock(force=True).value or "")
    assert not path.exists()
    assert folder_target(pulumi).unlock(force=True).value == ""


def test_a_lock_of_a_living_process_is_left_alone(pulumi: Path) -> None:
    apply(folder_target(pulumi), chat())
    lock(pulumi, socket.gethostname(), os.getpid())
    assert codes(apply(folder_target(pulumi), chat(2))) == ["OD674"]


@pytest.mark.parametrize("stack", ["prod", "prod.opsdecl"])
def test_a_lock_of_a_dead_process_is_taken_away_and_that_is_said(pulumi: Path, stack: str) -> None:
    apply(folder_target(pulumi), chat())
    path = lock(pulumi, socket.gethostname(), gone(), stack)
    done = apply(folder_target(pulumi), chat(2))
    assert codes(done) == ["OD687"]
    assert done.value.counts == {"update": 1}
    assert not path.exists()


def test_a_broken_state_is_told(pulumi: Path) -> None:
    apply(folder_target(pulumi), chat())
    state = pulumi / "backend/.pulumi/stacks/acme/prod.json"
    whole = state.read_text()
    state.write_text(whole[: len(whole) // 2])
    assert codes(folder_target(pulumi).read()) == ["OD675"]


@pytest.mark.parametrize("named_by", ["the target", "the environment"])
def test_a_folder_gets_no_sidecar_files_that_a_kill_could_leave_torn(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch, named_by: str
) -> None:
    address = f"file://{pulumi}/backend"
    monkeypatch.setenv("PULUMI_BACKEND_URL", address)
    target = folder_target(pulumi, backend=address if named_by == "the target" else "")
    apply(target, chat())
    apply(target, chat(2))
    written = [file for file in (pulumi / "backend").rglob("*") if file.is_file()]
    assert {"prod.json", "prod.opsdecl.json"} <= {file.name for file in written}
    assert [file for file in written if file.suffix == ".attrs"] == []


def test_a_backend_that_is_not_there_is_never_taken_for_an_empty_one(pulumi: Path) -> None:
    shutil.rmtree(pulumi / "backend")
    assert codes(folder_target(pulumi).read()) == ["OD678"]
    assert codes(folder_target(pulumi, backend="s3://no-such-bucket.invalid?region=x").read()) == ["OD678"]
    assert codes(folder_target(pulumi, backend="http://127.0.0.1:9").read()) == ["OD678"]


def test_a_stack_that_somebody_removes_meanwhile(pulumi: Path) -> None:
    apply(folder_target(pulumi), chat())

    def remove(event: Event) -> None:
        if isinstance(event, Started):
            (pulumi / "backend/.pulumi/stacks/acme/prod.json").unlink()

    assert codes(apply_telling(folder_target(pulumi), 2, remove)) == ["OD677"]


def apply_telling(target: PulumiTarget, value: int, emit: Any) -> Checked[Any]:
    state, desired = target.read().value, chat(value)
    assert state is not None
    return target.write(desired, plan_of(state, desired), record(), expected=state.identity, emit=emit)


def test_a_provider_that_is_killed_leaves_a_state_that_the_next_apply_mends(pulumi: Path) -> None:
    many = release(*(manifest(f"LLM.m{n}/main/c", "ConfigMap", f"m{n}", n) for n in range(300)))
    killer = Thread(target=kill_provider, args=(pulumi / "rendered/1-manifest",))
    killer.start()
    done = apply(folder_target(pulumi), many)
    killer.join()
    assert done.value is None or done.value.failed
    assert set(codes(done)) & {"OD676", "OD679"}
    again = apply(folder_target(pulumi), many)
    assert set(codes(again)) <= {"OD684"}
    after = folder_target(pulumi).read().value
    assert after is not None
    assert actions(plan_of(after, many)) == {}
    assert len(list((pulumi / "rendered/1-manifest").iterdir())) == 300


def kill_provider(folder: Path) -> None:
    """As soon as it has written some files."""
    while not folder.exists() or len(list(folder.iterdir())) < 5:
        time.sleep(0.01)
    found = children("pulumi-resource")
    for process in found:
        os.kill(process, signal.SIGKILL)
    assert found


def test_resources_of_another_program_are_never_deleted(pulumi: Path) -> None:
    apply(folder_target(pulumi), chat())
    path = pulumi / "backend/.pulumi/stacks/acme/prod.json"
    state = json.loads(path.read_text())
    rows = state["checkpoint"]["latest"]["resources"]
    rows.append({"urn": "urn:pulumi:prod::acme::my:index:Site::docs", "custom": False, "type": "my:index:Site"})
    path.write_text(json.dumps(state))
    read = folder_target(pulumi).read()
    assert codes(read) == ["OD683"]
    assert "my:index:Site docs" in read.diagnostics[0].message


def test_integers_that_pulumi_cannot_hold_are_refused_before_anything_is_written(pulumi: Path) -> None:
    large = manifest("LLM.chat/main/cache", "PersistentVolumeClaim", "chat-cache")
    held = {**large.data, "spec": {**large.data["spec"], "size": 2**53 + 1}}
    done = apply(folder_target(pulumi), release(manifest_with(large, held)))
    assert codes(done) == ["OD682"]
    assert "`spec.size` of PersistentVolumeClaim assist/chat-cache is 9007199254740993" in done.diagnostics[0].message
    assert not (pulumi / "rendered").exists()


def manifest_with(one: Any, data: Any) -> Any:
    from dataclasses import replace

    return replace(one, data=data)


def test_what_fails_stays_local_and_names_the_object(pulumi: Path) -> None:
    (pulumi / "rendered/1-manifest/v1-persistentvolumeclaim-assist-chat-cache.yaml").mkdir(parents=True)
    done = apply(folder_target(pulumi), chat())
    assert codes(done) == ["OD679", "OD680"]
    assert done.value.failed
    assert done.value.counts == {"create": 1}
    assert "PersistentVolumeClaim assist/chat-cache could not be applied" in done.diagnostics[0].message
    assert "needs `LLM.chat/main/cache`" in done.diagnostics[1].message
    (pulumi / "rendered/1-manifest/v1-persistentvolumeclaim-assist-chat-cache.yaml").rmdir()
    assert apply(folder_target(pulumi), chat()).value.counts == {"create": 2}


def test_records_that_cannot_be_used_stop_everything(pulumi: Path) -> None:
    apply(folder_target(pulumi), chat())
    path = pulumi / "backend/.pulumi/stacks/acme/prod.opsdecl.json"
    whole = path.read_text()
    path.write_text(whole.replace('"formatVersion":1,', '"formatVersion":2,'))
    assert codes(folder_target(pulumi).read()) == ["OD686"]
    path.write_text(whole.replace('"applied"', '"replied"').replace('"desiredDigest"', '"desired"'))
    assert codes(folder_target(pulumi).read()) == ["OD686"]


REFUSED = """
from dataclasses import replace
from pathlib import Path
from tests.contracts.builders import apply, manifest, release
from tests.support.pulumi_places import folder_target

bad = manifest("LLM.chat/main/deployment", "Deployment", "chat")
bad = replace(bad, data={**bad.data, "metadata": {"name": "x" * 300, "namespace": "assist"}})
others = [manifest(f"LLM.chat/main/s{n}", "Service", f"s{n}", needs=(str(bad.address),)) for n in range(3)]
print([d.code.id for d in apply(folder_target(Path(FOLDER)), release(bad, *others)).diagnostics])
"""


def test_a_failed_update_leaves_nothing_that_python_complains_of(pulumi: Path) -> None:
    program = REFUSED.replace("FOLDER", repr(str(pulumi)))
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", program]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert "'OD679'" in done.stdout
    assert "Exception ignored" not in done.stderr
    assert "unclosed event loop" not in done.stderr


def test_unlock_takes_a_lock_away_that_somebody_left(pulumi: Path) -> None:
    project = copy_example(pulumi / "project")
    settings = project / "environments/dev/environment.yaml"
    target = f"type: pulumi, backend: file://{pulumi}/backend, renderYamlToDirectory: ../rendered"
    settings.write_text(settings.read_text().replace('type: git, remote: ".", branch: rendered/dev', target))
    repository(project)
    assert opsdecl(project, "apply", "--env=dev", "--yes").code == 0
    path = pulumi / "backend/.pulumi/locks/organization/harbor-ai/dev/1a2b.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"pid": 4711, "username": "ci", "hostname": "runner-7", "timestamp": "2026-03-01T09:12:00Z"}
    path.write_text(json.dumps(told))
    held = opsdecl(project, "unlock", "--env=dev")
    assert (held.code, "ci on runner-7" in held.all) == (5, True)
    done = opsdecl(project, "unlock", "--env=dev", "--force")
    assert done.code == 0, done.all
    assert not path.exists()
