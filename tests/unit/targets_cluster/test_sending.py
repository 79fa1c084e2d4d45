"""What a server gets of a write whose right is looked at last."""

import asyncio

import pytest

from opsdecl.targets.cluster.sending import Guarded


async def read(body: Guarded, sent: list[bytes]) -> None:
    async for part in body:
        sent.append(part)
        await asyncio.sleep(0)


def test_of_many_at_once_nobody_looks_before_the_one_ahead_has_sent_its_end() -> None:
    seen: list[str] = []

    async def one(name: str, gate: asyncio.Lock) -> None:
        async for _ in Guarded(b"x", lambda: seen.append(f"look {name}"), gate):
            await asyncio.sleep(0)
            seen.append(f"sent {name}")

    async def run() -> None:
        gate = asyncio.Lock()
        await asyncio.gather(*(one(name, gate) for name in "abc"))

    asyncio.run(run())
    assert seen == [f"{word} {name}" for name in "abc" for word in ("look", "sent")]


def test_a_body_stays_without_its_end_where_nobody_may_send() -> None:
    def lost() -> None:
        raise RuntimeError("lost")

    sent: list[bytes] = []

    async def run() -> None:
        gate = asyncio.Lock()
        with pytest.raises(RuntimeError):
            await read(Guarded(b"x" * 5000, lost, gate), sent)
        assert not gate.locked()

    asyncio.run(run())
    assert 0 < len(b"".join(sent)) < 5000


def test_the_same_request_can_be_sent_again() -> None:
    sent: list[bytes] = []

    async def run() -> None:
        body = Guarded(b"x" * 5000, lambda: None, asyncio.Lock())
        await read(body, sent)
        await read(body, sent)

    asyncio.run(run())
    assert b"".join(sent) == b"x" * 10_000
