"""Locks of self-managed backends: who holds one, and whether that process can still be working."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import pulumi as codes
from opsdecl.targets.pulumi.failures import Locked

if TYPE_CHECKING:
    from opsdecl.targets.pulumi.engine import Engine

T = TypeVar("T")


def past_dead_holders(engine: "Engine", stack: str, work: Callable[[], T], tell: Callable[[Diagnostic], None]) -> T:
    """Does the work, a second time where only locks of dead processes were in the way. Raises Locked for any other."""
    try:
        return work()
    except Locked as locked:
        if not locked.holders or not all(is_dead(host, pid) for _, host, pid, _ in locked.holders):
            raise
        engine.cancel(stack)
        for user, host, pid, at in locked.holders:
            said = f"the lock of stack `{stack}` was taken away: process {pid} of {user} on {host}, since {at}, is gone"
            tell(Diagnostic(codes.LOCK_BROKEN, said))
        return work()


def is_dead(host: str, pid: int) -> bool:
    """Only known of processes of this machine."""
    if host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """It has ended and works no more, but nobody has asked how. Known on Linux only."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in ("Z", "X")
