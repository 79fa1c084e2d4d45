"""The platforms' own parts, as far as our CI files ask for them: an API with comments, requests and runs; a runner."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.support.project import Ran, command_on_path

TOKEN = "token-of-the-job"


@dataclass
class Api:
    """What the platform holds. `answers` are further GET paths; `comments` are those of the one open request."""

    url: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    artifacts: Path | None = None
    asked: list[str] = field(default_factory=list)
    author: Mapping[str, Any] = field(default_factory=dict)

    def get(self, path: str, query: Mapping[str, list[str]]) -> Any:
        if path.endswith(("/comments", "/notes")):
            page, size = int(query["page"][0]), int(query["per_page"][0])
            return self.comments[(page - 1) * size : page * size]
        if "/jobs/artifacts/" in path and self.artifacts is not None:
            return _zipped(self.artifacts)
        return self.answers.get(path)

    def add(self, body: str) -> Any:
        self.comments.append({"id": len(self.comments) + 1, "body": body, **self.author})
        return self.comments[-1]

    def change(self, number: str, body: str) -> Any:
        comment = next(c for c in self.comments if str(c["id"]) == number)
        comment["body"] = body
        return comment


def _zipped(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"plans/{file.name}")
    return packed.getvalue()


@contextmanager
def serving(api: Api) -> Iterator[Api]:
    """The API on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._answer(api.get(parts.path, parse_qs(parts.query)))

        def do_POST(self) -> None:
            self._answer(api.add(self._body()))

        def do_PATCH(self) -> None:
            self._answer(api.change(self.path.rpartition("/")[2], self._body()))

        def do_PUT(self) -> None:
            self.do_PATCH()

        def _body(self) -> str:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            # GitHub takes JSON, GitLab a form.
            body: str = json.loads(sent)["body"] if sent.startswith("{") else parse_qs(sent)["body"][0]
            return body

        def _answer(self, answer: Any) -> None:
            api.asked.append(f"{self.command} {unquote(urlsplit(self.path).path)}")
            let_in = TOKEN in str(self.headers)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(401 if not let_in else 404 if answer is None else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests say what they need to."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()


def load_yaml(path: Path) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return loaded


def step(workflow: Path, job: str, name: str) -> str:
    """The shell of a named step of a GitHub job."""
    steps = load_yaml(workflow)["jobs"][job]["steps"]
    script: str = next(s["run"] for s in steps if s.get("name") == name)
    return script


def run_shell(script: str, folder: Path, variables: Mapping[str, str], strict: str = "-eo pipefail") -> Ran:
    """As runners start it: a bash of its own, with what a runner has on its PATH."""
    tools = command_on_path(folder.parent / "bin")
    (tools / "python3").unlink(missing_ok=True)
    (tools / "python3").symlink_to(sys.executable)
    env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "CI": "true", **variables}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", *strict.split(), "-c", script],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def outputs(file: Path) -> dict[str, str]:
    """What steps wrote to `$GITHUB_OUTPUT`."""
    return dict(re.findall(r"^(\w+)=(.*)$", file.read_text("utf-8"), re.MULTILINE)) if file.exists() else {}
