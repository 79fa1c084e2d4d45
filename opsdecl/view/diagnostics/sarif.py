"""Findings as SARIF 2.1.0, for code scanning and for editors."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from opsdecl import __version__
from opsdecl.addr import digest_of
from opsdecl.diag import Code, Diagnostic, Place, Severity, Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def render(diagnostics: Sequence[Diagnostic]) -> str:
    rules = {d.code.id: d.code for d in sorted(diagnostics, key=lambda d: d.code.id)}
    order = {code_id: index for index, code_id in enumerate(rules)}
    run = {
        "tool": {"driver": _driver(list(rules.values()))},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"PROJECT": {"description": {"text": "The root of the project."}}},
        "results": [_result(d, order[d.code.id]) for d in diagnostics],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True) + "\n"


def _driver(codes: Sequence[Code]) -> dict[str, Any]:
    return {"name": "opsdecl", "semanticVersion": __version__, "rules": [_rule(code) for code in codes]}


def _rule(code: Code) -> dict[str, Any]:
    example = f"\n\n```yaml\n{code.example.strip()}\n```" if code.example else ""
    return {
        "id": code.id,
        "shortDescription": {"text": code.title},
        "fullDescription": {"text": code.explanation or code.title},
        "help": {
            "text": f"opsdecl explain {code.id}",
            "markdown": f"{code.explanation}{example}\n\n`opsdecl explain {code.id}`",
        },
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
    }


def _result(diagnostic: Diagnostic, rule_index: int) -> dict[str, Any]:
    text = diagnostic.message + (f"\nHelp: {diagnostic.hint}" if diagnostic.hint else "")
    located = [
        {**_location(related.at), "id": number, "message": {"text": related.message}}
        for number, related in enumerate(diagnostic.related, start=1)
        if related.at
    ]
    return {
        "ruleId": diagnostic.code.id,
        "ruleIndex": rule_index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": text},
        "locations": [_location(diagnostic.at)] if diagnostic.at else [],
        **({"relatedLocations": located} if located else {}),
        "partialFingerprints": {"finding/v1": _fingerprint(diagnostic)},
    }


def _location(at: Place | Span) -> dict[str, Any]:
    uri = quote(at.file.encode("utf-8", "replace"), safe="/")
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "PROJECT"}}
    if isinstance(at, Span):
        physical["region"] = {
            "startLine": at.line,
            "startColumn": at.column,
            "endLine": at.end_line,
            "endColumn": at.end_column,
        }
    return {"physicalLocation": physical}


def _fingerprint(diagnostic: Diagnostic) -> str:
    """Stays the same while lines move, so that a known finding is not reported anew."""
    file = diagnostic.at.file if diagnostic.at else ""
    facts = [diagnostic.code.id, file, diagnostic.subject, diagnostic.message]
    return digest_of([ascii(fact) for fact in facts])
