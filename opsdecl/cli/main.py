"""argv -> a command, its exit code. Command modules are imported when they are named."""

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from opsdecl import __version__
from opsdecl.cli.exits import Exit


def main() -> None:
    """The console script. A command makes next to no garbage in cycles, so nobody looks for it."""
    gc.disable()
    # Looking for plugins means reading the metadata of every installed package; there are none for our models.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    _leave(run(sys.argv[1:]))


def _leave(code: int) -> NoReturn:
    """Ends the process as it is: taking down every module and value by name takes longer than a short command."""
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or Exit.FAILED
    os._exit(code)


def run(argv: Sequence[str]) -> int:
    """Runs one command line and answers its exit code; nothing escapes but what the process cannot survive."""
    if list(argv) == ["--version"]:
        sys.stdout.write(f"opsdecl {__version__}\n")
        return Exit.DONE
    try:
        return _invoke(argv)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the state is consistent, run the command again to go on\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except Exception as error:
        from opsdecl.cli.crash import report_crash

        return report_crash(error)


def _invoke(argv: Sequence[str]) -> int:
    import click

    from opsdecl.cli.group import build_group

    try:
        result = build_group().main(list(argv), prog_name="opsdecl", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return Exit.USAGE
    except click.Abort:
        sys.stderr.write("interrupted; nothing was changed after this point\n")
        return Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return Exit.FAILED
    except click.exceptions.Exit as leave:
        return leave.exit_code
    return result if isinstance(result, int) else Exit.DONE
