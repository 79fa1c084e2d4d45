"""The project that a command works on: its files, and what earlier commands worked out about them."""

from opsdecl.cli.group import Session
from opsdecl.flows.memory import Memory
from opsdecl.spec.source import WorkTree


def open_work_tree(at: Session) -> tuple[WorkTree, Memory]:
    """The files as they lie there."""
    return WorkTree(at.root), open_memory(at)


def open_memory(at: Session) -> Memory:
    """`OPSDECL_NO_CACHE` makes it forget. Nothing is kept where there is no project, so that nothing is left behind."""
    if at.process.env.get("OPSDECL_NO_CACHE") or not (at.root / "environments").is_dir():
        return Memory(today=at.process.now.date())
    from opsdecl._data import installation_digest
    from opsdecl.targets.cache import FileCache

    return Memory.over(FileCache(at.root, "results", installation_digest()), at.process.now.date())
