"""The proxy fails as it says, as often as it says, and otherwise is not there."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.fault_proxy import Drawn, Fault, FaultProxy, Request, running

HELD_S = 0.3


class Served(ThreadingHTTPServer):
    """A server that remembers what it was asked to do."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, bytes, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        assert isinstance(self.server, Served)
        self.server.seen.append((self.command, self.path, body, self.headers.get("Authorization", "")))
        answer = b"x" * 1000
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Served]:
    with Served() as served:
        threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
        yield served
        served.shutdown()


def ask(proxy: FaultProxy, path: str = "/a", body: bytes | None = b"body", timeout: float = 10) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=timeout)
    try:
        connection.request("POST" if body is not None else "GET", path, body, {"Authorization": "Bearer a"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture
def proxy(server: Served) -> Iterator[FaultProxy]:
    with running(FaultProxy(server.url, hold_s=HELD_S)) as listening:
        yield listening


def always(proxy: FaultProxy, fault: Fault) -> None:
    proxy.decide = lambda request: fault


def test_without_faults_everything_goes_through(server: Served, proxy: FaultProxy) -> None:
    assert ask(proxy, "/a?b=c") == (201, b"x" * 1000)
    assert server.seen == [("POST", "/a?b=c", b"body", "Bearer a")]
    assert (proxy.counts.requests, proxy.counts.faults) == (1, Counter())


def test_a_chunked_body_arrives_whole(server: Served, proxy: FaultProxy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    connection.request("POST", "/a", iter([b"one ", b"two"]), encode_chunked=True)
    assert connection.getresponse().status == 201
    connection.close()
    assert server.seen[0][2] == b"one two"


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault.ERROR, 500), (Fault.TOO_MANY, 429), (Fault.TOO_MANY_RETRY_AFTER, 429), (Fault.UNAUTHORIZED, 401)],
)
def test_refusals_are_statuses_and_the_server_hears_nothing(
    server: Served, proxy: FaultProxy, fault: Fault, code: int
) -> None:
    always(proxy, fault)
    status, body = ask(proxy)
    assert (status, json.loads(body)["kind"], json.loads(body)["code"]) == (code, "Status", code)
    assert server.seen == []


@pytest.mark.parametrize(("fault", "said"), [(Fault.TOO_MANY, None), (Fault.TOO_MANY_RETRY_AFTER, "1")])
def test_only_one_of_the_429_says_when(proxy: FaultProxy, fault: Fault, said: str | None) -> None:
    always(proxy, fault)
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
    connection.request("GET", "/a")
    assert connection.getresponse().getheader("Retry-After") == said
    connection.close()


@pytest.mark.parametrize(("fault", "acted"), [(Fault.RESET, 0), (Fault.AFTER_RESET, 1)])
def test_a_reset_is_one(server: Served, proxy: FaultProxy, fault: Fault, acted: int) -> None:
    always(proxy, fault)
    with pytest.raises(ConnectionResetError) as failed:
        ask(proxy)
    # Its subclass RemoteDisconnected would be an orderly end.
    assert type(failed.value) is ConnectionResetError
    assert len(server.seen) == acted


@pytest.mark.parametrize(("fault", "acted"), [(Fault.TIME_OUT, 0), (Fault.AFTER_TIME_OUT, 1)])
def test_a_time_out_outlasts_the_client(server: Served, proxy: FaultProxy, fault: Fault, acted: int) -> None:
    always(proxy, fault)
    with pytest.raises(TimeoutError):
        ask(proxy, timeout=HELD_S / 2)
    assert len(server.seen) == acted


def test_what_is_late_arrives_when_nobody_waits_any_more(server: Served, proxy: FaultProxy) -> None:
    proxy.late_s = HELD_S
    always(proxy, Fault.LATE)
    with pytest.raises(ConnectionResetError):
        ask(proxy)
    assert (server.seen, proxy.under_way) == ([], 1)
    proxy.wait_until_quiet()
    assert [body for _, _, body, _ in server.seen] == [b"body"]


def test_half_an_answer_is_noticed(server: Served, proxy: FaultProxy) -> None:
    always(proxy, Fault.HALF)
    with pytest.raises(http.client.IncompleteRead):
        ask(proxy)
    assert len(server.seen) == 1


def test_what_is_gone_depends_on_who_asks(proxy: FaultProxy) -> None:
    always(proxy, Fault.GONE)
    assert ask(proxy, "/a?continue=abc", None)[0] == 410
    status, body = ask(proxy, "/a?watch=true", None)
    assert (status, json.loads(body)["type"], json.loads(body)["object"]["code"]) == (200, "ERROR", 410)


def test_the_same_seed_fails_the_same_requests() -> None:
    request = Request("GET", "/a?watch=1", b"", b"")
    first, second, other = (Drawn(0.2, seed=seed) for seed in (1, 1, 2))
    drawn = [first(request) for _ in range(2000)]
    assert drawn == [second(request) for _ in range(2000)]
    assert drawn != [other(request) for _ in range(2000)]
    counted = Counter(drawn)
    assert 300 < 2000 - counted[None] < 500
    assert set(counted) == {None, *Fault}


def test_only_a_watch_or_a_page_can_be_gone() -> None:
    drawn = Drawn(1, (Fault.GONE,))
    assert drawn(Request("GET", "/a", b"", b"")) is None
    assert drawn(Request("GET", "/a?limit=1&continue=b", b"", b"")) is Fault.GONE


def test_what_failed_is_counted(proxy: FaultProxy) -> None:
    proxy.decide = Drawn(0.5, (Fault.ERROR, Fault.TOO_MANY), seed=3)
    answers = Counter(ask(proxy)[0] for _ in range(40))
    assert proxy.counts.requests == 40
    assert proxy.counts.methods == Counter(POST=40)
    assert proxy.counts.faults == Counter({Fault.ERROR: answers[500], Fault.TOO_MANY: answers[429]})
    assert min(answers[500], answers[429], answers[201]) > 0
    assert f"{answers[500]:6} 500" in proxy.counts.table()
