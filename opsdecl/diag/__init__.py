"""Findings: types here, codes in `codes/`, one module per hundred."""

from opsdecl.diag.types import (
    Checked,
    Code,
    Diagnostic,
    PathPart,
    Place,
    Related,
    Severity,
    Span,
    SpecPath,
    has_errors,
    sort_key,
    unique,
)

__all__ = [
    "Checked",
    "Code",
    "Diagnostic",
    "PathPart",
    "Place",
    "Related",
    "Severity",
    "Span",
    "SpecPath",
    "has_errors",
    "sort_key",
    "unique",
]
