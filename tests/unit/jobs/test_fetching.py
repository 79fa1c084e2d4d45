"""Programs that fetch data, as they run in a Job."""

import hashlib
import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from opsdecl._data import job_script
from opsdecl.compile.lower.native.dataset_fetch import CLONE, COPY

DATA = b"id,amount\n1,2.5\n"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A web server that offers one file."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "claims.csv").write_bytes(DATA)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/claims.csv?version=1"
        server.shutdown()


def program(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", job_script(name), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_file_with_the_declared_digest_is_kept(address: str, tmp_path: Path) -> None:
    digest = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
    assert program("fetch_file", address, f"{tmp_path}/data", digest).returncode == 0
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "data").iterdir()] == [("claims.csv", DATA)]


def test_another_file_is_refused_and_nothing_is_left(address: str, tmp_path: Path) -> None:
    refused = program("fetch_file", address, f"{tmp_path}/data", f"sha256:{'0' * 64}")
    assert refused.returncode == 1
    assert f"has the digest sha256:{hashlib.sha256(DATA).hexdigest()}" in refused.stderr
    assert list((tmp_path / "data").iterdir()) == []


def folder(root: Path) -> Path:
    """Names whose order depends on the language."""
    for name in ("b.csv", "B.csv", "a/part-10", "a/part 9", "a.csv"):
        path = root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root / "data"


def digest_by_hand(data: Path) -> str:
    """As the explanation of OD354 says."""
    line = "find . -type f | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum | sha256sum"
    return "sha256:" + subprocess.run(line, shell=True, cwd=data, capture_output=True, text=True).stdout.split()[0]


def test_the_digest_of_a_folder_is_the_one_that_people_can_make(tmp_path: Path) -> None:
    data = folder(tmp_path)
    assert program("check_folder", str(data), digest_by_hand(data)).returncode == 0
    (data / "a.csv").write_text("something else")
    refused = program("check_folder", str(data), digest_by_hand(folder(tmp_path / "other")))
    assert (refused.returncode, "is declared" in refused.stderr) == (1, True)


def test_what_is_copied_is_checked(tmp_path: Path) -> None:
    source, copied = folder(tmp_path), tmp_path / "copied"
    copier = tmp_path / "copier"
    copier.write_text('#!/bin/sh\nexec cp -r "$1/." "$2"\n')
    copier.chmod(0o755)
    words = [str(copier), str(copied), str(source), job_script("check_folder")]
    for digest, code in ((digest_by_hand(source), 0), ("", 0), (f"sha256:{'0' * 64}", 1)):
        done = subprocess.run(["/bin/sh", "-c", COPY, "copy", *words, digest], capture_output=True, timeout=60)
        assert done.returncode == code


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_a_commit_of_a_repository_is_checked_out(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet", ".")
    for text in ("first", "second"):
        (origin / "data.csv").write_text(text)
        git(origin, "add", ".")
        git(origin, "commit", "--quiet", "-m", text)
    first = git(origin, "rev-parse", "HEAD~1")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    # Only the image has git's large file storage; what matters here is which commit lies there afterwards.
    clone = CLONE.replace("git lfs install --local", "true").replace("git lfs pull", "true")
    words = [f"{tmp_path}/data", f"file://{origin}", first]
    done = subprocess.run(["/bin/sh", "-c", clone, "clone", *words], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert [(path.name, path.read_text()) for path in (tmp_path / "data").iterdir()] == [("data.csv", "first")]
