"""Evidence <-> files. A file is named by its own digest, so that it cannot be changed without another name."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from opsdecl.addr import canonical_json, digest_of_bytes
from opsdecl.diag import Checked, Diagnostic, Place
from opsdecl.diag.codes import evidence as codes
from opsdecl.evidence.judging import judge
from opsdecl.evidence.types import FOLDER, Evidence, Stored

MOST_BYTES = 1024 * 1024


def encode(evidence: Evidence) -> tuple[str, bytes]:
    """Path and bytes: canonical JSON with a line end. The same evidence is the same file everywhere."""
    data = canonical_json(msgspec.to_builtins(evidence)) + b"\n"
    return path_of(data), data


def path_of(data: bytes) -> str:
    return f"{FOLDER}/{digest_of_bytes(data).removeprefix('sha256:')}.json"


def is_evidence(path: str) -> bool:
    folder, _, name = path.partition("/")
    return folder == FOLDER and "/" not in name and name.endswith(".json")


def decode(path: str, data: bytes) -> Checked[Stored]:
    """What is broken, or is not what its name says, counts as none and is a warning."""
    if len(data) > MOST_BYTES:
        return _unusable(path, f"it has more than {MOST_BYTES:,} bytes")
    if path_of(data) != path:
        return _unusable(path, f"its name is not its digest, which is {path_of(data).partition('/')[2][:12]}…")
    try:
        evidence = msgspec.json.decode(data, type=Evidence)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return _unusable(path, str(error)[:200])
    numbers = evidence.metrics
    if any(judge(each) != each or each.value != numbers.get(each.metric) for each in evidence.thresholds):
        return _unusable(path, "its verdicts are not those of its numbers")
    return Checked(Stored(path, evidence))


def decode_all(paths: Iterable[str], read: Callable[[str], bytes]) -> tuple[tuple[Stored, ...], tuple[Diagnostic, ...]]:
    """Those that can be used, in the order of their end, and what is wrong with others."""
    found: list[Stored] = []
    findings: list[Diagnostic] = []
    for path in sorted(path for path in paths if is_evidence(path)):
        try:
            one: Checked[Stored] = decode(path, read(path))
        except OSError as error:
            one = _unusable(path, str(error)[:200])
        findings += one.diagnostics
        found += [one.value] if one.value is not None else []
    return tuple(sorted(found, key=_order)), tuple(findings)


def _order(stored: Stored) -> tuple[Any, ...]:
    return stored.evidence.finished_at, stored.path


def _unusable(path: str, why: str) -> Checked[Stored]:
    hint = "collect it again: opsdecl evidence collect; or remove the file"
    said = f"the file counts as none: {why}"
    return Checked(None, (Diagnostic(codes.EVIDENCE_BROKEN, said, Place(path), hint=hint),))
