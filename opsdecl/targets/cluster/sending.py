"""Bodies of writes that are only sent while we may: one at a time between the look at the lock and the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

_LAST = 1024
"""Bytes without which a server does nothing: few enough that a socket that was just emptied takes them at once."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """`content`, of which the end is held back until `may_send` has not raised. A process that is stopped and goes on
    sends at most the one request that was past its look; all others look again, and stop.

    Can be read again, since a login asks for the same request twice.
    """

    content: bytes
    may_send: Callable[[], None]
    gate: asyncio.Lock

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if len(self.content) > _LAST:
            yield self.content[:-_LAST]
        async with self.gate:
            self.may_send()
            yield self.content[-_LAST:]
            # Whoever reads this asks on once the bytes are with the kernel: only then may the next one look.
