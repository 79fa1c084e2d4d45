"""The last line of defence: an unexpected error becomes OD901, its traceback goes to a file, never to the screen."""

import sys
import tempfile
import traceback
from pathlib import Path

from opsdecl import __version__
from opsdecl.cli.exits import Exit
from opsdecl.diag.codes.internal import CRASH


def report_crash(error: Exception) -> int:
    """Writes the traceback to a private file and says where it is."""
    where = _write_report(error)
    sys.stderr.write(
        f"error[{CRASH.id}]: opsdecl stopped on an internal error ({type(error).__name__})\n"
        f"  = this is a bug in opsdecl {__version__}; the full account is in {where}\n"
        f"  = docs: opsdecl explain {CRASH.id}\n"
    )
    return Exit.FAILED


def _write_report(error: Exception) -> str:
    try:
        with tempfile.NamedTemporaryFile("w", prefix="opsdecl-crash-", suffix=".txt", delete=False) as file:
            file.write(f"opsdecl {__version__}, Python {sys.version}\n\n{_account(error)}")
            return str(Path(file.name))
    except OSError:
        return "no file: the temporary folder cannot be written"


def _account(error: Exception) -> str:
    try:
        from opsdecl.flows.crash import crash_text
    except Exception:
        # The package itself is broken: where it happened is worth more than nothing, and quotes nobody.
        return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
    return crash_text(error)
