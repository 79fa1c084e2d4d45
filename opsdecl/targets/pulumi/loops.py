"""What the SDK leaves behind where an update fails, put in order: its event loop, and a warning that says nothing."""

import asyncio
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_TRIES, _PAUSE_S = 40, 0.05


@contextmanager
def with_closed_loops(program: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """The program as the SDK is to run it; what it ran in is closed afterwards.

    The SDK awaits the tasks of a program that failed one by one, and the first one that raises ends that: the loop
    stays open, and Python tells of it whenever it collects the loop. `Error in event stream` follows each engine
    that ended early, which is said otherwise.
    """
    loops: list[asyncio.AbstractEventLoop] = []

    def run() -> None:
        loops.append(asyncio.get_running_loop())
        program()

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Error in event stream", UserWarning)
        try:
            yield run
        finally:
            for loop in loops:
                _close(loop)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """One that runs on, in a thread of the SDK's, is left to it."""
    for _ in range(_TRIES):
        if not loop.is_running():
            break
        time.sleep(_PAUSE_S)
    if loop.is_closed() or loop.is_running():
        return
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()
