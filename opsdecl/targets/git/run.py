"""The one place that starts git: no hooks, no prompts, no programs out of a repository's settings."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.diag import Checked, Diagnostic
from opsdecl.diag.codes import targets as codes
from opsdecl.targets.git.failures import explain_failure

T = TypeVar("T")

LOCAL_SECONDS = 120.0
NETWORK_SECONDS = 180.0

# Whatever a repository's own settings say, these hold: a plan of a hostile checkout runs nothing of it.
_SETTINGS = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.pager", "cat"),
    ("core.quotePath", "false"),
    ("core.alternateRefsCommand", "true"),
    ("log.showSignature", "false"),
    ("protocol.ext.allow", "never"),
    ("protocol.fd.allow", "never"),
    ("submodule.recurse", "false"),
    ("gc.autoDetach", "false"),
    ("maintenance.autoDetach", "false"),
    ("push.gpgSign", "false"),
    ("http.lowSpeedLimit", "100"),
    ("http.lowSpeedTime", "60"),
    ("advice.detachedHead", "false"),
)
# Variables of a caller's git (a hook, an alias) name its repository, not ours. How people log in stays as it is.
_KEPT = ("GIT_SSH", "GIT_ASKPASS", "GIT_SSL", "GIT_HTTP", "GIT_PROXY", "GIT_CONFIG", "GIT_EXEC_PATH", "GIT_CURL")
_DROPPED = ("GIT_CONFIG_PARAMETERS",)


class GitError(Exception):
    """git could not do what was asked; `diagnostic` is what to tell."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def attempt(work: Callable[[], Checked[T]]) -> Checked[T]:
    """The answer of `work`, or the finding of the git failure that ended it."""
    try:
        return work()
    except GitError as failure:
        return Checked(None, (failure.diagnostic,))


class Finished(Struct, frozen=True):
    """A git command that ended."""

    code: int
    out: bytes
    err: str


class Git(Struct, frozen=True):
    """Runs git in one repository. `settings` are passed by environment, since they may hold credentials.

    `lock` is a file descriptor that children inherit, so that a lock outlives a killed parent as long as they run.
    """

    git_dir: Path | None
    work_tree: Path | None = None
    settings: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    lock: int | None = None

    def run(self, *arguments: str, data: bytes = b"", remote: str = "") -> bytes:
        """Standard output. Raises GitError where git fails; `remote` is the address to name, and means network."""
        done = self.finish(*arguments, data=data, remote=remote)
        if done.code:
            raise GitError(self.failure(done, arguments, remote))
        return done.out

    def text(self, *arguments: str, data: bytes = b"", remote: str = "") -> str:
        return self.run(*arguments, data=data, remote=remote).decode("utf-8", "surrogateescape").strip()

    def finish(self, *arguments: str, data: bytes = b"", remote: str = "") -> Finished:
        """The ended command, whatever its status. Raises GitError where git is missing or takes too long."""
        return self.finished(self.start(*arguments), *arguments, data=data, remote=remote)

    def finished(
        self, process: "subprocess.Popen[bytes]", *arguments: str, data: bytes = b"", remote: str = ""
    ) -> Finished:
        """What `start` began with these arguments, ended. Raises GitError where it takes too long."""
        seconds = NETWORK_SECONDS if remote else LOCAL_SECONDS
        try:
            out, err = process.communicate(data, seconds)
        except subprocess.TimeoutExpired:
            message = f"git {arguments[0]} did not end within {seconds:.0f} seconds"
            raise GitError(Diagnostic(codes.TIMED_OUT, message, hint="try again, then check the remote")) from None
        finally:
            stop(process)
        return Finished(process.returncode, out, err.decode("utf-8", "replace"))

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """A running git with pipes; the caller ends it with `stop`."""
        try:
            return subprocess.Popen(
                [*self._command(), *arguments],
                cwd=self.work_tree or self.git_dir,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A session of its own has no terminal: nothing below git can prompt, and all of it can be stopped.
                start_new_session=True,
                pass_fds=() if self.lock is None else (self.lock,),
            )
        except FileNotFoundError:
            raise GitError(_not_found(self.work_tree or self.git_dir)) from None

    def failure(self, done: Finished, arguments: tuple[str, ...], remote: str = "") -> Diagnostic:
        where = str(self.work_tree or self.git_dir or "this folder")
        return explain_failure(done.err, remote=remote, where=where, command=arguments[0])

    def having(self, **variables: str) -> "Git":
        """The same with more environment variables."""
        return replace(self, variables=(*self.variables, *variables.items()))

    def _command(self) -> list[str]:
        command = ["git", "--no-pager", "--literal-pathspecs"]
        if self.git_dir:
            command.append(f"--git-dir={self.git_dir}")
        if self.git_dir and self.work_tree:
            command.append(f"--work-tree={self.work_tree}")
        for name, value in _SETTINGS:
            command += ["-c", f"{name}={value}"]
        return command

    def _environment(self) -> dict[str, str]:
        kept = _inherited(os.environ)
        given = kept.get("GIT_CONFIG_COUNT", "")
        count = int(given) if given.isdigit() else 0
        for number, (name, value) in enumerate(self.settings, count):
            kept[f"GIT_CONFIG_KEY_{number}"] = name
            kept[f"GIT_CONFIG_VALUE_{number}"] = value
        return {
            **kept,
            "GIT_CONFIG_COUNT": str(count + len(self.settings)),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "SSH_ASKPASS_REQUIRE": "never",
            "LC_ALL": "C",
            "LANGUAGE": "C",
            **dict(self.variables),
        }


def _inherited(environment: Mapping[str, str]) -> dict[str, str]:
    def stays(name: str) -> bool:
        return not name.startswith("GIT_") or (name.startswith(_KEPT) and name not in _DROPPED)

    return {name: value for name, value in environment.items() if stays(name)}


def _not_found(folder: Path | None) -> Diagnostic:
    if folder and not folder.is_dir():
        return Diagnostic(codes.NOT_A_REPOSITORY, f"there is no folder {folder}", hint="check the path")
    return Diagnostic(codes.GIT_MISSING, "the program `git` is not on the PATH", hint="install git 2.38 or newer")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ends a git and all that it started; quiet where it has ended by itself."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        with suppress(BrokenPipeError):
            if pipe:
                pipe.close()
