"""`tls-server-name` and `proxy-url` of a kubeconfig, as kubectl takes them."""

import shutil
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

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


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A proxy that knows CONNECT alone, and whom it was asked for."""
    asked: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            method, where, _ = self.rfile.readline().decode().split()
            while self.rfile.readline().strip():
                pass
            assert method == "CONNECT"
            asked.append(where)
            host, _, port = where.rpartition(":")
            with socket.create_connection((host, int(port))) as far:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(far, self.connection), daemon=True)
                back.start()
                _pass_on(self.connection, far)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
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


def test_a_proxy_of_the_kubeconfig_is_asked_for_the_server(cluster: ControlPlane, assist: str) -> None:
    with proxy() as (url, asked):
        assert read(cluster, **{"proxy-url": url}).diagnostics == ()
    assert set(asked) == {cluster.server.removeprefix("https://")}
