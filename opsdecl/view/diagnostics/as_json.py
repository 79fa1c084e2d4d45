"""Findings as JSON. The models are the format: `schemas/diagnostics.schema.json` is generated from them."""

import json
from collections.abc import Sequence
from typing import Any, Literal

from opsdecl.diag import Diagnostic, Place, Related, Severity, Span
from opsdecl.diff.types import Finding, Model
from opsdecl.view.diagnostics.summary import files_of, tally

SCHEMA_ID = "https://opsdecl.dev/schemas/diagnostics.schema.json"


class RelatedPlace(Model):
    """A second place that matters to a finding. Lines and columns count from 1; `endColumn` is exclusive."""

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


class LocatedFinding(Finding):
    """A finding with its whole stretch. Lines and columns count from 1; `endColumn` is exclusive."""

    end_line: int | None = None
    end_column: int | None = None
    related: tuple[RelatedPlace, ...] = ()


class FindingTotals(Model):
    """How many findings of each severity, in how many files."""

    errors: int
    warnings: int
    notes: int
    files: int


class FindingReport(Model):
    """What `--format json` prints for findings."""

    format_version: Literal[1] = 1
    findings: tuple[LocatedFinding, ...]
    summary: FindingTotals


def render(diagnostics: Sequence[Diagnostic]) -> str:
    report = FindingReport(findings=tuple(finding_of(d) for d in diagnostics), summary=_totals(diagnostics))
    return json.dumps(report.model_dump(by_alias=True), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the report."""
    body = FindingReport.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **body}


def finding_of(diagnostic: Diagnostic) -> LocatedFinding:
    """A located diagnostic as JSON carries it."""
    return LocatedFinding(
        code=diagnostic.code.id,
        severity=diagnostic.severity.word,
        title=diagnostic.code.title,
        message=_unicode(diagnostic.message),
        hint=_unicode(diagnostic.hint),
        subject=_unicode(diagnostic.subject),
        related=tuple(_related(related) for related in diagnostic.related),
        **_place(diagnostic.at),
    )


def _unicode(text: str) -> str:
    """YAML can smuggle in half of a surrogate pair, which no encoding can write."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _related(related: Related) -> RelatedPlace:
    return RelatedPlace(message=_unicode(related.message), **_place(related.at))


def _place(at: Place | Span | None) -> dict[str, Any]:
    if isinstance(at, Span):
        return {
            "file": _unicode(at.file),
            "line": at.line,
            "column": at.column,
            "end_line": at.end_line,
            "end_column": at.end_column,
        }
    return {"file": _unicode(at.file)} if at else {}


def _totals(diagnostics: Sequence[Diagnostic]) -> FindingTotals:
    found = tally(diagnostics)
    return FindingTotals(
        errors=found.get(Severity.ERROR, 0),
        warnings=found.get(Severity.WARNING, 0),
        notes=found.get(Severity.NOTE, 0),
        files=len(files_of(diagnostics)),
    )
