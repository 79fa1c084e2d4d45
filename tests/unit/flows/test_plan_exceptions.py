"""Exceptions of policies over the days, and what a plan says of those that come, go or change."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from opsdecl.diag import Severity
from opsdecl.diff.planfile import dump_plan, load_plan
from opsdecl.diff.types import BaseRef, Plan, SourceRef
from opsdecl.flows.memory import Memory
from opsdecl.flows.plan import Wanted, open_built, plan_review
from opsdecl.flows.validate import validate
from opsdecl.spec.source import MemoryTree
from opsdecl.view.plan.markdown import render_markdown
from opsdecl.view.plan.text import render_text
from tests.support.literate import MINIMAL_PROJECT
from tests.support.project import opsdecl_here, write_files

LLMS = """\
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: chat}
spec: {model: phi-4, runtime: vllm, accelerator: {gpu: h100-80gb, count: 1}}
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: mail}
spec: {model: phi-4, runtime: vllm, accelerator: {gpu: h100-80gb, count: 1}}
"""
POLICY = """\
apiVersion: opsdecl.dev/v1
kind: Policy
metadata: {name: house, owner: platform}
spec:
  match: {kinds: [LLM]}
  rules:
    - {name: owner, expression: has(metadata.owner), message: "`${name}` has no owner"}
"""
BOTH = """\
  exceptions:
    - name: unowned
      documents: ["LLM.*"]
      rules: [owner]
      until: "2027-01-31"
      owner: team-assist
      reason: Teams are formed in January.
"""


def tree(exceptions: str) -> MemoryTree:
    files = {"environments/dev/case.yaml": LLMS, "environments/dev/policies.yaml": POLICY + exceptions}
    return MemoryTree({**MINIMAL_PROJECT, **files})


def plan_of(before: str, after: str) -> Plan:
    memory = Memory(today=date(2026, 11, 29))
    done = plan_review(tree(after), tree(before), Wanted("dev"), SourceRef(), BaseRef(ref="main"), memory)
    assert done.plan is not None, done.diagnostics
    return done.plan


@pytest.mark.parametrize(
    ("today", "found"),
    [
        (date(2026, 11, 29), ["OD404 note"]),
        (date(2027, 1, 17), ["OD404 note"]),
        (date(2027, 1, 18), ["OD404 note", "OD405 warning"]),
        (date(2027, 1, 31), ["OD404 note", "OD405 warning"]),
        (date(2027, 2, 1), ["OD405 warning", "OD801 error"]),
        (date(2026, 1, 30), ["OD404 note", "OD408 error"]),
        (None, ["OD801 error"]),
    ],
)
def test_an_exception_holds_until_its_day(today: date | None, found: list[str]) -> None:
    opened = open_built(tree(BOTH), Wanted("dev"), Memory(today=today))
    assert sorted({f"{d.code.id} {d.severity.word}" for d in opened.diagnostics}) == found


def test_what_was_remembered_on_one_day_is_not_believed_on_another() -> None:
    kept: dict[str, str] = {}
    one = BOTH.replace("LLM.*", "LLM.chat") + "  longestException: 500d\n"
    files = {**MINIMAL_PROJECT, "environments/dev/policies.yaml": POLICY + one}
    files["environments/dev/case.yaml"] = LLMS.replace("{name: mail}", "{name: mail, owner: team-mail}")

    def severities(today: date) -> list[tuple[str, Severity]]:
        found = validate(MemoryTree(files), memory=Memory.over(Kept(kept), today)).diagnostics
        return [(d.code.id, d.severity) for d in found]

    for today in (date(2026, 11, 29), date(2026, 11, 30)):
        assert severities(today) == [("OD404", Severity.NOTE)]
    assert ("OD801", Severity.ERROR) in severities(date(2027, 2, 1))
    assert severities(date(2026, 11, 29)) == [("OD404", Severity.NOTE)]


class Kept:
    """Texts in memory, as a cache on disk keeps them."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def get_many(self, keys: Iterable[str]) -> Mapping[str, str]:
        return {key: self.texts[key] for key in keys if key in self.texts}

    def put_many(self, entries: Mapping[str, str]) -> None:
        self.texts |= entries


def test_a_plan_says_whom_a_new_exception_is_about() -> None:
    plan = plan_of("", BOTH)
    said = (
        "now excepts LLM.chat, LLM.mail from rule owner until 2027-01-31, by team-assist: Teams are formed in January"
    )
    text = render_text(plan, width=400)
    assert f"exception  unowned · {said}  new" in text
    page = render_markdown(plan, digest="")
    assert "now excepts LLM.chat, LLM.mail from rule owner until 2027-01-31" in page
    (change,) = json.loads(dump_plan(plan))["exceptions"]
    assert (change["address"], change["before"], change["after"]["documents"]) == (
        "Policy.house",
        None,
        ["LLM.chat", "LLM.mail"],
    )
    assert (change["origin"]["file"], change["origin"]["line"]) == ("environments/dev/policies.yaml", 9)


def test_the_excepted_documents_are_named_in_every_format() -> None:
    plan = plan_of(BOTH, BOTH)
    said = "`chat` has no owner (LLM.chat: `metadata.owner` is not set), excepted until 2027-01-31 by team-assist"
    assert said in render_text(plan, width=400)
    assert [f.severity for f in plan.findings if said in f.message] == ["note"]
    page = render_markdown(plan, digest="")
    assert "excepted until 2027-01-31 by team-assist" in page[page.index("Policies") :]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (BOTH, "", "no longer excepts LLM.chat, LLM.mail from rule owner"),
        (BOTH, BOTH.replace("LLM.*", "LLM.chat"), "now excepts LLM.chat from rule owner until"),
        (BOTH, BOTH.replace("LLM.*", "LLM.chat"), "(before: LLM.chat, LLM.mail)"),
        (
            BOTH,
            BOTH.replace("2027-01-31", "2027-03-31"),
            "until 2027-03-31, by team-assist: Teams are formed in January",
        ),
        (BOTH, BOTH.replace("2027-01-31", "2027-03-31"), "(before: until 2027-01-31)"),
        (BOTH, BOTH.replace("      rules: [owner]\n", ""), "from all rules until 2027-01-31"),
        (BOTH, BOTH.replace("team-assist", "ben"), "by ben: Teams are formed in January (before: by team-assist)"),
        (BOTH, BOTH.replace("      rules", "      environments: [prod]\n      rules"), "no longer excepts LLM.chat"),
    ],
)
def test_a_plan_says_what_becomes_of_an_exception(before: str, after: str, said: str) -> None:
    plan = plan_of(before, after)
    assert said in render_text(plan, width=400)
    assert load_plan(dump_plan(plan)).value == plan


def test_another_change_of_the_policy_says_nothing_of_exceptions() -> None:
    assert plan_of(BOTH, "  level: warn\n" + BOTH).exceptions == ()


@pytest.mark.parametrize(("days", "code"), [(30, 0), (-1, 3)])
def test_commands_go_by_their_own_clock(days: int, code: int, tmp_path: Path) -> None:
    until = datetime.now(UTC).date() + timedelta(days=days)
    policy = POLICY + BOTH.replace("2027-01-31", str(until))
    files = {**MINIMAL_PROJECT, "environments/dev/case.yaml": LLMS, "environments/dev/policies.yaml": policy}
    write_files(tmp_path, files)
    assert opsdecl_here(tmp_path, "validate").code == code
    said = f"excepted until {until} by team-assist" if days > 0 else f"by team-assist expired on {until}"
    card = opsdecl_here(tmp_path, "card", "LLM.chat")
    assert (card.code, said in card.out) == (code, True)
