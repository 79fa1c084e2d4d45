import json
from pathlib import Path
from typing import Any

import pytest

from opsdecl.diag import Checked
from opsdecl.diff import planfile
from opsdecl.diff.planfile import dump_plan, load_plan, plan_digest, plan_schema
from opsdecl.diff.types import Plan
from tests.unit.diff.releases import chat, release, review
from tests.unit.diff.test_plan import LONGER, plan

SCHEMA = Path(__file__).parents[3] / "schemas" / "plan.schema.json"


def sample() -> Plan:
    return plan(review(chat(), chat(engine=LONGER)), review(chat(), release()))


def codes_of(checked: Checked[Plan]) -> list[str]:
    assert checked.value is None
    return [diagnostic.code.id for diagnostic in checked.diagnostics]


def edited(**values: Any) -> bytes:
    return json.dumps({**json.loads(dump_plan(sample())), **values}).encode()


def test_a_saved_plan_is_the_same_plan() -> None:
    loaded = load_plan(dump_plan(sample()))
    assert loaded.diagnostics == ()
    assert loaded.value == sample()
    assert plan_digest(sample()).startswith("sha256:")


def test_the_file_is_camel_case_and_ends_with_one_newline() -> None:
    data = dump_plan(sample())
    assert data.endswith(b"}\n")
    assert b'"formatVersion":1' in data
    assert b"format_version" not in data
    assert json.loads(data)["releases"][0]["changes"][0]["object"]["apiVersion"]


def test_any_other_plan_has_another_digest() -> None:
    assert plan_digest(sample()) != plan_digest(sample().model_copy(update={"environment": "dev"}))


def test_fields_of_newer_writers_are_ignored() -> None:
    assert load_plan(edited(colour="blue")).value == sample()


@pytest.mark.parametrize("part", [0, 0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_no_plan(part: float) -> None:
    data = dump_plan(sample())
    assert codes_of(load_plan(data[: int(len(data) * part)])) == ["OD501"]


@pytest.mark.parametrize(
    "data", [b"[]", b"7", b"\xff\xfe", b"{} {}", b'{"formatVersion": NaN}', b"kind: LLM", b"1" * 5000]
)
def test_what_is_no_plan_is_refused(data: bytes) -> None:
    assert codes_of(load_plan(data)) == ["OD501"]


@pytest.mark.parametrize("version", [2, 0, None, "1", True, [1]])
def test_other_format_versions_are_refused(version: Any) -> None:
    assert codes_of(load_plan(edited(formatVersion=version))) == ["OD502"]


def test_a_wrong_field_is_named() -> None:
    found = load_plan(edited(releases=[{"id": "a", "target": "b", "desired": {}, "summary": {"x": "many"}}], mode="no"))
    messages = " ".join(d.message for d in found.diagnostics)
    assert set(codes_of(found)) == {"OD503"}
    assert "`releases[0].desired.digest` of the plan file is missing" in messages
    assert "`mode` of the plan file is not one of" in messages


def test_hostile_nesting_is_refused() -> None:
    assert codes_of(load_plan(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}")) == ["OD504"]
    assert codes_of(load_plan(b'{"formatVersion":1,"a":' + b"[" * 400 + b"]" * 400 + b"}")) == ["OD504"]


def test_hostile_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planfile, "MAX_BYTES", 10)
    assert codes_of(load_plan(b"{" + b" " * 20)) == ["OD504"]


def test_a_hundred_wrong_fields_are_not_a_hundred_findings() -> None:
    assert len(codes_of(load_plan(edited(findings=[{}] * 100)))) == 10


def test_the_file_fits_its_published_schema(jsonschema: Any) -> None:
    schema = plan_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(dump_plan(sample())), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(edited(mode="other")), schema)


def test_the_published_schema_is_current() -> None:
    assert json.loads(SCHEMA.read_text("utf-8")) == plan_schema(), "run `make generate`"
