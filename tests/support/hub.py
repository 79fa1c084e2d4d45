"""A small server that speaks the hub's protocol: facts of a revision, files by range, large files by a redirect."""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlparse

COMMIT = "c0ffee" + "0" * 34
WIDTH = {"F32": 4, "BF16": 2, "U8": 1}


def safetensors(shapes: Mapping[str, tuple[int, ...]], dtype: str = "BF16") -> bytes:
    """A file of zeros in the real format."""
    header, place = {}, 0
    for name, shape in shapes.items():
        size = WIDTH[dtype]
        for side in shape:
            size *= side
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [place, place + size]}
        place += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return struct.pack("<Q", len(text)) + text + bytes(place)


@dataclass
class HubRepository:
    """Files of the one commit that there is. With a `token` files go only to those who send it."""

    files: Mapping[str, bytes]
    token: str = ""
    card: Mapping[str, Any] = field(default_factory=lambda: {"license": "apache-2.0"})
    ranges: bool = True
    broken: bool = False


@dataclass
class Hub:
    """`requests` has the path and the range of each request, `sent` the bytes of files that went out."""

    url: str
    repositories: Mapping[str, HubRepository]
    requests: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0


@contextmanager
def serving(repositories: Mapping[str, HubRepository]) -> Iterator[Hub]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.hub = Hub(f"http://127.0.0.1:{server.server_port}", repositories)  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server.hub  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    @property
    def hub(self) -> Hub:
        found: Hub = self.server.hub  # type: ignore[attr-defined]
        return found

    def do_GET(self) -> None:
        path = unquote(urlparse(self.path).path)
        self.hub.requests.append((path, self.headers.get("range", "")))
        if path.startswith("/api/models/"):
            name, _, revision = path.removeprefix("/api/models/").partition("/revision/")
            self._facts(name, revision or "main")
        elif path.startswith("/cdn/"):
            name, _, file = path.removeprefix("/cdn/").partition("//")
            self._file(self.hub.repositories[name], file)
        else:
            name, _, rest = path.lstrip("/").partition("/resolve/")
            self._resolve(name, rest.partition("/")[2])

    def _facts(self, name: str, revision: str) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            self._refuse(404, "RepoNotFound")
        elif repository.broken:
            self._refuse(500, "")
        elif revision not in ("main", "v1", COMMIT):
            self._refuse(404, "RevisionNotFound")
        else:
            self._answer(json.dumps(_described(name, repository)).encode(), "application/json")

    def _resolve(self, name: str, file: str) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None or file not in repository.files:
            self._refuse(404, "EntryNotFound" if repository else "RepoNotFound")
        elif repository.token and self.headers.get("authorization") != f"Bearer {repository.token}":
            self._refuse(403 if "authorization" in self.headers else 401, "GatedRepo")
        elif _is_large(file):
            self._empty(302, {"Location": f"{self.hub.url}/cdn/{name}//{file}"})
        else:
            self._file(repository, file)

    def _file(self, repository: HubRepository, file: str) -> None:
        data, asked = repository.files[file], self.headers.get("range", "")
        if not asked or not repository.ranges:
            self._answer(data, "application/octet-stream")
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last) + 1]
        span = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
        self._answer(part, "application/octet-stream", 206, {"Content-Range": span})

    def _answer(self, data: bytes, kind: str, status: int = 200, more: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for at in range(0, len(data), 1 << 16):
                self.wfile.write(data[at : at + (1 << 16)])
                self.hub.sent += len(data[at : at + (1 << 16)])
        except OSError:
            self.close_connection = True

    def _refuse(self, status: int, code: str) -> None:
        self._empty(status, {"X-Error-Code": code, "X-Error-Message": "refused"})

    def _empty(self, status: int, more: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **more}.items():
            self.send_header(name, value)
        self.end_headers()


def _is_large(file: str) -> bool:
    return file.endswith((".safetensors", ".bin"))


def _described(name: str, repository: HubRepository) -> Mapping[str, Any]:
    siblings = []
    for file, data in repository.files.items():
        sibling: dict[str, Any] = {"rfilename": file, "size": len(data), "blobId": hashlib.sha1(data).hexdigest()}
        if _is_large(file):
            sibling["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        siblings.append(sibling)
    return {
        "_id": "0" * 24,
        "id": name,
        "sha": COMMIT,
        "siblings": siblings,
        "gated": "manual" if repository.token else False,
        "private": False,
        "disabled": False,
        "lastModified": "2026-05-04T03:02:01.000Z",
        "cardData": repository.card,
        "tags": [],
        "downloads": 0,
        "likes": 0,
    }
