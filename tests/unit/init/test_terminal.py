"""What a person at a terminal is asked and told."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.project import opsdecl_here


def at_terminal(folder: Path, *arguments: str, typed: str) -> tuple[int, str]:
    """Exit code and everything on the screen, of a command that a person answers."""
    ours, theirs = os.openpty()
    env = {**os.environ, "TERM": "dumb"}
    with subprocess.Popen(
        [sys.executable, "-m", "opsdecl", *arguments], cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        screen = _read_all(ours)
    os.close(ours)
    return process.returncode, screen


def _read_all(descriptor: int) -> str:
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(descriptor, 4096)
        except OSError:
            part = b""
        if not part:
            return b"".join(parts).decode().replace("\r\n", "\n")
        parts.append(part)


def test_init_asks_for_what_no_option_says(tmp_path: Path) -> None:
    code, screen = at_terminal(tmp_path, "init", typed="my-models\ngitlab\n")
    assert code == 0, screen
    assert "Permanent name of the project [" in screen
    assert (tmp_path / ".gitlab-ci.yml").exists()
    assert not (tmp_path / ".github").exists()
    assert '"my-models"' in (tmp_path / "environments/project.yaml").read_text()


def test_init_asks_nothing_where_options_say_all(tmp_path: Path) -> None:
    code, screen = at_terminal(tmp_path, "init", "--name", "x", "--ci", "none", typed="")
    assert code == 0
    assert screen.startswith("x: ")


def test_whoever_says_no_is_told_that_nothing_was_changed(tmp_path: Path) -> None:
    opsdecl_here(tmp_path, "init")
    code, screen = at_terminal(tmp_path, "apply", typed="n\n")
    assert code == 1
    assert screen.rstrip().endswith("nothing was changed")
    assert "nothing applied yet" in opsdecl_here(tmp_path, "doctor").out


def test_a_way_back_that_changes_nothing_says_what_is_there(tmp_path: Path) -> None:
    opsdecl_here(tmp_path, "init")
    assert opsdecl_here(tmp_path, "destroy", "--yes").out == "dev holds nothing to remove\n"
    opsdecl_here(tmp_path, "apply", "--yes")
    revision = opsdecl_here(tmp_path, "history").out.splitlines()[-1].split()[0]
    again = opsdecl_here(tmp_path, "rollback", "--to", revision, "--yes")
    assert again.out == f"dev holds what it held at {revision}\n"


def test_an_apply_names_the_plan_that_bounds_it(tmp_path: Path) -> None:
    opsdecl_here(tmp_path, "init")
    opsdecl_here(tmp_path, "plan", "--out", str(tmp_path / "p.json"))
    applied = opsdecl_here(tmp_path, "apply", "--plan", "p.json")
    assert applied.code == 0
    assert "nothing beyond the reviewed plan p.json (sha256:" in applied.err
