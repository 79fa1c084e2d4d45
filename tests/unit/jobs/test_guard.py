"""The shell around each run, as a real shell runs it."""

import os
import signal
import subprocess
import time
from pathlib import Path

from opsdecl.compile.lower.native.guard import guarded, waiting


def run(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def count(folder: Path) -> int:
    return len((folder / "log").read_text().splitlines()) if (folder / "log").exists() else 0


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    command = guarded(f"{tmp_path}/.runs/clean-aa", ["/bin/sh", "-c", f"echo once >>{tmp_path}/log"])
    assert run(command).returncode == 0
    again = run(command)
    assert (again.returncode, count(tmp_path)) == (0, 1)
    assert again.stdout == f"done before: {tmp_path}/.runs/clean-aa\n"


def test_what_failed_is_done_again_and_says_how_it_failed(tmp_path: Path) -> None:
    command = guarded(f"{tmp_path}/.runs/clean-aa", ["/bin/sh", "-c", f"echo once >>{tmp_path}/log; exit 7"])
    assert [run(command).returncode, run(command).returncode] == [7, 7]
    assert count(tmp_path) == 2
    assert list((tmp_path / ".runs").iterdir()) == []


def test_each_shard_is_marked_by_itself(tmp_path: Path) -> None:
    command = guarded(f"{tmp_path}/.runs/clean-aa", ["/bin/sh", "-c", f"echo once >>{tmp_path}/log"])
    for index in ("0", "1", "0"):
        assert run(command, JOB_COMPLETION_INDEX=index).returncode == 0
    assert count(tmp_path) == 2
    assert sorted(path.name for path in (tmp_path / ".runs").iterdir()) == ["clean-aa.0", "clean-aa.1"]


def test_words_reach_the_program_as_they_are(tmp_path: Path) -> None:
    words = ["a b", "$HOME", "it's", "*", ""]
    told = run(guarded(f"{tmp_path}/m", ["printf", "[%s]", *words]))
    assert told.stdout == "[a b][$HOME][it's][*][]"


def test_a_program_that_is_told_to_stop_may_save_what_it_has(tmp_path: Path) -> None:
    saves = f"trap 'sleep 0.5; echo saved >>{tmp_path}/log; exit 3' TERM; echo up; while :; do sleep 0.1; done"
    running = subprocess.Popen(guarded(f"{tmp_path}/m", ["/bin/sh", "-c", saves]), stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline() == "up\n"
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 3
    assert count(tmp_path) == 1
    assert not (tmp_path / "m").exists()


def test_who_waits_goes_on_once_all_are_done(tmp_path: Path) -> None:
    command = [word.replace("sleep 10", "sleep 0.1") for word in waiting(f"{tmp_path}/clean-aa", 2)]
    (tmp_path / "clean-aa.0").touch()
    held = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert held.stdout is not None
    assert held.stdout.readline() == f"waiting for {tmp_path}/clean-aa.1\n"
    time.sleep(0.3)
    assert held.poll() is None
    (tmp_path / "clean-aa.1").touch()
    assert held.wait(30) == 0


def test_who_waits_for_one_looks_for_no_number(tmp_path: Path) -> None:
    (tmp_path / "source-aa").touch()
    assert run(waiting(f"{tmp_path}/source-aa", 1)).returncode == 0
