"""The worked example on a git target, whatever is installed: it is applied, and the second plan is empty."""

from pathlib import Path

import pytest

from tests.support.git import repository
from tests.support.installed import ALL, Installed, staging_on
from tests.support.project import opsdecl_here, write_files


@pytest.mark.slow
@pytest.mark.parametrize("installed", ALL, ids=lambda one: one.name)
def test_the_second_plan_is_empty(installed: Installed, tmp_path: Path) -> None:
    project = repository(write_files(tmp_path / "project", staging_on(installed)))
    done = opsdecl_here(project, "apply", "--env", installed.name, "--yes")
    assert done.code == 0, done.all
    again = opsdecl_here(project, "plan", "--env", installed.name, "--exit-code")
    assert again.code == 0, again.all
    (tmp_path / "shown.txt").write_text(f"{done.out.rstrip().splitlines()[-1]}\n{again.out}")
