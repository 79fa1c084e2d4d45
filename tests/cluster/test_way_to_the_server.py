"""`tls-server-name` and `proxy-url` of a kubeconfig, as kubectl takes them."""

import shutil
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from opsdecl.diag.types import Checked
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import assist, cluster_target

__all__ = ["assist"]


def read(cluster: ControlPlane, **settings: str) -> Checked[Any]:
    path = Path(cluster.kubeconfig_with(cluster.admin, name="way"))
    data = yaml.safe_load(path.read_text())
    data["clusters"][0]["cluster"] |= settings
    path.write_text(yaml.safe_dump(data))
    return cluster_target(cluster, kubeconfig=str(path)).read()


class Handler(socketserver.StreamRequestHandler):
    """`dial` says whom the client wants, once it has been told that it may talk."""

    def handle(self) -> None:
        where = self.dial()
        cast("Proxy", self.server).asked.append(where)
        host, _, port = where.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            back = threading.Thread(target=_pass_on, args=(far, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, far)

    def dial(self) -> str:
        raise NotImplementedError


class Connect(Handler):
    """A proxy that knows CONNECT alone."""

    def dial(self) -> str:
        method, where, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        assert method == "CONNECT"
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return where


class Socks(Handler):
    """RFC 1928, without logging in, and addresses of IPv4 or names alone."""

    def dial(self) -> str:
        version, methods = self.rfile.read(2)
        assert version == 5
        assert 0 in self.rfile.read(methods)
        self.wfile.write(bytes([5, 0]))
        _, command, _, kind = self.rfile.read(4)
        assert command == 1
        host = socket.inet_ntoa(self.rfile.read(4)) if kind == 1 else self.rfile.read(self.rfile.read(1)[0]).decode()
        port = int.from_bytes(self.rfile.read(2))
        self.wfile.write(bytes([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        return f"{host}:{port}"


class Proxy(socketserver.ThreadingTCPServer):
    """`asked` is whom it was asked for."""

    daemon_threads = True

    def __init__(self, handler: type[Handler]) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), handler)


@contextmanager
def proxy(handler: type[Handler] = Connect, scheme: str = "http") -> Iterator[tuple[str, list[str]]]:
    with Proxy(handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}", server.asked
        server.shutdown()


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError), source.makefile("rb", buffering=0) as reader, to.makefile("wb", buffering=0) as writer:
        shutil.copyfileobj(reader, writer)  # Until either side hangs up.


@pytest.mark.parametrize("through_proxy", [False, True], ids=["directly", "through a proxy"])
def test_the_certificate_must_have_the_name_that_the_kubeconfig_says(
    cluster: ControlPlane, assist: str, through_proxy: bool
) -> None:
    with proxy() as (url, _):
        way = {"proxy-url": url} if through_proxy else {}
        assert read(cluster, **way, **{"tls-server-name": "kubernetes.default.svc"}).diagnostics == ()
        found = read(cluster, **way, **{"tls-server-name": "elsewhere.example"}).diagnostics
    assert [each.code.id for each in found] == ["OD606"]
    assert "elsewhere.example" in found[0].message


@pytest.mark.parametrize(("scheme", "handler"), [("http", Connect), ("socks5", Socks), ("socks5h", Socks)])
def test_a_proxy_of_the_kubeconfig_is_asked_for_the_server(
    cluster: ControlPlane, assist: str, scheme: str, handler: type[Handler]
) -> None:
    with proxy(handler, scheme) as (url, asked):
        assert read(cluster, **{"proxy-url": url}).diagnostics == ()
    assert set(asked) == {cluster.server.removeprefix("https://")}
