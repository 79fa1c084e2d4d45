"""Formats that machines read stay well-formed whatever a file or a message holds."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdecl.diag import Diagnostic, Place, Related, Span
from opsdecl.view.diagnostics import render_findings
from tests.support.findings import FILES, UNKNOWN_FIELD, believable_findings

TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(("%", "%0A", "\n", "\r", ":", ",", "::", "::error::x", "\u2028", "\x85", "\ud83d", "a"))
    ).map("".join),
)

REGION = {
    "type": "object",
    "required": ["startLine", "startColumn", "endLine", "endColumn"],
    "properties": {
        name: {"type": "integer", "minimum": 1} for name in ("startLine", "startColumn", "endLine", "endColumn")
    },
}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "id": {"type": "integer", "minimum": -1},
        "message": {"type": "object", "required": ["text"]},
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "required": ["uri"],
                    "additionalProperties": False,
                    "properties": {"uri": {"type": "string", "pattern": "^[!-~]*$"}, "uriBaseId": {"type": "string"}},
                },
                "region": REGION,
            },
        },
    },
    "additionalProperties": False,
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
RULE = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "shortDescription": TEXT,
        "fullDescription": TEXT,
        "help": TEXT,
        "defaultConfiguration": {"type": "object", "properties": {"level": LEVEL}},
    },
}
RESULT = {
    "type": "object",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": {"type": "object", "required": ["text"]},
        "locations": {"type": "array", "items": LOCATION},
        "relatedLocations": {"type": "array", "items": LOCATION, "uniqueItems": True},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {"rules": {"type": "array", "items": RULE, "uniqueItems": True}},
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": RESULT},
                },
            },
        },
    },
}
"""What SARIF 2.1.0 demands of the parts that we write."""


Sarif = Callable[[tuple[Diagnostic, ...]], dict[str, Any]]


@pytest.fixture(scope="module")
def sarif(jsonschema: Any) -> Sarif:
    """The report on findings, which fits the schema."""

    def report_on(findings: tuple[Diagnostic, ...]) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(render_findings(findings, "sarif", lines=FILES.get))
        jsonschema.validate(report, SARIF)
        return report

    return report_on


def hostile(text: str) -> Diagnostic:
    at = Span(text or "f", 1, 1, 2, 3)
    return Diagnostic(
        UNKNOWN_FIELD, text, at, hint=text, label=text, related=(Related(text, at), Related(text)), subject=text
    )


def test_sarif_results_point_at_their_rules(sarif: Sarif) -> None:
    run = sarif(believable_findings())["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    assert len(rules) == len({rule["id"] for rule in rules}) == 5


def test_sarif_without_findings_is_a_report_without_results(sarif: Sarif) -> None:
    assert sarif(())["runs"][0]["results"] == []


def test_a_finding_keeps_its_fingerprint_when_lines_move(sarif: Sarif) -> None:
    def fingerprint(line: int, message: str = "m") -> object:
        finding = Diagnostic(UNKNOWN_FIELD, message, Span("f.yaml", line, 1, line, 2), subject="LLM.chat")
        return sarif((finding,))["runs"][0]["results"][0]["partialFingerprints"]

    assert fingerprint(3) == fingerprint(300)
    assert fingerprint(3) != fingerprint(3, "another")


@given(TEXTS)
def test_sarif_is_valid_for_any_text(sarif: Sarif, text: str) -> None:
    result = sarif((hostile(text),))["runs"][0]["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == (text or "f").encode("utf-8", "replace").decode()


@given(TEXTS)
def test_json_carries_any_text(text: str) -> None:
    report = render_findings((hostile(text),), "json", lines=FILES.get)
    report.encode("utf-8")
    assert json.loads(report)["findings"][0]["message"] == text.encode("utf-8", "backslashreplace").decode()


@given(TEXTS)
def test_a_github_command_is_one_line_that_the_runner_decodes(text: str) -> None:
    command, summary = render_findings((hostile(text),), "github", lines=FILES.get).splitlines()
    found = re.fullmatch(r"::error ([^:]*)::(.*)", command)
    assert found
    properties = dict(pair.split("=", 1) for pair in found[1].split(","))
    assert list(properties) == ["file", "line", "endLine", "title"]
    assert decoded(found[2]) == as_printed(f"{text}\nhelp: {text}" if text else text)
    assert decoded(properties["file"].replace("%3A", ":").replace("%2C", ",")) == as_printed(text or "f")
    assert summary == "1 error in 1 file"


def decoded(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def as_printed(text: str) -> str:
    """What cannot be printed is written out; line ends travel encoded."""
    return "".join(c if c.isprintable() or c in "\r\n" else f"\\u{ord(c):04x}" for c in text)


def test_a_finding_with_a_file_but_no_line_names_the_file() -> None:
    finding = Diagnostic(UNKNOWN_FIELD, "m", Place("f.yaml"))
    assert render_findings((finding,), "github", lines=FILES.get).startswith("::error file=f.yaml,title=")
    assert render_findings((finding,), "concise", lines=FILES.get).startswith("f.yaml: error[OD203] m")
