"""The comment of a pull request: bounded, valid whatever the names are, and honest about what was cut."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from opsdecl.diff.types import Approval, DocumentChange, Effects, Finding, Origin, Plan, TransparencyChange
from opsdecl.view.plan.failure import render_failure_markdown
from opsdecl.view.plan.html import render_html
from opsdecl.view.plan.markdown import LEAST_BUDGET, render_markdown
from tests.support.findings import believable_findings
from tests.support.golden import expect_golden
from tests.support.plans import (
    DIGEST,
    believable_plan,
    change,
    distinct_models_plan,
    empty_plan,
    field,
    many_models_plan,
    plan,
)

OUR_TAGS = re.compile(r"</?(details|summary|b|code)>|<!-- opsdecl:plan:[A-Za-z0-9._-]* -->")
MARKS = (
    *(
        "|",
        "`",
        "``",
        "\\",
        "\n",
        "\n\n",
        "\r",
        "\t",
        "\x00",
        "# x",
        "- ",
        "***",
        "*",
        "_",
        "~~",
        "&lt;",
        "a",
        " ",
        "$x$",
    ),
    *("</details>", "<script>", "-->", "@anna", "#12", "GH-1", "]", "[x](y)", "![i](j)", "https://a.test"),
)
HOSTILE = st.one_of(
    st.text(min_size=1, max_size=60),
    st.lists(st.sampled_from(MARKS), min_size=1, max_size=12).map("".join),
)


def test_the_believable_plan_looks_as_reviewed() -> None:
    expect_golden(render_markdown(believable_plan(), digest=DIGEST), "view/plan.md")


def test_an_empty_plan_still_leaves_a_comment() -> None:
    expect_golden(render_markdown(empty_plan(), digest=DIGEST), "view/plan.empty.md")


def test_an_empty_plan_with_a_warning_says_both() -> None:
    warned = plan(findings=believable_plan().findings[1:])
    assert "⚠️ up to date, 1 warning\n" in render_markdown(warned, digest=DIGEST)


def test_a_plan_that_could_not_be_made_leaves_a_comment() -> None:
    expect_golden(render_failure_markdown("prod", believable_findings()), "view/plan.failed.md")


def test_a_time_out_says_so() -> None:
    text = render_failure_markdown("prod", (), reason="time ran out after 300 s, while rendering")
    assert text.splitlines()[:2] == [
        "<!-- opsdecl:plan:prod -->",
        "### opsdecl · prod · ❌ no plan: time ran out after 300 s, while rendering",
    ]
    assert "which objects change" in text


@pytest.mark.parametrize("number", [1, 200, 2_000])
@pytest.mark.parametrize("budget", [LEAST_BUDGET, 20_000, 60_000])
def test_the_budget_holds_and_the_digest_stays(number: int, budget: int) -> None:
    text = render_markdown(distinct_models_plan(number), digest=DIGEST, budget=budget)
    assert len(text.encode("utf-8")) <= budget
    assert DIGEST in text
    assert text.count("<details>") == text.count("</details>")


def test_a_cut_comment_says_what_is_missing_and_where_all_of_it_is() -> None:
    text = render_markdown(distinct_models_plan(2_000), digest=DIGEST, whole="the artifact plan.json of this run")
    missing = re.search(r"Not shown: ([\d,]+) of 2,000 changes and the details of ([\d,]+) more", text)
    assert missing
    assert "the artifact plan.json of this run" in text
    lost, brief = (int(number.replace(",", "")) for number in missing.groups())
    assert text.count("<details>") + text.count("\n- `LLM model") == 2_000 - lost
    assert text.count("\n- `LLM model") == brief


def test_a_comment_that_was_not_cut_does_not_say_so() -> None:
    assert "Cut to fit" not in render_markdown(many_models_plan(200), digest=DIGEST)


def test_the_worst_changes_are_the_ones_that_stay() -> None:
    loud = DocumentChange(address="LLM.zz-last", action="delete", classes=("removal",))
    crowd = distinct_models_plan(2_000)
    text = render_markdown(crowd.model_copy(update={"documents": (*crowd.documents, loud)}), digest=DIGEST)
    assert text.index("LLM zz-last") < text.index("LLM model-0000")


def hostile_plan(text: str) -> Plan:
    """Every name, value, message and reason is the given text."""
    finding = Finding(code="OD712", severity="error", message=text, file=text, line=1, hint=text, subject=f"LLM.{text}")
    document = DocumentChange(
        address=f"LLM.{text}",
        action="update",
        classes=("behaviour",),
        fields=(field(f"spec.{text}", text, text + "x", reason=text), field(text, 1, {text: text})),
        effects=Effects(pods=(1, 2), gpus=(1, 2), gpu=text, restart_field=text),
        shared_by={f"spec.{text}": 3},
        objects=(f"LLM.{text}/main/deployment",),
    )
    changes = (
        change(f"LLM.{text}/main/deployment", text, text, "delete", classes=("data-loss",), reasons=(text,)),
        change(f"LLM.{text}/main/a", text, text, cause="drift", fields=(field(text, text, None),), by=text),
        change(f"LLM.{text}/main/b", text, text, cause="tool", reasons=(text,), namespace=text),
    )
    approvals = (Approval(change_class="behaviour", group=text, documents=(f"LLM.{text}",)),)
    origin, pinned = Origin(file=text, line=1, column=1), (f"{text} @ 1", f"{text} @ 2")
    told = TransparencyChange(
        address=f"LLM.{text}", topic="adapter", name=text, before=pinned[0], after=pinned[1], origin=origin
    )
    made = plan((document,), changes, findings=(finding, finding), approvals=approvals)
    return made.model_copy(update={"transparency": (told,)})


def skeleton(markdown: str) -> list[tuple[str, str]]:
    """Block structure only: what is a heading, a table cell, a list, HTML."""
    return [(token.type, token.tag) for token in parse(markdown) if token.type != "inline"]


def inline(markdown: str) -> list[Token]:
    return [child for token in parse(markdown) for child in token.children or ()]


def html_of(markdown: str) -> list[str]:
    """What a reader's host would take for HTML."""
    tokens = [*parse(markdown), *inline(markdown)]
    return [token.content for token in tokens if token.type in ("html_block", "html_inline")]


def parse(markdown: str) -> list[Token]:
    return MarkdownIt("gfm-like", {"linkify": False}).parse(markdown)


@settings(max_examples=150, deadline=None)
@given(HOSTILE)
def test_no_name_changes_the_structure_of_the_comment(text: str) -> None:
    markdown = render_markdown(hostile_plan(text), digest=DIGEST)
    assert skeleton(markdown) == skeleton(render_markdown(hostile_plan("name"), digest=DIGEST))
    written = {"text", "code_inline", "softbreak", "html_inline", "text_special", "strong_open", "strong_close"}
    assert {token.type for token in inline(markdown)} <= written
    assert "<" not in OUR_TAGS.sub("", "".join(html_of(markdown)))


@settings(max_examples=100, deadline=None)
@given(HOSTILE)
def test_no_name_mentions_a_person_or_an_issue(text: str) -> None:
    markdown = render_markdown(hostile_plan(text), digest=DIGEST)
    said = "".join(token.content for token in inline(markdown) if token.type in ("text", "text_special"))
    assert not re.search(r"@\w|#\d|://", said)


@settings(max_examples=100, deadline=None)
@given(HOSTILE, st.integers(0, 40), st.integers(0, 70_000))
def test_the_budget_holds_for_any_names(text: str, repeat: int, budget: int) -> None:
    markdown = render_markdown(hostile_plan(text * repeat + "x"), digest=DIGEST, budget=budget, whole=text)
    assert len(markdown.encode("utf-8")) <= max(budget, LEAST_BUDGET)
    written = "".join(html_of(markdown))
    assert written.count("<details>") == written.count("</details>") == written.count("</summary>")


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_the_page_escapes_every_name(text: str) -> None:
    page = render_html(hostile_plan(text), digest=DIGEST)
    harmless = render_html(hostile_plan("name"), digest=DIGEST)
    tags = re.compile(r"<[/!a-zA-Z][^>]*>")
    assert tags.findall(page) == tags.findall(harmless)


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = render_html(believable_plan(), digest=DIGEST)
    assert not re.search(r"<script|<link|src=|href=|url\(|@import", page)
    assert "vision-cache" in page
    assert DIGEST in page
    expect_golden(page, "view/plan.html")
