import dataclasses

from opsdecl.addr import Address, ObjectKey
from opsdecl.apply.steps import add_steps, order_waves
from opsdecl.diff.release import diff_release, state_from_manifests
from opsdecl.diff.types import Step
from opsdecl.render.types import Manifest, ManifestSet
from tests.unit.diff.releases import CHAT, EFFECTS, chat, document, hpa, release, service


def needs(source: Manifest, *roles: str) -> Manifest:
    return dataclasses.replace(source, depends_on=tuple(Address(CHAT, "main", role) for role in roles))


def ordered() -> ManifestSet:
    needed = {"deployment": ("cache",), "hpa": ("deployment",), "service": ()}
    return release(*(needs(m, *needed.get(m.address.role, ())) for m in chat().manifests), documents=(document(),))


def steps(before: ManifestSet | None, after: ManifestSet, *, recorded: bool = True, wait: bool = False) -> list[str]:
    base = state_from_manifests(before) if before else None
    diff = diff_release(base, after, effects=EFFECTS, forget={"LLM.chat/main/service"})
    found = add_steps(diff.release, after, base if recorded else None, wait=wait)
    assert found.value is not None
    return [_show(step) for step in found.value.steps]


def _show(step: Step) -> str:
    return " ".join([f"{step.wave} {step.verb}", *(a.rpartition("/")[2] for a in step.addresses)])


def test_what_others_need_comes_first() -> None:
    assert steps(None, ordered()) == ["0 apply cache service", "1 apply deployment", "2 apply hpa", "3 record"]


def test_the_last_step_waits_for_all_that_was_applied() -> None:
    assert steps(None, ordered(), wait=True) == [
        "0 apply cache service", "1 apply deployment", "2 apply hpa", "3 record",
        "4 wait cache deployment hpa service",
    ]  # fmt: skip


def test_what_must_be_done_before_others_can_use_it_is_waited_for() -> None:
    view = document()
    fetch = dataclasses.replace(service(view), key=ObjectKey("batch/v1", "Job", "assist", "fetch"))
    after = release(fetch, needs(hpa(view), "service"), documents=(view,))
    assert steps(None, after, wait=True) == [
        "0 apply service", "0 wait service", "1 apply hpa", "2 record", "3 wait hpa service",
    ]  # fmt: skip


def test_a_wave_has_the_same_number_whatever_changes() -> None:
    before = release(*(m for m in ordered().manifests if m.address.role != "hpa"), documents=(document(),))
    assert steps(before, ordered()) == ["2 apply hpa", "3 record"]


def test_nothing_to_do_has_no_steps() -> None:
    assert steps(ordered(), ordered()) == []


def test_deletions_go_the_other_way_round_after_everything_else() -> None:
    other = document("other")
    after = release(service(other, "other"), documents=(other,))
    assert steps(ordered(), after) == [
        "0 apply service", "1 prune hpa", "2 prune deployment", "3 prune cache", "4 forget service", "5 record",
    ]  # fmt: skip


def test_deletions_without_recorded_dependencies_go_by_kind() -> None:
    assert steps(ordered(), release(), recorded=False) == [
        "0 prune hpa", "1 prune deployment", "2 prune cache", "3 forget service", "4 record",
    ]  # fmt: skip


def test_recorded_dependencies_count_for_more_than_kinds() -> None:
    needed = {"cache": ("hpa",), "deployment": ("cache",), "service": ("deployment",)}
    before = release(*(needs(m, *needed.get(m.address.role, ())) for m in chat().manifests))
    base = state_from_manifests(before)
    found = add_steps(diff_release(base, release(), effects=EFFECTS).release, release(), base).value
    assert found is not None
    assert [a.rpartition("/")[2] for step in found.steps for a in step.addresses] == [
        "service", "deployment", "cache", "hpa",
    ]  # fmt: skip


def test_a_circle_is_named_in_full() -> None:
    view = document()
    circle = release(needs(service(view), "hpa"), needs(hpa(view), "service"), documents=(view,))
    found = add_steps(diff_release(None, circle, effects=EFFECTS).release, circle)
    assert found.value is None
    (diagnostic,) = found.diagnostics
    assert diagnostic.code.id == "OD530"
    assert diagnostic.message.endswith("`LLM.chat/main/hpa` → `LLM.chat/main/service` → `LLM.chat/main/hpa`")
    assert diagnostic.subject == "LLM.chat"


def test_what_only_waits_for_a_circle_is_not_part_of_it() -> None:
    found = order_waves({"a/x": ("b/x",), "b/x": ("a/done", "c/x"), "c/x": ("b/x",), "a/done": ()})
    assert found.diagnostics[0].message.endswith(": `b/x` → `c/x` → `b/x`")


def test_what_is_elsewhere_is_taken_to_be_there() -> None:
    assert order_waves({"a": ("elsewhere",)}).value == {"a": 0}


def test_a_long_chain_is_no_trouble() -> None:
    chain = {str(n): (str(n - 1),) if n else () for n in range(2000)}
    found = order_waves(chain).value
    assert found is not None
    assert found["1999"] == 1999
