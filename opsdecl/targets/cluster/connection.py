"""HTTP/1.1 to one API server over connections that are kept.

It carries what RFC 9112 says of requests with a body in memory and of answers to them, and nothing else: no proxies,
no upgrades, no streams. A client for everything takes several times the processor time of it, most of it for what an
API server is never asked for.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from msgspec import Struct

TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 10.0
_LONGEST_HEAD = 1 << 18
_AT_ONCE = 1 << 16
"""Bytes that an idle connection hands to the kernel in one call."""
_ENDS = "the server closed the connection"
_GZIP = 16 + zlib.MAX_WBITS
MaySend = Callable[[], None]


class NoAnswer(Exception):  # noqa: N818 - reads as what it says
    """A request without a whole answer: nobody can tell whether it was carried out."""


class Request(Struct, frozen=True):
    """`target` is the path with its query, `headers` go beside those of every request.

    `may_send` is called right before the bytes are handed to the kernel, with nothing in between, and stops it by
    raising. So a process that is stopped and goes on sends at most one request that it had looked at before: what is
    too long for one call goes alone, from that look to its answer.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    may_send: MaySend | None = None


class Response(Struct, frozen=True):
    """Names of `headers` are in lower case; the body is unpacked."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Transport(Protocol):
    """A way to the server."""

    async def send(self, request: Request) -> Response:
        """Raises NoAnswer, and what `may_send` raises."""

    async def renew(self) -> None:
        """Nothing is sent from now on over connections that were made before."""

    async def close(self) -> None: ...


class Connections:
    """As many as there are requests at once; how many that are is for the caller to bound. `certified` is the name that
    the server's certificate must have, empty for the address's own. Raises ValueError for an address that is none."""

    def __init__(self, address: str, trust: ssl.SSLContext, certified: str = "") -> None:
        url = urlsplit(address)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"`{address}` does not begin with http:// or https:// and a name")
        self._trust = trust if url.scheme == "https" else None
        self._host, self._port = url.hostname, url.port or (443 if self._trust is not None else 80)
        self._before = url.path.rstrip("/")
        self._certified = certified if self._trust is not None and certified else None
        self._idle: list[Connection] = []
        self._renewals = 0
        self._alone = asyncio.Lock()
        self._always = _head(
            ("Host", url.netloc.rpartition("@")[2]),
            ("User-Agent", "opsdecl"),
            ("Accept-Encoding", "gzip"),
        )

    async def send(self, request: Request) -> Response:
        renewals = self._renewals
        connection = self._kept() or await self._open()
        try:
            response = await self._exchange(connection, request)
        finally:
            if connection.is_idle and renewals == self._renewals:
                self._idle.append(connection)
            else:
                connection.abort()
        return _unpacked(response)

    async def _exchange(self, connection: "Connection", request: Request) -> Response:
        sent = self._encode(request)
        if request.may_send is None:
            return await connection.exchange(sent, TIMEOUT_S)
        async with self._alone:
            if len(sent) > _AT_ONCE:
                return await connection.exchange(sent, TIMEOUT_S, request.may_send)
        return await connection.exchange(sent, TIMEOUT_S, request.may_send)

    def _encode(self, request: Request) -> bytes:
        start = f"{request.method} {self._before}{request.target} HTTP/1.1\r\n".encode("ascii")
        told = _head(*request.headers)
        if request.body or request.method not in ("GET", "DELETE"):
            told += b"Content-Length: %d\r\n" % len(request.body)
        return b"".join((start, self._always, told, b"\r\n", request.body))

    def _kept(self) -> "Connection | None":
        """The one that was used last: others may have been closed from afar meanwhile."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_idle:
                return connection
        return None

    async def _open(self) -> "Connection":
        open_one = asyncio.get_running_loop().create_connection
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                made = open_one(Connection, self._host, self._port, ssl=self._trust, server_hostname=self._certified)
                return (await made)[1]
        except TimeoutError:
            raise NoAnswer(f"no connection within {CONNECT_TIMEOUT_S:g} s") from None
        except OSError as error:
            raise NoAnswer(str(error)) from error

    async def renew(self) -> None:
        self._renewals += 1
        await self.close()

    async def close(self) -> None:
        for connection in self._idle:
            connection.abort()
        self._idle.clear()


def _head(*pairs: tuple[str, str]) -> bytes:
    """Raises ValueError for what would be several headers."""
    text = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    if text.count("\n") != len(pairs) or text.count("\r") != len(pairs):
        raise ValueError("a header of several lines")
    return text.encode("latin-1")


class Connection(asyncio.Protocol):
    """One request at a time. Once anything went wrong, or was left halfway, it is of no more use."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._buffer = bytearray()
        self._head: Head | None = None
        self._usable = True
        self._heard = 0.0
        self._watch: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        return self._usable and self._waiter is None

    def abort(self) -> None:
        self._usable = False
        if self._transport is not None:
            self._transport.abort()

    async def exchange(self, sent: bytes, timeout_s: float, may_send: Callable[[], None] | None = None) -> Response:
        """Raises NoAnswer where no whole answer comes, or nothing at all for `timeout_s`, and what
        `may_send` raises."""
        assert self._transport is not None
        if may_send is not None:
            may_send()
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        self._heard = loop.time()
        self._transport.write(sent)
        self._watch = loop.call_later(timeout_s, self._look, timeout_s)
        try:
            response = await self._waiter
        except BaseException:
            self._usable = False
            raise
        finally:
            if self._watch is not None:
                self._watch.cancel()
        self._waiter = None
        return response

    def _look(self, timeout_s: float) -> None:
        """A slow answer may go on as long as something of it arrives."""
        loop = asyncio.get_running_loop()
        quiet = loop.time() - self._heard
        if quiet < timeout_s:
            self._watch = loop.call_later(timeout_s - quiet, self._look, timeout_s)
        else:
            self._fail(NoAnswer(f"no answer within {timeout_s:g} s"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _AT_ONCE)

    def data_received(self, data: bytes) -> None:
        self._heard = asyncio.get_running_loop().time()
        if self._waiter is None:
            self.abort()  # Nobody has asked.
            return
        self._buffer += data
        try:
            self._read_on()
        except (ValueError, IndexError) as error:
            self._fail(NoAnswer(f"that is no HTTP: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        self._usable = False
        if self._head is not None and self._head.to_the_end and error is None:
            self._answer(self._head, bytes(self._buffer))
        self._fail(NoAnswer(str(error) if error is not None else _ENDS))

    def _read_on(self) -> None:
        while self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _LONGEST_HEAD:
                    raise ValueError("a head without an end")
                return
            head = Head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            # 100 and its like announce the answer.
            self._head = head if head.status >= 200 else None
        body = self._head.body(self._buffer)
        if body is not None:
            self._answer(self._head, body)

    def _answer(self, head: "Head", body: bytes) -> None:
        self._usable = self._usable and head.is_kept and not self._buffer
        self._head = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(Response(head.status, head.named, body))

    def _fail(self, error: NoAnswer) -> None:
        self._usable = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)


class Head:
    """Status and headers of an answer, and what they say about its body. Raises ValueError where it is none."""

    def __init__(self, data: bytes) -> None:
        first, *lines = data.split(b"\r\n")
        version, status = first.split(b" ", 2)[:2]
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise ValueError(first[:40].decode("latin-1"))
        self.status = int(status)
        self.named = named = dict(map(_header, lines))
        self._chunked = b"chunked" in named.get(b"transfer-encoding", b"").lower()
        self._length = _number(named[b"content-length"], 10) if b"content-length" in named else None
        if self.status in (204, 304):
            self._chunked, self._length = False, 0
        self.to_the_end = not self._chunked and self._length is None
        self.is_kept = (
            version == b"HTTP/1.1" and not self.to_the_end and named.get(b"connection", b"").lower() != b"close"
        )
        self._parts: list[bytes] = []

    def body(self, buffer: bytearray) -> bytes | None:
        """Taken from the buffer, once all of it is there."""
        if self._chunked:
            return self._chunks(buffer)
        if self._length is None or len(buffer) < self._length:
            return None
        found = bytes(buffer[: self._length])
        del buffer[: self._length]
        return found

    def _chunks(self, buffer: bytearray) -> bytes | None:
        while True:
            end = buffer.find(b"\r\n")
            if end < 0:
                return None
            size = _number(bytes(buffer[:end]).partition(b";")[0].strip(), 16)
            if size == 0:
                return self._last_chunk(buffer, end + 2)
            if len(buffer) < end + 2 + size + 2:
                return None
            self._parts.append(bytes(buffer[end + 2 : end + 2 + size]))
            del buffer[: end + 2 + size + 2]

    def _last_chunk(self, buffer: bytearray, at: int) -> bytes | None:
        """Trailers after it say nothing that we need."""
        while (end := buffer.find(b"\r\n", at)) > at:
            at = end + 2
        if end < 0:
            return None
        del buffer[: end + 2]
        return b"".join(self._parts)


def _number(text: bytes, base: int) -> int:
    """Without the signs and underscores that Python would take."""
    if not text.isalnum():
        raise ValueError(text[:40].decode("latin-1"))
    return int(text, base)


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not name or name != name.strip():
        raise ValueError(line[:40].decode("latin-1"))
    return name.lower(), value.strip()


def _unpacked(response: "Response") -> "Response":
    packed = response.headers.get(b"content-encoding", b"identity").lower()
    if packed == b"identity":
        return response
    if packed != b"gzip":
        raise NoAnswer(f"that is packed in a way that nobody asked for: {packed.decode('latin-1')}")
    try:
        return Response(response.status, response.headers, zlib.decompress(response.body, _GZIP))
    except zlib.error as error:
        raise NoAnswer(f"that is no gzip: {error}") from None
