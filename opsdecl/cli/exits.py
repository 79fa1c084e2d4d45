"""Exit codes, as the design promises them to scripts."""

from enum import IntEnum


class Exit(IntEnum):
    """`CHANGES` is only used with `--exit-code`."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    REFUSED = 3
    STALE = 4
    LOCKED = 5
    USAGE = 64
    INTERRUPTED = 130
