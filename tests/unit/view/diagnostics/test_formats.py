"""Each format of the same believable findings, as golden text; the machine formats against their schemas."""

import json
from pathlib import Path
from typing import Any

import pytest

from opsdecl.diag import Diagnostic, Severity
from opsdecl.view.diagnostics import FORMATS, Format, render_findings, summary_line
from opsdecl.view.diagnostics.as_json import schema
from tests.support.findings import FILES, LATE, UNKNOWN_FIELD, believable_findings, span
from tests.support.golden import expect_file, expect_golden

SCHEMA_FILE = Path(__file__).resolve().parents[4] / "schemas" / "diagnostics.schema.json"


@pytest.mark.parametrize("form", FORMATS)
def test_the_believable_findings_look_as_reviewed(form: Format) -> None:
    text = render_findings(believable_findings(), form, lines=FILES.get)
    expect_golden(text.replace(_version(), "VERSION"), f"view/findings.{form}.txt")


def _version() -> str:
    from opsdecl import __version__

    return f'"semanticVersion": "{__version__}"'


@pytest.mark.parametrize("form", FORMATS)
def test_a_credential_appears_in_no_format(form: Format) -> None:
    assert "canary" not in render_findings(believable_findings(), form, lines=FILES.get).replace("strategy: canary", "")


def test_a_credential_on_a_line_of_context_is_hidden_too() -> None:
    assert "HF_TOKEN: (sensitive)" in render_findings(believable_findings()[1:3], "full", lines=FILES.get)


@pytest.mark.parametrize(("form", "text"), [("full", ""), ("concise", ""), ("github", "")])
def test_nothing_found_says_nothing(form: Format, text: str) -> None:
    assert render_findings((), form, lines=FILES.get) == text


def test_the_json_report_satisfies_the_published_schema(jsonschema: Any) -> None:
    published = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    for findings in ((), believable_findings()):
        jsonschema.validate(json.loads(render_findings(findings, "json", lines=FILES.get)), published)


def test_the_published_schema_is_current() -> None:
    expect_file(json.dumps(schema(), indent=2) + "\n", SCHEMA_FILE)


def test_the_json_report_counts_what_it_lists() -> None:
    report = json.loads(render_findings(believable_findings(), "json", lines=FILES.get))
    assert report["formatVersion"] == 1
    assert report["summary"] == {"errors": 5, "warnings": 1, "notes": 0, "files": 1}
    assert [f["line"] for f in report["findings"]] == [None, 10, 11, 12, 13, 15]
    assert report["findings"][-1]["related"][0]["file"] == "environments/prod/environment.yaml"


def test_summary_counts_severities_worst_first_and_files() -> None:
    place = span("environments/prod/chat.yaml", 12, "reolicas")
    found = [Diagnostic(LATE, "late", place), *[Diagnostic(UNKNOWN_FIELD, "unknown", place)] * 3]
    assert summary_line(found) == "3 errors, 1 warning in 1 file"
    assert summary_line([Diagnostic(LATE, "late", severity_override=Severity.NOTE)]) == "1 note"
    assert summary_line(()) == ""


def test_colour_is_off_unless_asked_for() -> None:
    plain = render_findings(believable_findings(), "full", lines=FILES.get)
    coloured = render_findings(believable_findings(), "full", lines=FILES.get, color=True)
    assert "\x1b[" not in plain
    assert "\x1b[1m\x1b[31merror[OD203]" in coloured
