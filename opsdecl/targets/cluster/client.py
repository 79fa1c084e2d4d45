"""Requests to one API server: bounded, repeated where that helps, paged, and never silent about a failure."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import TracebackType
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.targets.cluster.connecting import Line, connect
from opsdecl.targets.cluster.connection import MaySend, NoAnswer, Response
from opsdecl.targets.cluster.failures import NOT_DECLARED, ClusterError, StatusError
from opsdecl.targets.cluster.kubeconfig import Server
from opsdecl.targets.cluster.live import Page

IN_FLIGHT = 8
"""More is slower: the server is the limit."""
PAGE = 500
_TRIES = 7
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 10.0
_LONGEST_ASKED_S = 120.0
"""A server that asks for more time than this is not coming back soon."""
_ALWAYS_AGAIN = frozenset({429, 503})
"""The server says that it did nothing."""
_AGAIN = frozenset({500, 502, 504})
_TYPES = {
    "apply": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Parameters = Mapping[str, str | int]
_OBJECTS = msgspec.json.Decoder(dict[str, Any])
_PAGES = msgspec.json.Decoder(Page)
T = TypeVar("T")
U = TypeVar("U")


class Answer(Struct, frozen=True):
    """A success: its HTTP status and its object."""

    status: int
    body: dict[str, Any]


@dataclass(slots=True)
class Client:
    """Open it with `async with`; a client lives in one event loop."""

    server: Server
    in_flight: int = IN_FLIGHT
    _line: Line | None = field(default=None, repr=False)
    _room: asyncio.Semaphore = field(init=False, repr=False)
    requests: int = 0
    """How many were sent, repeats included."""
    _said: str = field(default="", repr=False)
    """The date of the last answer, as it came."""
    _clock: tuple[datetime, float] = field(default=(datetime(1970, 1, 1, tzinfo=UTC), 0.0), repr=False)

    async def __aenter__(self) -> "Client":
        # One more, for what is urgent.
        self._line = connect(self.server, self.in_flight + 1)
        self._room = asyncio.Semaphore(self.in_flight)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._line is not None
        await self._line.close()

    def now(self) -> datetime:
        """The API server's time, from its last answer on."""
        said, heard = self._clock
        return said + timedelta(seconds=asyncio.get_running_loop().time() - heard)

    async def get(self, path: str, params: Parameters | None = None, *, accept: str = "") -> dict[str, Any]:
        return (await self.send("GET", path, params, accept=accept)).body

    async def find(self, path: str) -> dict[str, Any] | None:
        """None where there is no such object; an unserved path is a StatusError."""
        try:
            return await self.get(path)
        except StatusError as error:
            if error.code == 404 and not error.about_kind:
                return None
            raise

    async def pages(self, path: str, params: Parameters, *, accept: str = "") -> list[dict[str, Any]]:
        """All items of a list."""
        return [msgspec.json.decode(item) for item in await self.entries(path, params, accept=accept)]

    async def entries(self, path: str, params: Parameters, *, accept: str = "") -> list[msgspec.Raw]:
        """All items of a list, as they came. A list that outlived the server's memory of it is read again from the
        start."""
        items: list[msgspec.Raw] = []
        token = ""
        while True:
            asked = {**params, "limit": PAGE, "continue": token}
            try:
                page = cast("Page", (await self.send("GET", path, asked, accept=accept, shape=_PAGES)).body)
            except StatusError as error:
                if error.code != 410 or not token:
                    raise
                items, token = [], ""
                continue
            items += page.items or ()
            token = page.next
            if not token:
                return items

    async def post(self, path: str, body: Mapping[str, Any], params: Parameters | None = None) -> Answer:
        """Creates. Sent again where the answer was lost: who creates must take "exists already" for a question."""
        return await self.send("POST", path, params, body=body)

    async def put(
        self,
        path: str,
        body: Mapping[str, Any],
        params: Parameters | None = None,
        *,
        urgent: bool = False,
        before: MaySend | None = None,
    ) -> Answer:
        """Updates the version that `body` names. Sent again where the answer was lost: then expect a conflict."""
        return await self.send("PUT", path, params, body=body, urgent=urgent, before=before)

    async def patch(
        self,
        path: str,
        body: Any,
        params: Parameters | None = None,
        *,
        kind: str = "apply",
        before: MaySend | None = None,
    ) -> Answer:
        return await self.send("PATCH", path, params, body=body, content_type=_TYPES[kind], before=before)

    async def delete(self, path: str, body: Mapping[str, Any], *, before: MaySend | None = None) -> Answer:
        return await self.send("DELETE", path, body=body, before=before)

    async def send(
        self,
        method: str,
        path: str,
        params: Parameters | None = None,
        *,
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "",
        before: MaySend | None = None,
        urgent: bool = False,
        shape: "msgspec.json.Decoder[Any]" = _OBJECTS,
    ) -> Answer:
        """`before` runs right before bytes are sent, each time, and may raise; what is `urgent` passes the others.
        `shape` reads the body of a success.

        Whatever is sent may arrive twice, where the first answer was lost: writes are conditional, and who sends them
        looks again at a conflict. Raises StatusError for a refusal, ClusterError where nobody could be asked.
        """
        content = msgspec.json.encode(body) if body is not None else b""
        headers = [("Accept", accept or "application/json"), *([("Content-Type", content_type)] if content else [])]
        target = f"{path}{_query(tuple(params.items()))}" if params else path
        in_doubt = False
        for number in range(_TRIES):
            last = number == _TRIES - 1
            try:
                response = await self._once(method, path, target, content, tuple(headers), before, urgent)
            except NoAnswer as error:
                if last or not _may_repeat(error):
                    raise self._unreachable(error) from None
                in_doubt = True
                await asyncio.sleep(_pause(number, ""))
                continue
            code = response.status
            failed = code in _AGAIN and not _is_verdict(response)
            in_doubt = in_doubt or failed
            if not last and (code in _ALWAYS_AGAIN or failed):
                await asyncio.sleep(_pause(number, response.header(b"retry-after")))
                continue
            return self._answer(response, method, path, in_doubt, shape)
        raise AssertionError("the last try returns or raises")

    async def _once(
        self,
        method: str,
        path: str,
        target: str,
        content: bytes,
        headers: tuple[tuple[str, str], ...],
        before: MaySend | None,
        urgent: bool,
    ) -> Response:
        """`target` is the path with its query."""
        assert self._line is not None
        async with nullcontext() if urgent else self._room:
            self.requests += 1
            return await self._line.send(method, target, headers, content, before)

    def _answer(
        self, response: Response, method: str, path: str, in_doubt: bool, shape: "msgspec.json.Decoder[Any]"
    ) -> Answer:
        self._hear(response.header(b"date"))
        if response.status >= 400:
            raise StatusError(response.status, method.lower(), path, _status(response), in_doubt=in_doubt)
        try:
            return Answer(response.status, shape.decode(response.body))
        except msgspec.DecodeError:
            said = f"{self.server.name} answered {method} {path} with something that is no object"
            raise ClusterError(
                Diagnostic(codes.CLUSTER_UNREACHABLE, said, hint="is there a proxy in between?")
            ) from None

    def _hear(self, date: str) -> None:
        """The server's time moves on with its answers, never back."""
        if date != self._said:
            self._said = date
            told = _moment(date)
            if told > self._clock[0]:
                self._clock = (told, asyncio.get_running_loop().time())

    def _unreachable(self, error: Exception) -> ClusterError:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        reason = str(error) or type(error).__name__
        if cause is not None or "CERTIFICATE" in reason or "certificate" in reason:
            said = f"{self.server.name} and we do not trust each other: {cause or reason}"
            return ClusterError(Diagnostic(codes.CLUSTER_TLS, said, hint="check the certificates of the kubeconfig"))
        said = f"{self.server.name} did not answer at {self.server.address}: {reason}"
        return ClusterError(
            Diagnostic(codes.CLUSTER_UNREACHABLE, said, hint="check the network: kubectl get --raw /livez")
        )


@lru_cache
def _query(params: tuple[tuple[str, str | int], ...]) -> str:
    """Of the writes of an apply nearly all are asked for with the same."""
    kept = {name: value for name, value in params if value != ""}
    return f"?{urlencode(kept)}" if kept else ""


def _status(response: Response) -> Mapping[str, Any]:
    try:
        return dict(_OBJECTS.decode(response.body))
    except msgspec.DecodeError:
        return {"message": response.text[:300]}


def _may_repeat(error: Exception) -> bool:
    """A certificate does not get better."""
    return "CERTIFICATE" not in str(error) and "certificate" not in str(error)


def _is_verdict(response: Response) -> bool:
    """An apply with a field that the schema lacks is answered with 500, and always will be."""
    return response.status == 500 and NOT_DECLARED in response.text


def _pause(number: int, retry_after: str) -> float:
    if retry_after.isdigit():
        return min(float(retry_after), _LONGEST_ASKED_S)
    return min(_FIRST_PAUSE_S * float(2**number), _LONGEST_PAUSE_S)


def _moment(date: str) -> datetime:
    """The server's time. A server that names none is at the beginning of time, so that no lock ever looks expired."""
    try:
        _, day, month, year, clock, zone = date.split(" ")
        hour, minute, second = map(int, clock.split(":"))
        if zone != "GMT":
            raise ValueError(zone)
        return datetime(int(year), _MONTHS.index(month) + 1, int(day), hour, minute, second, tzinfo=UTC)
    except ValueError:
        return datetime(1970, 1, 1, tzinfo=UTC)


async def each(items: Sequence[T], work: Callable[[T], Awaitable[U]]) -> list[U]:
    """The answers in the order of the items; the client bounds how many run at once. The first error ends it."""
    tasks = [asyncio.ensure_future(work(item)) for item in items]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


@asynccontextmanager
async def talking(server: Server) -> AsyncIterator[Client]:
    """A client, with refusals that nobody expected turned into findings."""
    from opsdecl.targets.cluster.failures import explain

    try:
        async with Client(server) as client:
            yield client
    except StatusError as error:
        raise ClusterError(explain(error, server.name)) from error
