"""Commit messages: a summary for people, trailers for us. Written here, read back here."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from opsdecl.addr import Release
from opsdecl.apply.ports import Record
from opsdecl.apply.types import Revision

RELEASE = "Opsdecl-Release"
APPROVED = "Approved-By"
_TRAILER = re.compile(r"([A-Za-z][A-Za-z0-9-]*): (.*)")


class Signature(Struct, frozen=True):
    """Author and committer, in the form of git's environment variables."""

    name: str
    email: str
    date: str

    def variables(self) -> dict[str, str]:
        fields = {"NAME": self.name, "EMAIL": self.email, "DATE": self.date}
        return {f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER") for part, text in fields.items()}


def signature(who: str, at: str) -> Signature:
    """From `Name <email>` (or any text) and ISO 8601. Raises ValueError for a time that is none; naive is UTC."""
    found = re.fullmatch(r"\s*([^<]*?)\s*<([^<>]*)>\s*", who)
    name, email = found.groups() if found else (who, "")
    moment = datetime.fromisoformat(at)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Signature(_plain(name) or "opsdecl", _plain(email), f"@{int(moment.timestamp())} +0000")


def _plain(text: str) -> str:
    """git drops these at the ends of a name and refuses a name that is nothing else."""
    return re.sub(r"[\x00-\x20\x7f<>]+", " ", text).strip(" .,:;'\"\\")


def compose(record: Record, release: Release, desired_digest: str, counts: Mapping[str, int]) -> str:
    """Subject, body, and one block of trailers, which nothing in the text before can add to."""
    lines = record.summary.strip().splitlines() or [f"{record.kind} {release}"]
    body = "\n".join(line.rstrip() for line in lines[1:]).strip("\n")
    trailers = [
        (RELEASE, str(release)),
        ("Opsdecl-Environment", release.environment),
        ("Opsdecl-Kind", record.kind),
        ("Opsdecl-Changes", ", ".join(f"{action}={count}" for action, count in sorted(counts.items()))),
        ("Opsdecl-Version", record.tool_version),
        ("Source-Commit", record.source_commit),
        ("Desired-Digest", desired_digest),
        ("Plan-Digest", record.plan_digest),
        *((APPROVED, approval) for approval in record.approvals),
    ]
    block = "\n".join(f"{name}: {_one_line(value)}" for name, value in trailers if value)
    return "\n\n".join(part for part in (lines[0].strip(), body, block) if part) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def trailers_of(message: str) -> dict[str, str]:
    """The trailers of a message, by name. The first of a name counts."""
    return dict(reversed(_trailers(message)))


def _trailers(message: str) -> Sequence[tuple[str, str]]:
    """The last paragraph, where each line of it is a trailer."""
    lines = message.strip().rsplit("\n\n", 1)[-1].splitlines()
    found = [_TRAILER.fullmatch(line.strip()) for line in lines]
    if "\n\n" not in message.strip() or not all(found):
        return ()
    return [(match[1], match[2].strip()) for match in found if match]


LOG_FORMAT = "--format=%H%x00%an%x00%ae%x00%aI%x00%B%x00"
"""With `git log`: five fields for `revisions`, each ended by a NUL."""


def revisions(log: bytes, release: Release) -> tuple[Revision, ...]:
    """The commits of a `git log` in LOG_FORMAT, without those of other partitions."""
    fields = log.decode("utf-8", "replace").split("\0")
    rows = [fields[start : start + 5] for start in range(0, len(fields) - 4, 5)]
    return tuple(_revision(row, release) for row in rows if not _of_sibling(row[4], release))


def _of_sibling(message: str, release: Release) -> bool:
    written = trailers_of(message).get(RELEASE, "")
    whole = str(release._replace(partition=""))
    return written != str(release) and (written == whole or written.startswith(f"{whole}/"))


def _revision(row: Sequence[str], release: Release) -> Revision:
    commit, name, email, at, message = row
    trailers = trailers_of(message)
    ours = trailers.get(RELEASE) == str(release)
    read = trailers.get if ours else lambda name, otherwise="": otherwise
    return Revision(
        id=commit.strip(),
        at=at,
        who=f"{name} <{email}>" if email else name,
        source_commit=read("Source-Commit", ""),
        desired_digest=read("Desired-Digest", ""),
        plan_digest=read("Plan-Digest", ""),
        summary=message.strip().partition("\n")[0],
        kind=read("Opsdecl-Kind", "edit"),
        counts=_counts(read("Opsdecl-Changes", "")),
        approvals=tuple(value for name, value in _trailers(message) if name == APPROVED) if ours else (),
    )


def _counts(text: str) -> dict[str, int]:
    pairs = (part.partition("=") for part in text.split(", "))
    return {action: int(count) for action, _, count in pairs if count.isdigit()}
