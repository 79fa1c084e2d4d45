"""Answers as servers may send them, byte by byte, over real sockets of the loopback."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence

import httpx2
import pytest

from opsdecl.targets.cluster.connection import Connections

HEAD = b"HTTP/1.1 200 OK\r\nDate: Sun, 01 Mar 2026 09:12:00 GMT\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"
CLOSES = None

Script = Sequence[bytes | float | None]
"""What the server does with each request: bytes it sends, seconds it waits, None to close."""


def talk(scripts: Sequence[Script], work: Callable[[httpx2.AsyncClient], Awaitable[None]]) -> list[list[bytes]]:
    """Heads of the requests that each connection carried. The scripts are followed in turn."""
    told = iter(scripts)
    heard: list[list[bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine: list[bytes] = []
        heard.append(mine)
        while not writer.is_closing():
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = next((int(x[15:]) for x in head.split(b"\r\n") if x.startswith(b"Content-Length:")), 0)
            mine.append(head + await reader.readexactly(length))
            for step in next(told):
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                elif step is None:
                    writer.close()
                else:
                    await asyncio.sleep(step)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            timeout=httpx2.Timeout(0.3),
            transport=Connections(ssl.create_default_context()),
        ) as client:
            await work(client)
        server.close()

    asyncio.run(run())
    return heard


@pytest.mark.parametrize(
    "script",
    [
        (WHOLE,),
        tuple(bytes([byte]) for byte in WHOLE),
        (HEAD + b"transfer-encoding: Chunked\r\n\r\n1;a=b\r\n{\r", b"\n1\r\n}\r\n0\r\nTrailer: x\r\n\r", b"\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,),
        (b"HTTP/1.0 200 OK\r\n\r\n{", b"}", CLOSES),
        (HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}",),
        (HEAD, 0.2, b"Content-Length: 2\r\n\r\n{", 0.2, b"}"),
    ],
)
def test_a_whole_answer_is_read_however_it_comes(script: Script) -> None:
    async def work(client: httpx2.AsyncClient) -> None:
        for _ in range(2):
            response = await client.get("/api", params={"limit": 1})
            assert (response.status_code, response.content) == (200, b"{}")

    requests = [head for connection in talk([script, script], work) for head in connection]
    assert all(head.startswith(b"GET /api?limit=1 HTTP/1.1\r\n") for head in requests)
    assert len(requests) == 2


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ((CLOSES,), httpx2.ReadError),
        ((HEAD + b"Content-Length: 9\r\n\r\n{", CLOSES), httpx2.ReadError),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{", CLOSES), httpx2.ReadError),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n-9\r\n{",), httpx2.RemoteProtocolError),
        ((HEAD + b"Content-Length: +2\r\n\r\n{}",), httpx2.RemoteProtocolError),
        ((b"SSH-2.0-OpenSSH\r\n\r\n",), httpx2.RemoteProtocolError),
        ((HEAD + b"no header\r\n\r\n{}",), httpx2.RemoteProtocolError),
        ((b"HTTP/1.1 200 " + b"x" * 300_000,), httpx2.RemoteProtocolError),
        ((HEAD + b"Content-Length: 9\r\n\r\n{", 1.0), httpx2.ReadTimeout),
    ],
)
def test_what_is_no_whole_answer_is_an_error_and_the_next_request_has_a_connection_of_its_own(
    script: Script, error: type[Exception]
) -> None:
    async def work(client: httpx2.AsyncClient) -> None:
        with pytest.raises(error):
            await client.get("/api")
        assert (await client.get("/api")).content == b"{}"

    assert [len(connection) for connection in talk([script, (WHOLE,)], work)] == [1, 1]


def test_a_connection_is_kept_and_one_that_was_closed_meanwhile_is_not_used() -> None:
    async def work(client: httpx2.AsyncClient) -> None:
        await client.get("/1")
        await client.post("/2", content=b"body")
        await asyncio.sleep(0.1)
        await client.get("/3")

    first, second = talk([(WHOLE,), (WHOLE, CLOSES), (WHOLE,)], work)
    assert [head.split()[1] for head in first] == [b"/1", b"/2"]
    assert first[1].endswith(b"\r\n\r\nbody")
    assert [head.split()[1] for head in second] == [b"/3"]


def test_the_answer_to_a_request_that_nobody_waits_for_is_not_taken_for_another() -> None:
    late = HEAD + b"Content-Length: 4\r\n\r\nlate"

    async def work(client: httpx2.AsyncClient) -> None:
        given_up = asyncio.ensure_future(client.get("/1"))
        await asyncio.sleep(0.05)
        given_up.cancel()
        assert (await client.get("/2")).content == b"{}"
        assert (await client.get("/3")).content == b"{}"

    talk([(0.15, late), (WHOLE, 0.2), (WHOLE,)], work)


def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    async def work(client: httpx2.AsyncClient) -> None:
        assert (await client.get("/1")).content == b"{}"
        await asyncio.sleep(0.1)
        assert (await client.get("/2")).content == b"{}"

    assert len(talk([(WHOLE, 0.05, WHOLE), (WHOLE,)], work)) == 2


def test_a_compressed_answer_is_unpacked() -> None:
    import gzip

    packed = gzip.compress(b'{"items":[]}')
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

    async def work(client: httpx2.AsyncClient) -> None:
        assert (await client.get("/1")).json() == {"items": []}

    talk([(head + packed,)], work)


def test_nobody_listens() -> None:
    async def run() -> None:
        async with httpx2.AsyncClient(transport=Connections(ssl.create_default_context())) as client:
            with pytest.raises(httpx2.ConnectError):
                await client.get("http://127.0.0.1:1/")

    asyncio.run(run())
