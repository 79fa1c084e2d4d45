"""Completion in a real bash: the script is accepted, and what a person would press Tab for is there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.project import command_on_path, copy_example

pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")

TAB = """
eval "$(opsdecl completion bash)"
complete -p opsdecl >&2
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_opsdecl_completion opsdecl
printf '%s\\n' "${COMPREPLY[@]}"
"""


def tab(folder: Path, *words: str) -> list[str]:
    """What Tab offers after these words."""
    tools = command_on_path(folder.parent / "bin")
    env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    command = ["bash", "--noprofile", "--norc", "-c", TAB, "bash", *words]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=True)
    assert "-F _opsdecl_completion opsdecl" in done.stderr.decode()
    return done.stdout.decode().split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("opsdecl", "pl"), ["plan"]),
        (("opsdecl", "plan", "--fo"), ["--forget", "--format"]),
        (("opsdecl", "plan", "--format", "ma"), ["markdown"]),
        (("opsdecl", "plan", "--env", ""), ["dev", "prod", "staging"]),
        (("opsdecl", "validate", "--env", "st"), ["staging"]),
        (("opsdecl", "init", "--ci", "git"), ["github", "gitlab"]),
    ],
)
def test_tab_offers_what_fits(tmp_path: Path, words: tuple[str, ...], offered: list[str]) -> None:
    assert tab(copy_example(tmp_path / "project"), *words) == offered


def test_tab_follows_the_folder_that_is_named(tmp_path: Path) -> None:
    copy_example(tmp_path / "there")
    (tmp_path / "here").mkdir()
    assert tab(tmp_path / "here", "opsdecl", "-C", "../there", "plan", "--env", "p") == ["prod"]
    assert tab(tmp_path / "here", "opsdecl", "plan", "--env", "p") == []
