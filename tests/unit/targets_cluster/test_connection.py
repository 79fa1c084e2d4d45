"""Answers as servers may send them, byte by byte, over real sockets of the loopback."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence

import pytest

from opsdecl.targets.cluster.connection import Connections, NoAnswer, Request

HEAD = b"HTTP/1.1 200 OK\r\nDate: Sun, 01 Mar 2026 09:12:00 GMT\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\n{}"
CLOSES = None

Script = Sequence[bytes | float | None]
"""What the server does with each request: bytes it sends, seconds it waits, None to close."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opsdecl.targets.cluster.connection.TIMEOUT_S", 0.3)


def talk(scripts: Sequence[Script], work: Callable[[Connections], Awaitable[None]]) -> list[list[bytes]]:
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
        client = Connections(f"http://127.0.0.1:{port}", ssl.create_default_context())
        await work(client)
        await client.close()
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
    async def work(client: Connections) -> None:
        for _ in range(2):
            response = await client.send(Request("GET", "/api?limit=1"))
            assert (response.status, response.body) == (200, b"{}")

    requests = [head for connection in talk([script, script], work) for head in connection]
    assert all(head.startswith(b"GET /api?limit=1 HTTP/1.1\r\n") for head in requests)
    assert len(requests) == 2


def test_nothing_is_sent_over_connections_of_before_a_renewal() -> None:
    async def work(client: Connections) -> None:
        await client.send(Request("GET", "/before"))
        late = asyncio.create_task(client.send(Request("GET", "/under-way")))
        await asyncio.sleep(0.1)
        await client.renew()
        assert (await late).status == 200
        for _ in range(2):
            await client.send(Request("GET", "/after"))

    heard = talk([(WHOLE,), (0.2, WHOLE), (WHOLE,), (WHOLE,)], work)
    assert [[head.split()[1] for head in one] for one in heard] == [[b"/before", b"/under-way"], [b"/after"] * 2]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ((CLOSES,), "closed the connection"),
        ((HEAD + b"Content-Length: 9\r\n\r\n{", CLOSES), "closed the connection"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{", CLOSES), "closed the connection"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\n-9\r\n{",), "that is no HTTP"),
        ((HEAD + b"Content-Length: +2\r\n\r\n{}",), "that is no HTTP"),
        ((b"SSH-2.0-OpenSSH\r\n\r\n",), "that is no HTTP"),
        ((HEAD + b"no header\r\n\r\n{}",), "that is no HTTP"),
        ((b"HTTP/1.1 200 " + b"x" * 300_000,), "that is no HTTP"),
        ((HEAD + b"Content-Length: 9\r\n\r\n{", 1.0), "no answer within 0.3 s"),
    ],
)
def test_what_is_no_whole_answer_is_an_error_and_the_next_request_has_a_connection_of_its_own(
    script: Script, said: str
) -> None:
    async def work(client: Connections) -> None:
        with pytest.raises(NoAnswer, match=said):
            await client.send(Request("GET", "/api"))
        assert (await client.send(Request("GET", "/api"))).body == b"{}"

    assert [len(connection) for connection in talk([script, (WHOLE,)], work)] == [1, 1]


def test_a_connection_is_kept_and_one_that_was_closed_meanwhile_is_not_used() -> None:
    async def work(client: Connections) -> None:
        await client.send(Request("GET", "/1"))
        await client.send(Request("POST", "/2", body=b"body"))
        await asyncio.sleep(0.1)
        await client.send(Request("GET", "/3"))

    first, second = talk([(WHOLE,), (WHOLE, CLOSES), (WHOLE,)], work)
    assert [head.split()[1] for head in first] == [b"/1", b"/2"]
    assert first[1].endswith(b"\r\n\r\nbody")
    assert [head.split()[1] for head in second] == [b"/3"]


def test_the_answer_to_a_request_that_nobody_waits_for_is_not_taken_for_another() -> None:
    late = HEAD + b"Content-Length: 4\r\n\r\nlate"

    async def work(client: Connections) -> None:
        given_up = asyncio.ensure_future(client.send(Request("GET", "/1")))
        await asyncio.sleep(0.05)
        given_up.cancel()
        assert (await client.send(Request("GET", "/2"))).body == b"{}"
        assert (await client.send(Request("GET", "/3"))).body == b"{}"

    talk([(0.15, late), (WHOLE, 0.2), (WHOLE,)], work)


def test_bytes_that_nobody_asked_for_end_the_connection() -> None:
    async def work(client: Connections) -> None:
        assert (await client.send(Request("GET", "/1"))).body == b"{}"
        await asyncio.sleep(0.1)
        assert (await client.send(Request("GET", "/2"))).body == b"{}"

    assert len(talk([(WHOLE, 0.05, WHOLE), (WHOLE,)], work)) == 2


def test_a_compressed_answer_is_unpacked() -> None:
    import gzip

    packed = gzip.compress(b'{"items":[]}')
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

    async def work(client: Connections) -> None:
        assert (await client.send(Request("GET", "/1"))).body == b'{"items":[]}'

    talk([(head + packed,)], work)


@pytest.mark.parametrize("body", [b"no gzip at all", b"\x1f\x8b\x08\x00"])
def test_an_answer_that_cannot_be_unpacked_is_none(body: bytes) -> None:
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def work(client: Connections) -> None:
        with pytest.raises(NoAnswer, match="no gzip"):
            await client.send(Request("GET", "/1"))

    talk([(head + body,)], work)


def test_a_request_says_where_it_goes_and_a_header_is_one_line() -> None:
    async def work(client: Connections) -> None:
        await client.send(Request("PUT", "/1", (("Authorization", "Bearer t"),)))
        with pytest.raises(ValueError, match="several lines"):
            await client.send(Request("GET", "/2", (("Authorization", "Bearer t\r\nHost: elsewhere"),)))

    ((head,),) = talk([(WHOLE,)], work)
    lines = head.decode().split("\r\n")
    assert lines[0] == "PUT /1 HTTP/1.1"
    assert lines[1].startswith("Host: 127.0.0.1:")
    assert lines[4:] == ["Authorization: Bearer t", "Content-Length: 0", "", ""]


@pytest.mark.parametrize("address", ["localhost:6443", "", "ftp://example.com", "https://"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="does not begin with"):
        Connections(address, ssl.create_default_context())


def test_nobody_listens() -> None:
    async def run() -> None:
        with pytest.raises(NoAnswer):
            await Connections("http://127.0.0.1:1", ssl.create_default_context()).send(Request("GET", "/"))

    asyncio.run(run())
