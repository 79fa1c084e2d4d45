"""HTTP/1.1 to one API server over connections that are kept: a transport for httpx2.

Its own transport takes 0.6 ms of processor time a request, most of it for what an API server never asks for; this takes
a sixth of that. It carries what RFC 9112 says of requests with a body in memory and of answers to them, and nothing
else: no proxies, no upgrades, no streams.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

import httpx2

_LONGEST_HEAD = 1 << 18
_AT_ONCE = 1 << 16
"""Bytes that an idle connection hands to the kernel in one call."""
_ENDS = "the server closed the connection"


class Connections(httpx2.AsyncBaseTransport):
    """As many as there are requests at once; how many that are is for the caller to bound.

    A request's extension `may_send` is called right before its bytes are handed to the kernel, with nothing in between,
    and stops it by raising. So a process that is stopped and goes on sends at most one that it had looked at before:
    what is too long for one call goes alone, from that look to its answer.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._idle: list[Connection] = []
        self._alone = asyncio.Lock()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        times = request.extensions["timeout"]
        connection = self._kept() or await self._open(request, times["connect"])
        try:
            answer = await self._exchange(connection, request, times["read"])
        except httpx2.TransportError as error:
            error.request = request
            raise
        finally:
            if connection.is_idle:
                self._idle.append(connection)
            else:
                connection.abort()
        status, headers, body = answer
        return httpx2.Response(status, headers=headers, content=body, request=request)

    async def _exchange(self, connection: "Connection", request: httpx2.Request, timeout_s: float | None) -> "Answer":
        may_send, sent = request.extensions.get("may_send"), _encode(request)
        if may_send is None:
            return await connection.exchange(sent, timeout_s)
        async with self._alone:
            if len(sent) > _AT_ONCE:
                return await connection.exchange(sent, timeout_s, may_send)
        return await connection.exchange(sent, timeout_s, may_send)

    def _kept(self) -> "Connection | None":
        """The one that was used last: others may have been closed from afar meanwhile."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_idle:
                return connection
        return None

    async def _open(self, request: httpx2.Request, timeout_s: float | None) -> "Connection":
        url = request.url
        context = self._context if url.scheme == "https" else None
        certified = request.extensions.get("sni_hostname") if context else None
        port = url.port or (443 if context else 80)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                made = loop.create_connection(Connection, url.host, port, ssl=context, server_hostname=certified)
                return (await made)[1]
        except TimeoutError:
            raise httpx2.ConnectTimeout(f"no connection within {timeout_s} s") from None
        except OSError as error:
            raise httpx2.ConnectError(str(error)) from error

    async def aclose(self) -> None:
        for connection in self._idle:
            connection.abort()
        self._idle.clear()


Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


def _encode(request: httpx2.Request) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
    lines += [b"%s: %s" % pair for pair in request.headers.raw]
    return b"\r\n".join(lines) + b"\r\n\r\n" + request.content


class Connection(asyncio.Protocol):
    """One request at a time. Once anything went wrong, or was left halfway, it is of no more use."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
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

    async def exchange(
        self, sent: bytes, timeout_s: float | None, may_send: Callable[[], None] | None = None
    ) -> Answer:
        """Raises httpx2.TransportError where no whole answer comes, or nothing at all for `timeout_s`, and what
        `may_send` raises."""
        assert self._transport is not None
        if may_send is not None:
            may_send()
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        self._heard = loop.time()
        self._transport.write(sent)
        if timeout_s is not None:
            self._watch = loop.call_later(timeout_s, self._look, timeout_s)
        try:
            answer = await self._waiter
        except BaseException:
            self._usable = False
            raise
        finally:
            if self._watch is not None:
                self._watch.cancel()
        self._waiter = None
        return answer

    def _look(self, timeout_s: float) -> None:
        """A slow answer may go on as long as something of it arrives."""
        loop = asyncio.get_running_loop()
        quiet = loop.time() - self._heard
        if quiet < timeout_s:
            self._watch = loop.call_later(timeout_s - quiet, self._look, timeout_s)
        else:
            self._fail(httpx2.ReadTimeout(f"no answer within {timeout_s:g} s"))

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
            self._fail(httpx2.RemoteProtocolError(f"that is no HTTP: {error}"))

    def connection_lost(self, error: Exception | None) -> None:
        self._usable = False
        if self._head is not None and self._head.to_the_end and error is None:
            self._answer(self._head, bytes(self._buffer))
        self._fail(httpx2.ReadError(str(error) if error is not None else _ENDS))

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
            self._waiter.set_result((head.status, head.headers, body))

    def _fail(self, error: httpx2.TransportError) -> None:
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
        self.headers = [_header(line) for line in lines]
        named = {name.lower(): value for name, value in self.headers}
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
    return name, value.strip()
