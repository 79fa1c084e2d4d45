"""The project that a command works on: its files, and the cache beside them."""

from opsdecl.cli.group import Session
from opsdecl.spec.parse_cache import ParseCache
from opsdecl.spec.source import WorkTree


def open_work_tree(at: Session) -> tuple[WorkTree, ParseCache | None]:
    """The files as they lie there. No cache where there is no project, so that nothing is left behind."""
    return WorkTree(at.root), open_cache(at)


def open_cache(at: Session) -> ParseCache | None:
    """Parsed files of earlier runs; `OPSDECL_NO_CACHE` switches it off."""
    if at.process.env.get("OPSDECL_NO_CACHE") or not (at.root / "environments").is_dir():
        return None
    from opsdecl.targets.cache import FileCache

    return FileCache(at.root, "parsed")
