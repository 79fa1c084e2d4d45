"""Bytes of one spec file -> its documents, without credentials, and all that is wrong with the text."""

from functools import reduce

from msgspec.structs import replace

from opsdecl.diag.codes.source import AMBIGUOUS, CREDENTIAL, FILE_TOO_LARGE, NUMBER_RANGE
from opsdecl.diag.types import Diagnostic, Place, Span, SpecPath
from opsdecl.spec.credentials import (
    MASK,
    Hit,
    find_in_text,
    find_under_keys,
    mask_text,
    masked,
    masked_under_keys,
)
from opsdecl.spec.decode import LineIndex, decode
from opsdecl.spec.limits import DEFAULT_LIMITS, MIB, Limits
from opsdecl.spec.scalars import short
from opsdecl.spec.types import Json
from opsdecl.spec.yaml import ParsedDocument, ParsedFile, parse_text

_HINT = "revoke it, keep a new one in a Secret, and refer to that: {secret: NAME, key: KEY}"


def parse_file(file: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> ParsedFile:
    """Never raises. No value and no message holds a credential; `(sensitive)` stands in its place."""
    if len(data) > limits.file_bytes:
        return ParsedFile((), (too_large(file, len(data), limits),))
    text = decode(file, data)
    if isinstance(text, Diagnostic):
        return ParsedFile((), (text,))
    parsed = _without_credentials(file, text, parse_text(file, text, limits), limits)
    documents, found = [], list(parsed.diagnostics)
    for document in parsed.documents:
        paths = list(find_under_keys(document.value))
        if paths:
            literals = _literals(document.value, paths)
            found = [_silent(d, literals) for d in found]
            found += [_under_key(file, document.index, path) for path in paths[: limits.findings]]
            document = ParsedDocument(document.index, masked_under_keys(document.value))
        documents.append(document)
    return ParsedFile(tuple(documents), tuple(found))


def too_large(file: str, size: int, limits: Limits) -> Diagnostic:
    message = f"the file has {size / MIB:.1f} MiB, and {limits.file_bytes / MIB:.0f} MiB is the most that is read"
    return Diagnostic(FILE_TOO_LARGE, message, Span(file, 1, 1, 1, 1), hint="split it, or move it out of the project")


def _without_credentials(file: str, text: str, parsed: ParsedFile, limits: Limits) -> ParsedFile:
    hits = find_in_text(text)
    if not hits:
        return parsed
    lines = LineIndex(file, text)
    found = [_visible(hit, lines) for hit in hits[: limits.findings]]
    others = [replace(d, message=mask_text(d.message), hint=mask_text(d.hint)) for d in parsed.diagnostics]
    documents = tuple(ParsedDocument(d.index, masked(d.value)) for d in parsed.documents)
    return ParsedFile(documents, (*found, *others))


def _visible(hit: Hit, lines: LineIndex) -> Diagnostic:
    at = lines.span(hit.start, hit.end)
    return Diagnostic(CREDENTIAL, f"this looks like {hit.what}", at, hint=_HINT, sensitive=True)


def _under_key(file: str, document: int, path: SpecPath) -> Diagnostic:
    key = str(path[-1])
    message = f"the value of `{short(key)}` looks like a literal credential"
    return Diagnostic(CREDENTIAL, message, Place(file, document, path), hint=_HINT, sensitive=True)


def _literals(value: Json, paths: list[SpecPath]) -> frozenset[str]:
    return frozenset(short(str(reduce(lambda node, part: node[part], path, value))) for path in paths)


def _silent(finding: Diagnostic, literals: frozenset[str]) -> Diagnostic:
    """The finding without a literal that it quotes because readers differ about it."""
    if finding.code not in (AMBIGUOUS, NUMBER_RANGE):
        return finding
    quoted, rest = finding.message[1:].split("`", 1)
    if quoted not in literals:
        return finding
    return replace(finding, message=f"`{MASK}`{rest}", hint=_HINT, sensitive=True)
