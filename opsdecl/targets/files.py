"""The one writer of files: whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes.targets import FILE_EXISTS, NOT_WRITTEN

STATE_FOLDER = ".opsdecl"
"""What opsdecl keeps beside a project: caches and mirrors. Safe to delete, never in git."""


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replaces a file in one step, following a link to its file; parents are made.

    Raises OSError where it cannot; the old content is then still there, and nothing else is.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def write_file(path: Path, data: bytes, mode: int = 0o644) -> Checked[Path]:
    """`write_atomically` with a finding in place of OSError."""
    try:
        write_atomically(path, data, mode)
    except OSError as error:
        return Checked(None, (_not_written(path, error),))
    return Checked(path)


def write_tree(root: Path, files: Mapping[str, bytes], *, replace: bool = False) -> Checked[tuple[Path, ...]]:
    """Writes files by their path relative to `root`; `*.sh` and files below a `bin/` or `hooks/` folder may be run.

    Files that exist with another content are refused unless `replace`; then nothing is written. Equal ones are fine.
    """
    inside = {path: _inside(root, path) for path in files}
    taken = sorted(path for path, target in inside.items() if not replace and _differs(target, files[path]))
    if taken:
        return Checked(None, tuple(_exists(path) for path in taken))
    for path in sorted(files):
        done = write_file(inside[path], files[path], _mode(path))
        if done.value is None:
            return Checked(None, done.diagnostics)
    return Checked(tuple(inside[path] for path in sorted(files)))


def write_new_tree(root: Path, files: Mapping[str, bytes]) -> Checked[tuple[Path, ...]]:
    """`write_tree` into a folder that is empty or not there; nothing is written to any other."""
    try:
        taken = root.is_symlink() or (root.exists() and (not root.is_dir() or next(root.iterdir(), None) is not None))
    except OSError as error:
        return Checked(None, (_not_written(root, error),))
    if taken:
        said = f"`{root}` is not an empty folder; nothing was written"
        return Checked(None, (Diagnostic(FILE_EXISTS, said, hint="choose an empty folder"),))
    return write_tree(root, files)


def state_folder(root: Path, *parts: str) -> Path:
    """`.opsdecl/<parts>` of a project, made, and ignored by git.

    Raises OSError where it cannot be, and for links: a clone may bring one that leads out of the project.
    """
    folder = root / STATE_FOLDER
    for step in (folder, *(folder.joinpath(*parts[: depth + 1]) for depth in range(len(parts)))):
        if step.is_symlink():
            raise OSError(errno.ELOOP, "it is a link", str(step))
        step.mkdir(exist_ok=True, parents=step == folder)
    ignore = folder / ".gitignore"
    if not ignore.exists() and not ignore.is_symlink():
        write_atomically(ignore, b"*\n")
    return folder.joinpath(*parts)


def private_folder(root: Path) -> Path | None:
    """A folder that no clone can bring files into: below the `.git` around a project. None outside a repository."""
    for parent in (root, *root.absolute().parents):
        git = parent / ".git"
        if git.is_dir():
            return git / "opsdecl"
        if git.is_file():
            target = git.read_text("utf-8", "replace").removeprefix("gitdir:").strip()
            return (parent / target).resolve() / "opsdecl"
    return None


def _inside(root: Path, path: str) -> Path:
    """Raises ValueError for a path that leaves the root: file names here come from us, never from people."""
    target = (root / path).resolve()
    if not target.is_relative_to(root.resolve()):
        raise ValueError(f"{path!r} is outside of {root}")
    return root / path


def _differs(path: Path, data: bytes) -> bool:
    """Whether something else is there; what cannot be read is something else."""
    if not path.exists() and not path.is_symlink():
        return False
    try:
        return path.read_bytes() != data
    except OSError:
        return True


def _mode(path: str) -> int:
    folders = path.split("/")[:-1]
    return 0o755 if path.endswith(".sh") or "bin" in folders or "hooks" in folders else 0o644


def _exists(path: str) -> Diagnostic:
    return Diagnostic(FILE_EXISTS, f"`{path}` exists", hint="choose an empty folder, or say that files may be replaced")


def _not_written(path: Path, error: OSError) -> Diagnostic:
    said = f"`{path}` could not be written: {error.strerror or error}"
    return Diagnostic(NOT_WRITTEN, said, hint="make room or choose another place; what was there is unchanged")
