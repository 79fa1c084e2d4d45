"""Clusters of tests do not outlive them, however the tests end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cluster import ControlPlane, run_script
from tests.support.toolchain import CONTROL_PLANE, ROOT, require

GONE_WITHIN_S = 30
USES_A_CLUSTER = """
import sys, time
from tests.support.cluster import control_plane
with control_plane(sys.argv[1]):
    print("running", flush=True)
    time.sleep(100)
"""

pytestmark = [pytest.mark.slow, pytest.mark.cluster, pytest.mark.xdist_group("cluster")]


@pytest.fixture
def name() -> Iterator[str]:
    require(*CONTROL_PLANE)
    name = f"ends-{os.getpid()}"
    yield name
    run_script("cluster.sh", "down", name)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM], ids=lambda s: s.name)
def test_nothing_is_left_of_it(name: str, ending: signal.Signals) -> None:
    command = [sys.executable, "-c", USES_A_CLUSTER, name]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "running\n"
        processes = processes_of(name)
        assert {"etcd", "kube-apiserver", "kube-scheduler"} <= set(processes.values())
        user.send_signal(ending)
    wait_until(lambda: name not in clusters())
    assert processes_of(name) == {}


def test_what_a_crash_left_is_swept(name: str) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    run_script("cluster.sh", "up", name, NODES="", VOLUMES="0")
    (folder_of(name) / "owner").write_text(str(gone.pid))
    run_script("cluster.sh", "sweep")
    assert name not in clusters()
    assert processes_of(name) == {}


def test_what_others_use_is_not_swept(cluster: ControlPlane) -> None:
    run_script("cluster.sh", "sweep")
    assert cluster.attempt("get", "--raw", "/readyz").stdout == "ok"


def clusters() -> dict[str, Path]:
    rows = (row.split(" ", 1) for row in run_script("cluster.sh", "list").splitlines())
    return {name: Path(kubeconfig) for name, kubeconfig in rows}


def folder_of(name: str) -> Path:
    return clusters()[name].parent


def processes_of(name: str) -> dict[int, str]:
    """Ids and programs of the processes that mention the cluster in their arguments, guards and shells aside."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue
        if any(f"/clusters/{name}/" in argument for argument in arguments):
            found[int(folder.name)] = Path(arguments[0]).name
    return found


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + GONE_WITHIN_S
    while not holds():
        assert time.monotonic() < end, "still there"
        time.sleep(0.2)
