"""What a plan says in the terminal."""

from typing import Any

from opsdecl.diff.types import BaseRef, DocumentChange, Plan, RolloutForecast, RunChange
from opsdecl.view.plan.html import render_html
from opsdecl.view.plan.markdown import render_markdown
from opsdecl.view.plan.text import render_text
from tests.support.golden import expect_golden
from tests.support.plans import believable_plan, change, empty_plan, field, many_models_plan, plan


def test_the_believable_plan_looks_as_reviewed() -> None:
    expect_golden(render_text(believable_plan(), width=118), "view/plan.txt")


def test_details_show_the_fields_of_objects() -> None:
    expect_golden(render_text(believable_plan(), width=100, details=True), "view/plan.details.txt")


def test_an_empty_plan_is_one_line() -> None:
    assert render_text(empty_plan()) == "prod is up to date\n"


def test_an_empty_plan_with_errors_is_not_called_up_to_date() -> None:
    text = render_text(plan(findings=believable_plan().findings))
    assert "up to date" not in text
    assert "error[OD712]" in text
    assert text.endswith("1 error, 1 warning\n")


def test_models_that_follow_one_runtime_are_one_block_with_all_of_them_counted() -> None:
    text = render_text(many_models_plan(200))
    assert text.count("runtime.version") == 1
    assert "shared by 200 models" in text
    assert "same in 199 more: LLM model-0001" in text
    assert "and 196 more; JSON has each" in text
    assert "all 200: restarts 200–400 pods, 200–400 × l40s" in text


def rolls(index: int, wave: int, **more: Any) -> RunChange:
    known = {"strategy": "one-more", "replicas": 2, "lowest": 2, "outcome": "finishes", "seconds": (60, 120)}
    return RunChange(
        address=f"LLM.model-{index:04}", rollout=RolloutForecast(**{**known, "pools": ("h100",), "wave": wave, **more})
    )


def test_models_of_one_block_say_how_their_rollouts_differ() -> None:
    waiting = {"waits": 180, "seconds": (120, 300)}
    runs = (rolls(0, 1), rolls(1, 1), rolls(2, 2, **waiting), rolls(3, 2, **waiting), rolls(4, 1, lowest=0))
    changed = many_models_plan(5).model_copy(update={"runs": runs})
    for text in (render_text(changed), render_markdown(changed, digest="d"), render_html(changed, digest="d")):
        assert "model-0002, model-0003: a new pod starts before an old one stops, 2 of 2 serve, 2–5 min" in text
        assert "waits up to 3 min for others in pool h100" in text
        assert "model-0004: a new pod starts before an old one stops, nothing serves meanwhile" in text
        assert "model-0001: " not in text
        assert "in pool h100: model-0000, model-0001, model-0004, then model-0002, model-0003" in text


def test_rollouts_that_begin_at_once_have_no_order() -> None:
    together = many_models_plan(2).model_copy(update={"runs": (rolls(0, 1), rolls(1, 1))})
    assert "rollouts in pool" not in render_text(together)


def test_two_new_models_are_two_blocks_though_both_have_no_fields() -> None:
    new = tuple(DocumentChange(address=f"LLM.{name}", action="create") for name in ("a", "b"))
    text = render_text(plan(new))
    assert "LLM a   CREATE" in text
    assert "LLM b   CREATE" in text


def test_updates_without_a_known_field_are_not_called_the_same() -> None:
    touched = tuple(DocumentChange(address=f"LLM.{name}", action="update", classes=("rolling",)) for name in ("a", "b"))
    text = render_text(plan(touched))
    assert "LLM b   ROLLING" in text
    assert "same in" not in text


def test_blocks_of_one_line_stand_under_each_other() -> None:
    new = tuple(DocumentChange(address=f"Policy.{name}", action="create") for name in ("a", "b"))
    assert "Policy a   CREATE\nPolicy b   CREATE\n" in render_text(plan(new))


def test_objects_are_listed_by_what_happens_to_them() -> None:
    changes = (
        change("LLM.chat/main/deployment", "Deployment", "chat", "update"),
        change("LLM.chat/main/service", "Service", "chat", "create"),
        change("LLM.chat/main/template", "ConfigMap", "chat", "update"),
    )
    touched = DocumentChange(address="LLM.chat", action="update", objects=tuple(c.address for c in changes))
    assert "objects: update Deployment chat, ConfigMap chat; create Service chat" in render_text(
        plan((touched,), changes)
    )


def test_the_worst_change_comes_first() -> None:
    text = render_text(believable_plan())
    assert text.index("DATA-LOSS") < text.index("BEHAVIOUR") < text.index("METADATA")


def test_data_loss_is_named_with_its_object() -> None:
    text = render_text(believable_plan())
    assert "! deletes PersistentVolumeClaim assist/vision-cache" in text
    assert "data loss in 1 object" in text.splitlines()[-1]


def test_long_values_are_cut_where_they_differ() -> None:
    image = "registry.acme.test/team/very/long/name/of/an/image/vllm@sha256:"
    document = DocumentChange(
        address="LLM.chat", action="update", fields=(field("runtime.image", image + "aaa", image + "bbb"),)
    )
    text = render_text(plan((document,)))
    assert "aaa → " in text
    assert "bbb" in text


def test_text_that_looks_like_a_number_is_told_from_the_number() -> None:
    document = DocumentChange(address="LLM.chat", action="update", fields=(field("spec.x", "8", 8),))
    assert '"8" → 8' in render_text(plan((document,)))


def test_many_fields_are_counted_unless_details_are_asked_for() -> None:
    fields = tuple(field(f"spec.f{n}", n, n + 1) for n in range(30))
    changed = plan((DocumentChange(address="LLM.chat", action="update", fields=fields),))
    assert "and 18 more fields (--details)" in render_text(changed)
    assert "f29" in render_text(changed, details=True)


def test_an_unknown_base_is_said() -> None:
    unknown = believable_plan().model_copy(update={"base": BaseRef(ref="origin/main", known=False)})
    assert "before unknown" in render_text(unknown)


def test_an_execution_plan_says_what_it_was_compared_with() -> None:
    live: Plan = believable_plan().model_copy(update={"mode": "execution"})
    assert "compared with what target main holds" in render_text(live)


def test_drift_shows_only_what_somebody_else_changed() -> None:
    fields = (
        field("spec.replicas", 3, 5).model_copy(update={"cause": "drift"}),
        field("spec.paused", False, True),
    )
    drifted = change("LLM.chat/main/deployment", "Deployment", "chat", cause="both", fields=fields, by="anna")
    text = render_text(plan(changes=(drifted,)))
    assert "by anna" in text
    assert "3 → 5" in text
    assert "paused" not in text


def test_names_cannot_send_escapes_to_the_terminal() -> None:
    document = DocumentChange(address="LLM.\x1b[31mred\u202e", action="update", fields=(field("spec.a\x07", 1, 2),))
    text = render_text(plan((document,)))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text


def test_colour_marks_data_loss_and_is_off_unless_asked_for() -> None:
    assert "\x1b[" not in render_text(believable_plan())
    assert "\x1b[1m\x1b[31m  ! deletes PersistentVolumeClaim" in render_text(believable_plan(), color=True)


def test_colour_changes_nothing_but_colour() -> None:
    import re

    coloured = render_text(believable_plan(), color=True, width=118)
    assert re.sub(r"\x1b\[\d+m", "", coloured) == render_text(believable_plan(), width=118)
