"""What the smaller commands say."""

import json
from typing import get_args

from opsdecl.addr import Address, ObjectKey, SpecAddress
from opsdecl.apply.types import Changed, Outcome, Queued, Recorded, Revision, Started
from opsdecl.compile.types import Setter
from opsdecl.diag import Place, Span
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.spec.fields import FieldEffect, FieldInfo
from opsdecl.spec.kinds.declare import EffectRule
from opsdecl.view.as_json import render_json
from opsdecl.view.blame import render_blame
from opsdecl.view.cells import width_of
from opsdecl.view.doctor import Check, render_checks
from opsdecl.view.drift import render_drift
from opsdecl.view.events import event_line, progress_line, render_outcome
from opsdecl.view.explain import render_code, render_field, render_value
from opsdecl.view.history import render_history
from opsdecl.view.rendering import render_summary
from opsdecl.view.schema import render_editor_settings, render_modeline
from opsdecl.view.validation import render_validation
from tests.support.findings import NO_EFFECT, believable_findings
from tests.support.golden import expect_golden
from tests.support.graphs import RELEASE
from tests.support.plans import believable_plan, change, field

APPLIED = Revision(
    id="4be1c22f00d0",
    at="2026-03-02 09:12",
    who="ci",
    source_commit="8d11e02f00",
    desired_digest="sha256:a",
    plan_digest="sha256:b",
    summary="longer context for chat",
    kind="apply",
    counts={"create": 1, "update": 3, "replace": 1, "delete": 2, "noop": 40},
)
EDITED = Revision(
    id="77aa01000000",
    at="2026-03-02 11:40",
    who="Anna <anna@acme.test>",
    source_commit="",
    desired_digest="",
    plan_digest="",
    summary="quick fix\x1b[31m",
    kind="edit",
)


def test_history_lists_revisions_and_marks_edits() -> None:
    text = render_history("prod", [EDITED, APPLIED])
    expect_golden(text, "view/history.txt")
    assert "+1 ~4 -2" in text
    assert "\x1b" not in text


def test_an_environment_without_revisions_says_so() -> None:
    assert render_history("dev", []) == "dev has no revisions yet: nothing was applied\n"


def test_history_fits_the_terminal() -> None:
    wordy = Revision(**{**{f: getattr(APPLIED, f) for f in APPLIED.__struct_fields__}, "summary": "word " * 100})
    assert max(width_of(row) for row in render_history("prod", [wordy], width=120).splitlines()) <= 120


def test_blame_names_the_revision_and_who() -> None:
    text = render_blame([("Deployment assist/chat", APPLIED), ("Service assist/chat", EDITED)])
    expect_golden(text, "view/blame.txt")
    assert "edited by hand" in text


def test_drift_is_grouped_by_who_did_it() -> None:
    gone = change("LLM.chat/main/service", "Service", "chat", "create", cause="drift", by="bob@acme.test in 99")
    unknown = change("LLM.chat/main/pdb", "PodDisruptionBudget", "chat", cause="drift", fields=(field("a.b", 1, 2),))
    drift = (*believable_plan().changes, gone, unknown)
    expect_golden(render_drift("prod", 412, drift, unowned=("notes.txt",)), "view/drift.txt")


def test_no_drift_is_one_line() -> None:
    assert render_drift("prod", 412, ()) == "prod · 412 objects · no drift\n"


def test_validation_ends_with_the_verdict() -> None:
    assert render_validation(["dev", "prod"], 44, 312, []) == "valid: 44 documents and 312 objects in dev, prod\n"
    found = render_validation(["dev"], 1, 1, believable_findings())
    assert found == "not valid: 1 document and 1 object in dev · 5 errors, 1 warning in 1 file\n"
    assert render_validation([], 0, 0, believable_findings()) == "not valid · 5 errors, 1 warning in 1 file\n"


def test_events_are_one_line_each() -> None:
    events = (
        Started("apply 1", 3),
        Changed("LLM.chat/main/deployment", "update"),
        Recorded("4be1c22"),
        Queued("ben on ci-7", 30),
    )
    assert [event_line(event) for event in events] == [
        "apply 1 (3 objects)",
        "  updated   LLM.chat/main/deployment",
        "recorded revision 4be1c22",
        "waiting up to 30 s for a sign of life of ben on ci-7",
    ]


def test_progress_never_wraps() -> None:
    event = Changed("LLM." + "x" * 300 + "/main/deployment", "create")
    for width in (10, 40, 80):
        assert width_of(progress_line(3, 7, event, width=width)) <= width
    assert "3/7" in progress_line(3, 7, event)
    assert progress_line(0, 0, event).startswith("█" * 24)


def test_an_outcome_names_counts_and_the_revision() -> None:
    outcome = Outcome("4be1c22", {"update": 3, "create": 1, "delete": 0})
    assert render_outcome("prod", outcome) == "prod: 1 created, 3 updated · revision 4be1c22\n"
    partly = Outcome("", {"create": 1}, failed=True)
    assert render_outcome("prod", partly) == "prod: 1 created · no revision, since something failed\n"


def test_a_code_is_explained_with_its_example() -> None:
    expect_golden(render_code(NO_EFFECT, width=60), "view/explain.code.txt")


def test_a_field_is_explained_with_what_a_change_of_it_means() -> None:
    effect = FieldEffect("spec.engine", "rolling", "the server starts with other flags")
    length = FieldInfo(
        ("spec", "engine", "maxModelLen"), "whole number", "value", "Tokens of context.", default=8192, effect=effect
    )
    dtype = FieldInfo(("spec", "engine", "dtype"), "text", "value", "Number format.", choices=("auto", "bfloat16"))
    engine = FieldInfo(("spec", "engine"), "mapping", "fields", "How the engine runs.", effect=effect, required=True)
    expect_golden(render_field("LLM", engine, [length, dtype]), "view/explain.field.txt")
    text = render_field("LLM", length)
    assert "default" in text
    assert "8192" in text
    assert "one of" not in text


def test_a_value_is_explained_with_all_layers_and_the_winner() -> None:
    base = Setter(Place("environments/base/chat.yaml", 0, ("spec",)), 8192)
    prod = Setter(Place("environments/prod/chat.yaml", 0, ("spec",)), 32768)
    layers = [
        (base, Span("environments/base/chat.yaml", 9, 18, 9, 22)),
        (prod, Span("environments/prod/chat.yaml", 14, 18, 14, 23)),
    ]
    path = ("spec", "engine", "maxModelLen")
    text = render_value(SpecAddress("LLM", "chat"), path, 32768, layers)
    expect_golden(text, "view/explain.value.txt")
    assert "nothing sets it" in render_value(SpecAddress("LLM", "chat"), path, 8192, [])


def test_every_rule_of_an_effect_has_words() -> None:
    for rule in get_args(EffectRule):
        info = FieldInfo(("spec",), "text", "value", effect=FieldEffect("spec", "replace", "why", rule))
        assert "a change is  replace: why" in render_field("LLM", info)


def test_doctor_tells_what_to_do() -> None:
    checks = [
        Check("git", "ok", "2.43.0", hint="never shown"),
        Check("project", "warning", "no lock file", hint="opsdecl init --lock"),
        Check("pulumi", "skipped", "no target needs it"),
        Check("target prod/main", "failed", "remote does not answer", hint="check the address"),
    ]
    text = render_checks(checks)
    expect_golden(text, "view/doctor.txt")
    assert "never shown" not in text
    assert render_checks(checks[:1]).endswith("all is well\n")


def test_a_rendering_is_counted_by_kind() -> None:
    spec = SpecAddress("LLM", "chat")
    manifests = tuple(
        Manifest(Address(spec, "main", role), ObjectKey("v1", kind, "assist", role), "", {"kind": kind}, {})
        for role, kind in (("a", "Service"), ("b", "Deployment"), ("c", "Service"))
    )
    text = render_summary(ManifestSet(RELEASE, manifests, ()), folder="out")
    assert text.splitlines()[0] == "acme-ml/prod/main   3 objects of 1 document in out"
    assert text.splitlines()[1].split() == ["2", "Service"]
    assert "digest sha256:" in text


def test_editor_settings_are_json_that_an_editor_reads() -> None:
    settings = json.loads(render_editor_settings({"./schemas/llm.schema.json": ("environments/**/*.yaml",)}))
    assert settings == {"yaml.schemas": {"./schemas/llm.schema.json": ["environments/**/*.yaml"]}}
    assert render_modeline("a.json") == "# yaml-language-server: $schema=a.json\n"


def test_any_value_is_json_with_a_format_version() -> None:
    report = json.loads(render_json(environment="prod", revisions=[APPLIED], plan_findings=believable_plan().findings))
    assert report["formatVersion"] == 1
    assert report["revisions"][0]["sourceCommit"] == "8d11e02f00"
    assert report["revisions"][0]["counts"]["noop"] == 40
    assert report["planFindings"][0]["code"] == "OD712"
