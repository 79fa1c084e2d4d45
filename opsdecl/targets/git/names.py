"""Names that come from specs and command lines, judged before git sees them."""

import re
from pathlib import Path

from opsdecl.diag import Diagnostic
from opsdecl.diag.codes.targets import UNSAFE_NAME
from opsdecl.targets.git.failures import redact

_SCHEMES = ("https", "http", "ssh", "git", "file", "git+ssh", "ssh+git")
_NOT_IN_REFS = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_SCHEME = re.compile(r"([A-Za-z0-9][A-Za-z0-9+.-]*)(::|://)")
_SCP_LIKE = re.compile(r"(?:([^/@:\s]+)@)?(\[[0-9A-Fa-f:.]+\]|[^/@:\s]+):(.*)", re.DOTALL)


def branch_problem(branch: str) -> Diagnostic | None:
    """What forbids a branch name, by the rules of `git check-ref-format --branch`; None where it is fine."""
    parts = branch.split("/")
    bad = (
        not branch
        or branch.startswith(("-", "refs/"))
        or branch.endswith(".")
        or branch in ("@", "HEAD")
        or _NOT_IN_REFS.search(branch)
        or any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
    )
    if not bad:
        return None
    return _refused(f"{branch!r} is not a branch name", "name a branch such as rendered/prod")


def reference_problem(reference: str) -> Diagnostic | None:
    """A revision that a person names may be any expression of git, but no option."""
    if reference and not reference.startswith("-") and not re.search(r"[\x00-\x1f\x7f]", reference):
        return None
    return _refused(f"{reference!r} is not a git reference", "name a branch, a tag or a commit")


def folder_problem(folder: str) -> Diagnostic | None:
    """A folder inside a branch: relative, no `..`, no `.git`. Empty means the top."""
    parts = folder.split("/") if folder else []
    bad = re.search(r"[\x00-\x1f\x7f\\]", folder) or any(
        part in ("", ".", "..") or part.lower().startswith(".git") for part in parts
    )
    if not bad:
        return None
    return _refused(f"{folder!r} is not a folder inside a branch", "name a folder such as clusters/prod")


def remote_problem(remote: str) -> Diagnostic | None:
    """What forbids the address of a repository; None where it is a path or an address that starts no program."""
    if not remote or remote.startswith("-") or re.search(r"[\x00-\x1f\x7f]", remote):
        return _refused(
            f"{redact(remote)!r} is not the address of a repository", "use a path or an https or ssh address"
        )
    scheme = _SCHEME.match(remote)
    if scheme and (scheme.group(2) == "::" or scheme.group(1).lower() not in _SCHEMES):
        said = f"the transport `{scheme.group(1)}` of {redact(remote)!r} is not allowed: it may run programs"
        return _refused(said, "use https://, ssh://, git://, file://, user@host:path, or a path")
    if any(part.startswith("-") for part in _user_and_host(remote, scheme)):
        return _refused(f"the host of {redact(remote)!r} starts with a dash", "correct the target's `remote`")
    return None


def is_path(remote: str) -> bool:
    """Whether an address is a path of this machine, by git's own rule: no scheme, no colon before a slash."""
    if _SCHEME.match(remote):
        return False
    found = _SCP_LIKE.match(remote)
    return not found or (len(found.group(2)) == 1 and Path(remote).is_absolute())


def _user_and_host(remote: str, scheme: re.Match[str] | None) -> tuple[str, ...]:
    if scheme:
        return tuple(remote[scheme.end() :].split("/", 1)[0].split("@"))
    found = _SCP_LIKE.match(remote)
    return (found.group(1) or "", found.group(2)) if found else ()


def _refused(message: str, hint: str) -> Diagnostic:
    return Diagnostic(UNSAFE_NAME, message, hint=hint)
