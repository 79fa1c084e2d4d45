"""Reading many blobs through one `git cat-file --batch`."""

import subprocess
import weakref
from threading import Lock

from opsdecl.targets.git.run import Git, stop


class BlobReader:
    """Starts git at the first read and ends it with itself. Safe to share between threads."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, name: str) -> bytes:
        """The bytes of an object id (or `commit:path`). Raises OSError where git has no such blob."""
        with self._lock:
            process = self._process or self._start()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(name.encode("utf-8", "surrogateescape") + b"\n")
            process.stdin.flush()
            header = process.stdout.readline().split()
            if len(header) != 3:
                raise OSError(f"git has no object {name}")
            data = process.stdout.read(int(header[2]) + 1)[:-1]
            if header[1] != b"blob":
                raise OSError(f"git object {name} is not a file")
            return data

    def _start(self) -> "subprocess.Popen[bytes]":
        process = self._git.start("cat-file", "--batch")
        self._process = process
        weakref.finalize(self, stop, process)
        return process
