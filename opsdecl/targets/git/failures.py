"""What git says on failure -> what a person is told."""

import re

from opsdecl.diag import Code, Diagnostic
from opsdecl.diag.codes import targets as codes

_USER_INFO = re.compile(r"(\w://)[^/@\s]+@")
_HEADER = re.compile(r"(?i)(authorization: )\S.*")

# The first row whose pattern is found decides. `{0}` is the pattern's first group.
_ROWS: tuple[tuple[str, Code, str, str], ...] = (
    (r"dubious ownership in repository at '([^']+)'", codes.NOT_TRUSTED,
     "the repository at {0} belongs to another user",
     "git config --global --add safe.directory {0}"),
    (r"(?:Authentication failed|could not read (?:Username|Password)|terminal prompts disabled"
     r"|Permission denied \([a-z,-]+\)|HTTP 40[13]|error: 40[13]|Host key verification failed"
     r"|Permission to \S+ denied)", codes.NOT_ALLOWED, "the remote {remote} did not accept our login: {reason}",
     "git ls-remote {remote}"),
    (r"(?:Could not resolve host|Failed to connect|unable to access|Connection (?:refused|timed out|reset|closed)"
     r"|No route to host|Network is unreachable|unable to look up|unable to connect|Name or service not known)",
     codes.UNREACHABLE, "the remote {remote} did not answer: {reason}",
     "check the address and the network: git ls-remote {remote}"),
    (r"(?:does not appear to be a git repository|[Rr]epository '[^']*' not found|[Rr]epository not found"
     r"|repository '[^']*' does not exist|Could not read from remote repository)", codes.UNREACHABLE,
     "there is no repository to be read at {remote}: {reason}",
     "correct the target's `remote`, or make the repository first: git init --bare"),
    (r"transport '([^']+)' not allowed", codes.UNSAFE_NAME, "git's settings forbid the transport {0}",
     "use https, ssh or a path"),
    (r"not a git repository", codes.NOT_A_REPOSITORY,
     "{where} is not a git repository", "run `git init` in the project"),
    (r"Unable to create '([^']+\.lock)': File exists", codes.LOCK_LEFT, "the lock file {0} exists",
     "wait for the other git process; if there is none, remove {0}"),
)  # fmt: skip


def explain_failure(stderr: str, *, remote: str = "", where: str = "", command: str = "") -> Diagnostic:
    """The finding behind git's words. Passwords in addresses and headers are not repeated."""
    words = redact(stderr)
    for pattern, code, message, hint in _ROWS:
        found = re.search(pattern, words)
        if found:
            first = found.group(1) if found.groups() and found.group(1) else ""
            names = {"remote": redact(remote) or "of the target", "where": where, "reason": reason(words)}
            return Diagnostic(code, message.format(first, **names), hint=hint.format(first, **names))
    said = reason(words) or "it said nothing"
    return Diagnostic(codes.GIT_FAILED, f"git {command} failed: {said}", hint="look at the repository with `git fsck`")


def reason(stderr: str) -> str:
    """git's most telling line, without its prefix."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:", "remote: error:"))]
    line = next(iter(telling or lines), "")
    return re.sub(r"^(?:remote: )?(?:fatal|error|ERROR): ", "", line)[:300]


def redact(text: str) -> str:
    """Text without user names and passwords of addresses."""
    return _HEADER.sub(r"\1***", _USER_INFO.sub(r"\1***@", text))
