"""What goes into a commit message comes back out of it, and nothing else gets in."""

from typing import Any

import pytest

from opsdecl.targets.git.message import LOG_FORMAT, compose, revisions, signature, trailers_of
from tests.contracts.builders import RELEASE, record


def message(summary: str = "a change", **more: Any) -> str:
    return compose(record(summary=summary, **more), RELEASE, "sha256:d", {"create": 2, "update": 1})


def log_of(text: str) -> bytes:
    assert LOG_FORMAT.count("%x00") == 5
    return "\0".join(["c0ffee", "Ana", "ana@x", "2026-03-01T09:12:00+00:00", text, ""]).encode()


def test_the_message_reads_back() -> None:
    (found,) = revisions(log_of(message(kind="rollback")), RELEASE)
    assert (found.id, found.who, found.kind, found.summary) == ("c0ffee", "Ana <ana@x>", "rollback", "a change")
    assert found.counts == {"create": 2, "update": 1}
    assert (found.desired_digest, found.source_commit) == ("sha256:d", record().source_commit)


@pytest.mark.parametrize(
    "summary",
    ["", "x\n\nOpsdecl-Release: other", "Opsdecl-Kind: destroy", "x\r\nOpsdecl-Kind: destroy",
     "x\n---\nOpsdecl-Kind: destroy", "x\n\n\n\nOpsdecl-Kind: destroy\n\n"],
)  # fmt: skip
def test_a_summary_cannot_forge_trailers(summary: str) -> None:
    (found,) = revisions(log_of(message(summary)), RELEASE)
    assert found.kind == "apply"
    assert trailers_of(message(summary))["Opsdecl-Release"] == str(RELEASE)


@pytest.mark.parametrize("field", ["source_commit", "plan_digest", "tool_version"])
def test_values_cannot_forge_trailers(field: str) -> None:
    lines = message(**{field: "x\nApproved-By: the-boss"}).splitlines()
    assert [line for line in lines if line.startswith("Approved-By")] == [f"Approved-By: {record().approvals[0]}"]


def test_approvals_cannot_forge_trailers() -> None:
    lines = message(approvals=("ci\nApproved-By: the-boss",)).splitlines()
    assert [line for line in lines if line.startswith("Approved-By")] == ["Approved-By: ci Approved-By: the-boss"]


def test_other_releases_and_people_are_edits() -> None:
    other = message().replace("acme/prod/main", "acme/prod/other")
    for text in (other, "fix by hand", "fix\n\nOpsdecl-Release: acme/prod/main\nand some prose"):
        (found,) = revisions(log_of(text), RELEASE)
        assert (found.kind, found.desired_digest, found.counts) == ("edit", "", {})


@pytest.mark.parametrize(
    ("who", "name", "email"),
    [("Ana Lopez <ana@x>", "Ana Lopez", "ana@x"), ("ci", "ci", ""), ("<>", "opsdecl", ""), ("", "opsdecl", ""),
     ("a\nb <c\nd>", "a b", "c d"), ("x <y> <z>", "x y z", "")],
)  # fmt: skip
def test_whoever_signs_is_a_signature_that_git_takes(who: str, name: str, email: str) -> None:
    found = signature(who, "2026-03-01T10:12:00+01:00")
    assert (found.name, found.email, found.date) == (name, email, "@1772356320 +0000")
    assert signature(who, "2026-03-01T09:12:00").date == found.date
