"""What is around the folder of a new project, and a repository for it."""

from pathlib import Path

from msgspec import Struct

from opsdecl.diag import Checked
from opsdecl.diag.codes.targets import NOT_A_REPOSITORY
from opsdecl.targets.git.repository import discover, remote_address
from opsdecl.targets.git.run import Git, attempt

FIRST_BRANCH = "main"


class Surroundings(Struct, frozen=True):
    """The repository around a folder. `top` is None where there is none; `branch` is empty where HEAD is on none."""

    top: Path | None = None
    branch: str = ""
    origin: str = ""


def survey(folder: Path) -> Checked[Surroundings]:
    """Of a folder that need not exist yet. Findings only where git is missing or does not answer."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    found = discover(existing)
    if found.value is None:
        nowhere = all(d.code is NOT_A_REPOSITORY for d in found.diagnostics)
        return Checked(Surroundings()) if nowhere else Checked(None, found.diagnostics)
    repository = found.value
    branch = repository.git.finish("symbolic-ref", "--quiet", "--short", "HEAD").out.decode().strip()
    origin = remote_address(repository, "origin") or ""
    return Checked(Surroundings(repository.git.work_tree, branch, origin))


def create_repository(folder: Path) -> Checked[Path]:
    """Makes a repository in an existing folder. Nothing is committed."""

    def create() -> Checked[Path]:
        Git(None, folder).run("init", "--quiet", f"--initial-branch={FIRST_BRANCH}", ".")
        return Checked(folder)

    return attempt(create)
