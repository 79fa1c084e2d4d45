"""A backend that is a bucket, spoken to as S3: the real engine against the server of moto."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from opsdecl.targets.pulumi.target import PulumiTarget
from tests.contracts.builders import actions, apply, chat, plan_of
from tests.pulumi.test_crashes import files_moved, fleet, killed_apply
from tests.pulumi.test_failures import codes
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]
SERVER = "moto_server"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The address of an empty one, which goes with the test."""
    program = shutil.which(SERVER)
    if program is None:
        pytest.skip(f"no {SERVER} on the PATH: pip install 'moto[s3,server]'")
    for name, value in {"AWS_ACCESS_KEY_ID": "robot", "AWS_SECRET_ACCESS_KEY": "key", "AWS_REGION": "eu-1"}.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}/state"
        _put_when_it_listens(address)
        yield address
    finally:
        server.kill()
        server.wait()


def _put_when_it_listens(address: str) -> None:
    for _ in range(600):
        try:
            return put(address, b"")
        except (URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(f"nobody listens at {address}")


def put(address: str, content: bytes) -> None:
    """A body of another type would be taken for a form."""
    plain = {"Content-Type": "application/octet-stream"}
    urlopen(Request(address, content, plain, method="PUT"), timeout=60).close()


def in_bucket(folder: Path, bucket: str) -> PulumiTarget:
    endpoint = bucket.rpartition("/")[0]
    return folder_target(folder, backend=f"s3://state?region=us-east-1&endpoint={endpoint}&s3ForcePathStyle=true")


@pytest.mark.timeout(1200)
def test_a_release_in_a_bucket_and_a_lock_that_somebody_holds(pulumi: Path, bucket: str) -> None:
    target = in_bucket(pulumi, bucket)
    assert apply(target, chat()).value.counts == {"create": 3}
    state = target.read().value
    assert state is not None
    assert actions(plan_of(state, chat())) == {}
    exported = target.exported().value
    assert exported is not None
    assert len(exported.objects) == 3

    told = {"pid": 4711, "username": "ci", "hostname": "runner-7", "timestamp": "2026-03-01T09:12:00Z"}
    put(f"{bucket}/.pulumi/locks/organization/acme/prod/1a2b.json", json.dumps(told).encode())
    refused = apply(target, chat(2))
    assert codes(refused) == ["OD674"]
    assert "ci on runner-7, process 4711" in refused.diagnostics[0].message
    assert target.read().value == state
    assert "runner-7" in (target.unlock(force=True).value or "")
    assert (apply(target, chat(2)).value.counts, len(target.history(9).value or ())) == ({"update": 1}, 2)


@pytest.mark.timeout(1200)
def test_killed_in_the_middle_the_next_apply_converges(pulumi: Path, bucket: str) -> None:
    target = in_bucket(pulumi, bucket)
    apply(target, fleet(1, 60))
    assert killed_apply(target, fleet(2, 60), files_moved(pulumi, 5)) == -signal.SIGKILL
    assert set(codes(apply(target, fleet(3, 60)))) == {"OD684", "OD687"}
    after = target.read().value
    assert after is not None
    assert actions(plan_of(after, fleet(3, 60))) == {}
    assert {o.key for o in after.objects} == {m.key for m in fleet(3, 60).manifests}
    assert len(os.listdir(pulumi / "rendered/1-manifest")) == 60
