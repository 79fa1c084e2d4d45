"""A proxy on the loopback, between a client and the API server, that fails as real networks and servers fail.

It ends TLS with the API server's own certificate, so that a client notices nothing but the address. Credentials in
headers go through as they are. Each request has a connection of its own. What fails is drawn from a seed.
"""

import asyncio
import json
import random
import re
import socket
import ssl
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from tests.support.cluster import ControlPlane, wait_until

LONGEST_HEAD = 1 << 20
READ_SIZE = 1 << 16
HOLD_S, LATE_S = 3.0, 1.0


class Fault(StrEnum):
    """What goes wrong with a request. `AFTER_*`: the server has done what it was asked, and nobody hears of it."""

    ERROR = "500"
    TOO_MANY = "429"
    TOO_MANY_RETRY_AFTER = "429 with Retry-After"
    UNAUTHORIZED = "401"
    RESET = "reset"
    AFTER_RESET = "reset after the server has acted"
    TIME_OUT = "time-out"
    AFTER_TIME_OUT = "time-out after the server has acted"
    HALF = "half a response"
    LATE = "reset, and the server acts later"
    """What a client gave up was under way, and arrives when it does something else."""
    GONE = "410"
    """Only where a client watches (an event in the stream) or pages on (a refusal)."""


_ANSWERS = {
    Fault.ERROR: (500, "InternalError", "injected: etcdserver: leader changed"),
    Fault.TOO_MANY: (429, "TooManyRequests", "injected: too many requests"),
    Fault.TOO_MANY_RETRY_AFTER: (429, "TooManyRequests", "injected: too many requests, retry later"),
    Fault.UNAUTHORIZED: (401, "Unauthorized", "injected: the token has expired"),
    Fault.GONE: (410, "Expired", "injected: too old resource version"),
}
_AFTER = frozenset({Fault.AFTER_RESET, Fault.AFTER_TIME_OUT, Fault.HALF})


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent: `head` is everything up to the body, as it came."""

    method: str
    target: str
    head: bytes
    body: bytes

    @property
    def watches(self) -> bool:
        return bool(re.search(r"[?&]watch=(1|true)", self.target))

    @property
    def pages_on(self) -> bool:
        return "continue=" in urlsplit(self.target).query


Decide = Callable[[Request], Fault | None]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Fails this share of requests with one of the faults, drawn from the seed; each equally often."""

    share: float
    faults: tuple[Fault, ...] = tuple(Fault)
    seed: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        self._random.seed(self.seed)

    def __call__(self, request: Request) -> Fault | None:
        if self._random.random() >= self.share:
            return None
        chosen = self._random.choice(self.faults)
        return None if chosen is Fault.GONE and not (request.watches or request.pages_on) else chosen


@dataclass(slots=True)
class Counts:
    """What has happened so far; safe to read while the proxy runs."""

    requests: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)

    def table(self) -> str:
        """A line per fault, for the output of a test."""
        injected = sum(self.faults.values())
        rows = [f"{self.faults[fault]:6} {fault.value}" for fault in Fault if self.faults[fault]]
        return "\n".join([f"{self.requests:6} requests, {injected} failed", *rows])


@dataclass(slots=True)
class FaultProxy:
    """`url` is an address on 127.0.0.1. `decide` may be replaced while the proxy runs."""

    upstream: str
    decide: Decide = lambda request: None
    serving: ssl.SSLContext | None = None
    asking: ssl.SSLContext | None = None
    hold_s: float = HOLD_S
    """How long a request hangs that times out; longer than the client waits."""
    retry_after_s: int = 1
    late_s: float = LATE_S
    """How long after its client gave up a request arrives that is late; 0 lets in whatever waits."""
    counts: Counts = field(default_factory=Counts)
    port: int = 0
    under_way: int = 0
    """Requests that have not ended, whether or not their clients still wait."""

    @property
    def url(self) -> str:
        return f"{'https' if self.serving else 'http'}://127.0.0.1:{self.port}"

    async def serve(self, listening: asyncio.Future[int]) -> None:
        """Until cancelled; every connection is dropped then."""
        server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, limit=LONGEST_HEAD, ssl=self.serving)
        async with server:
            listening.set_result(server.sockets[0].getsockname()[1])
            await asyncio.Event().wait()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A client that goes away in the middle is as welcome as any.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = await read_request(reader)
            self.under_way += 1
            try:
                await self._handle(request, writer)
            finally:
                self.under_way -= 1
        writer.close()

    def wait_until_quiet(self) -> None:
        """The server has answered all that ever reached this: nothing can land any more."""
        wait_until(lambda: not self.under_way, f"{self.under_way} requests do not end")

    async def _handle(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.counts.requests += 1
        self.counts.methods[request.method] += 1
        fault = self.decide(request)
        if fault is None:
            async for piece in self._answer(request):
                writer.write(piece)
                await writer.drain()
            return
        self.counts.faults[fault] += 1
        if fault in _ANSWERS:
            writer.write(_gone_event() if fault is Fault.GONE and request.watches else self._refusal(fault))
            await writer.drain()
            return
        await self._break(fault, await self._acted(request) if fault in _AFTER else b"", writer)
        if fault is Fault.LATE:
            given_up = time.monotonic()
            while time.monotonic() - given_up < self.late_s:
                await asyncio.sleep(0.02)
            await self._acted(request)

    async def _acted(self, request: Request) -> bytes:
        """All that the server answers; of a watch, which never ends, the beginning."""
        answer = b""
        async for piece in self._answer(request):
            answer += piece
            if request.watches:
                break
        return answer

    async def _break(self, fault: Fault, answer: bytes, writer: asyncio.StreamWriter) -> None:
        if fault is Fault.HALF:
            writer.write(answer[: len(answer) // 2])
            await writer.drain()
        elif fault in (Fault.TIME_OUT, Fault.AFTER_TIME_OUT):
            await asyncio.sleep(self.hold_s)
        else:
            # Closing with data unsent and no time to linger makes the kernel send a reset.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    def _refusal(self, fault: Fault) -> bytes:
        later = {"Retry-After": str(self.retry_after_s)} if fault is Fault.TOO_MANY_RETRY_AFTER else {}
        return _response(_ANSWERS[fault][0], json.dumps(_status(fault)).encode(), later)

    async def _answer(self, request: Request) -> AsyncIterator[bytes]:
        """What the server answers, as it comes."""
        address = urlsplit(self.upstream)
        reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=self.asking)
        try:
            writer.write(_alone(request, address.netloc))
            while piece := await reader.read(READ_SIZE):
                yield piece
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Request:
    """asyncio.IncompleteReadError where the client goes away before its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
    headers = dict(_header(row) for row in head.split(b"\r\n")[1:] if row)
    if headers.get("transfer-encoding", "") == "chunked":
        body = b"".join([piece async for piece in _chunks(reader)])
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, head, body)


@contextmanager
def running(proxy: FaultProxy) -> Iterator[FaultProxy]:
    """The proxy in a thread of its own, listening when this begins and gone when it ends."""
    loop = asyncio.new_event_loop()
    ready: Future[int] = Future()

    async def main() -> None:
        listening: asyncio.Future[int] = loop.create_future()
        listening.add_done_callback(lambda done: ready.set_result(done.result()))
        await proxy.serve(listening)

    task = loop.create_task(main())
    thread = Thread(target=_until_cancelled, args=(loop, task), daemon=True)
    thread.start()
    proxy.port = ready.result(timeout=10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(timeout=10)


@contextmanager
def in_front_of(cluster: ControlPlane, decide: Decide, hold_s: float = HOLD_S) -> Iterator[tuple[FaultProxy, Path]]:
    """A proxy before the API server, and the kubeconfig of an administrator (by token) who goes through it."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(cluster.certificates / "admin.crt", cluster.certificates / "admin.key")
    asking = ssl.create_default_context(cafile=str(cluster.certificates / "ca.crt"))
    token = cluster.identity_token([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
    with running(FaultProxy(cluster.server, decide, serving, asking, hold_s)) as proxy:
        yield proxy, cluster.kubeconfig_with({"token": token}, server=proxy.url, name="through-proxy")


def _until_cancelled(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    asyncio.set_event_loop(loop)
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(task)
    for left in asyncio.all_tasks(loop):
        left.cancel()
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(left)
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readline()).split(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readline()
    await reader.readline()


def _header(row: bytes) -> tuple[str, str]:
    name, _, value = row.decode("latin-1").partition(":")
    return name.strip().lower(), value.strip()


def _alone(request: Request, host: str) -> bytes:
    """The request for a connection that ends after it, its body in one piece."""
    first, *rows = request.head.split(b"\r\n")
    dropped = ("host", "connection", "transfer-encoding", "content-length")
    kept = [row for row in rows if row and _header(row)[0] not in dropped]
    own = [f"Host: {host}".encode(), b"Connection: close"]
    if request.body or request.method not in ("GET", "HEAD"):
        own.append(f"Content-Length: {len(request.body)}".encode())
    return b"\r\n".join([first, *own, *kept, b"", b""]) + request.body


def _status(fault: Fault) -> dict[str, object]:
    code, reason, message = _ANSWERS[fault]
    status = {"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure"}
    return {**status, "code": code, "reason": reason, "message": message}


def _gone_event() -> bytes:
    """How a watch that has fallen behind ends: with an event, in an answer that began well."""
    return _response(200, json.dumps({"type": "ERROR", "object": _status(Fault.GONE)}).encode() + b"\n")


def _response(code: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    rows = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in rows.items())
    return f"HTTP/1.1 {code} {HTTPStatus(code).phrase}\r\n{head}\r\n".encode() + body
