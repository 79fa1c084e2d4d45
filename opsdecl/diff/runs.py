"""Runs, which are started once and never changed: what becomes of one whose place another takes."""

from opsdecl.addr import ON_CHANGE
from opsdecl.diff.records import StoredObject

CANCELLED = "another run takes its place, and `run.onChange: cancel` ends it now"
FINISHES = "another run takes its place, and this one finishes by itself"


def is_cancelled(stored: StoredObject) -> bool:
    """As it was started: a field that changed since counts for the next run."""
    held = stored.applied if stored.applied is not None else stored.live
    return ((held or {}).get("metadata", {}).get("annotations") or {}).get(ON_CHANGE) == "cancel"
