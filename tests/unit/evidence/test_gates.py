"""Gates: what opens them, what keeps them shut, and what people are told."""

from collections.abc import Mapping

import pytest

from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.plan import Planned, Wanted, plan_review
from opsdecl.spec.source import MemoryTree
from tests.support.measured import BASE, FIRST, PROD, SECOND, STAGING, files, found

NEXT = BASE.replace("churn/v1", "churn/v2").replace(FIRST, SECOND)
BESIDE = STAGING.replace("{metric: roc_auc, min: 0.8}", "{metric: roc_auc, against: current, tolerance: 0.01}")


def planned(desired: Mapping[str, str], evidence: Mapping[str, str] | None = None, base: str = BASE) -> Planned:
    """Of prod, where `base` was before."""
    before = files(base=base, prod=desired["environments/prod/environment.yaml"])
    after = {**desired, **(evidence or {})}
    done = plan_review(MemoryTree(after), MemoryTree(before), Wanted("prod"), SourceRef(), BaseRef(ref="main"))
    assert done.plan is not None, done.diagnostics
    return done


def states(done: Planned) -> list[tuple[str, str]]:
    assert done.plan is not None
    return [(state.state, state.reason) for state in done.plan.gates]


def codes(done: Planned) -> list[str]:
    return [d.code.id for d in done.diagnostics if d.code.id.startswith("OD8")]


def test_without_evidence_a_gate_is_closed() -> None:
    done = planned(files(base=NEXT))
    assert states(done) == [("closed", "quality found nothing about it yet")]
    assert codes(done) == ["OD856"]


def test_evidence_of_what_would_answer_opens_it() -> None:
    desired = files(base=NEXT)
    done = planned(desired, found(desired))
    assert states(done) == [("open", "quality: log_loss 0.3, roc_auc 0.9")]
    assert codes(done) == []


def test_what_changes_no_answers_demands_none() -> None:
    assert states(planned(files(base=BASE.replace("port: 8080", "port: 8080\n  replicas: {count: 3}")))) == []


def test_a_document_that_is_new_demands_evidence() -> None:
    other = BASE + BASE.split("---")[0].join(["---\n", ""]).replace("name: churn,", "name: more,")
    assert states(planned(files(base=other))) == [("closed", "quality found nothing about it yet")]


def test_evidence_is_stale_once_answers_come_from_something_else() -> None:
    done = planned(files(base=NEXT), found(files()))
    ((state, reason),) = states(done)
    assert (state, codes(done)) == ("stale", ["OD857"])
    assert reason == "source.digest changed since quality measured it, 2026-11-28 10:01 UTC"
    assert done.plan is not None
    assert done.plan.gates[0].fields == ("source.digest",)
    (finding,) = [d for d in done.diagnostics if d.code.id == "OD857"]
    assert finding.at is not None
    assert finding.at.file == "environments/base/churn.yaml"


@pytest.mark.parametrize(("value", "is_open"), [(0.79, False), (0.8, True)])
def test_numbers_that_do_not_reach_the_threshold_keep_it_shut(value: float, is_open: bool) -> None:
    desired = files(base=NEXT)
    done = planned(desired, found(desired, value))
    assert codes(done) == ([] if is_open else ["OD858"])


def test_of_several_measurements_the_last_one_counts() -> None:
    desired = files(base=NEXT)
    good = found(desired, 0.9)
    bad = found(desired, 0.5, startedAt="2026-11-28T11:00:00Z", finishedAt="2026-11-28T11:01:00Z")
    assert codes(planned(desired, {**good, **bad})) == ["OD858"]
    assert (
        codes(planned(desired, {**found(desired, 0.5), **found(desired, 0.9, finishedAt="2026-11-29T00:00:00Z")})) == []
    )


@pytest.mark.parametrize("allowed", [False, True])
def test_simulated_evidence_opens_only_where_the_environment_says_so(allowed: bool) -> None:
    gate = PROD.replace("kinds: [Model]", f"kinds: [Model], allowSimulated: {str(allowed).lower()}")
    desired = files(base=NEXT, prod=gate)
    assert codes(planned(desired, found(desired, trust="simulated"))) == ([] if allowed else ["OD859"])


def test_the_version_in_use_must_have_been_measured_to_be_compared_with() -> None:
    desired = files(base=NEXT, staging=BESIDE)
    assert codes(planned(desired, found(desired))) == ["OD860"]


@pytest.mark.parametrize(("before", "code"), [(0.905, []), (0.95, ["OD858"])])
def test_a_candidate_may_not_be_worse_than_the_version_in_use(before: float, code: list[str]) -> None:
    desired = files(base=NEXT, staging=BESIDE)
    current = found(files(staging=BESIDE), before)
    assert codes(planned(desired, {**found(desired, 0.9), **current})) == code


def test_numbers_on_other_data_cannot_be_compared() -> None:
    desired = files(base=NEXT, staging=BESIDE)
    current = found(files(staging=BESIDE), 0.5, data=FIRST)
    assert codes(planned(desired, {**found(desired, 0.9), **current})) == ["OD860"]


def test_a_file_that_was_edited_counts_as_none_and_is_pointed_out() -> None:
    desired = files(base=NEXT)
    ((path, text),) = found(desired, 0.5).items()
    done = planned(desired, {path: text.replace("0.5", "0.9")})
    assert codes(done) == ["OD856", "OD861"]
    assert "its name is not its digest" in next(d.message for d in done.diagnostics if d.code.id == "OD861")


def test_evidence_lies_outside_of_what_is_applied() -> None:
    desired = files(base=NEXT)
    with_it, without = planned(desired, found(desired)), planned(desired)
    assert with_it.plan is not None
    assert without.plan is not None
    assert with_it.plan.releases[0].desired == without.plan.releases[0].desired


def test_gates_of_some_documents_leave_the_others_alone() -> None:
    gate = PROD.replace("kinds: [Model]", "documents: [Model.churn], classes: [capacity]")
    assert states(planned(files(base=NEXT, prod=gate))) == []


TRAINING = """\
---
apiVersion: opsdecl.dev/v1
kind: Training
metadata: {name: tune, owner: team-risk}
spec:
  framework: sklearn
  image: registry.example.com/train:1.0.0
  command: [train]
  timeLimit: 1h
  output: {size: 1Gi}
"""


def test_evidence_of_a_training_speaks_of_the_model_that_it_makes() -> None:
    trained = BASE.replace(f'{{uri: "s3://models/churn/v1", digest: "{FIRST}"}}', "{training: tune}") + TRAINING
    assert "{training: tune}" in trained
    desired = files(base=trained, staging=STAGING.replace("{model: churn}", "{training: tune}"))
    assert codes(planned(desired)) == ["OD856"]
    assert codes(planned(desired, found(desired))) == []
    again = files(
        base=trained.replace("train:1.0.0", "train:2.0.0"), staging=desired["environments/staging/environment.yaml"]
    )
    assert codes(planned(again, found(desired))) == ["OD856"]
