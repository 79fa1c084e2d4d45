"""Datasets that are compared with others: what the run of the checks mounts, waits for, is told, and depends on."""

import json
from typing import Any

import pytest

from opsdecl.diff.types import BaseRef, SourceRef
from opsdecl.flows.plan import Wanted, plan_review
from opsdecl.render.canonical import to_yaml
from opsdecl.render.schemas import examine_schemas
from opsdecl.view.plan.text import render_text
from tests.support.drifting import EARLIER, SHA, drifting, drifting_tree
from tests.support.golden import expect_golden

CHECKS = "Dataset.claims/run-checks"


def pod() -> Any:
    return drifting()[CHECKS].data["spec"]["template"]["spec"]


def run_of(address: str, *changes: tuple[str, str]) -> str:
    return drifting(*changes)[address].key.name


def test_every_object_passes_kubernetes_own_schemas() -> None:
    assert examine_schemas(list(drifting().values()), "1.37", lambda address, path: None).diagnostics == ()


def test_the_reference_is_mounted_read_only_once_it_is_prepared_and_checked() -> None:
    (container,) = pod()["containers"]
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}
    mount = mounts["/datasets/before"]
    source = run_of("Dataset.before/run-source").removeprefix("before-")
    assert (mount["readOnly"], mount["subPath"]) == (True, source)
    assert volumes[mount["name"]]["persistentVolumeClaim"]["claimName"] == "before-data"
    waits = {each["name"]: each["command"][-2:] for each in pod()["initContainers"]}
    checked = run_of("Dataset.before/run-checks").removeprefix("before-")
    assert waits["wait-before"] == [f"/waiting/before/.runs/{checked}", "1"]
    assert waits["wait"][1] == "2"


def test_the_program_is_told_folders_files_and_bounds() -> None:
    command = pod()["containers"][0]["command"]
    clean = run_of("Dataset.claims/run-clean").removeprefix("claims-")
    assert command[-5] == f"/data/{clean}"
    assert command[-3:-1] == ["/datasets/before", "/datasets/before"]
    first, second, third = json.loads(drifting()["Dataset.claims/checks"].data["data"]["checks.json"])["drift"]
    reference = {"name": "Dataset.before", "files": "train/*.jsonl", "format": "jsonl"}
    assert first == {"reference": reference, "columns": [], "method": "psi", "above": 0.2, "least": 30}
    assert (second["columns"], second["method"], second["above"]) == (["amount"], "ks", 0.3)
    earlier = command[-1].removeprefix("/data/")
    assert third["reference"] == {
        "name": f"Dataset.claims as it was (sha256:{EARLIER}, 2026-09)",
        "files": "train/*.csv",
        "format": "csv",
        "run": earlier,
        "pods": 2,
    }
    assert earlier != clean
    said = f'earlier: {{digest: "sha256:{EARLIER}", version: "2026-09"}}'
    then = run_of("Dataset.claims/run-clean", (said, "earlier: {attempt: 2}"), (SHA, EARLIER), ("2026-10", "2026-09"))
    assert earlier == then.removeprefix("claims-")


def test_the_graph_starts_the_checks_after_those_of_the_reference() -> None:
    needs = [str(address) for address in drifting()[CHECKS].depends_on]
    assert any(need.startswith("Dataset.before/main/run-checks-") for need in needs), needs
    assert any(need.startswith("Dataset.claims/main/run-clean-") for need in needs), needs


MOVES: dict[str, tuple[tuple[str, str], ...]] = {
    "other bytes": (("s3://data/before, digest: \"sha256:5", "s3://data/before, digest: \"sha256:6"),),
    "another version": (("  format: jsonl", "  version: \"2\"\n  format: jsonl"),),
    "other files": (("train/*.jsonl\"}}", "train/part-*.jsonl\"}}"),),
    "another bound": (("above: 0.3", "above: 0.4"),),
    "an earlier version": (("version: \"2026-09\"}", "version: \"2026-08\"}"),),
}  # fmt: skip


@pytest.mark.parametrize("move", MOVES)
def test_another_reference_is_another_run(move: str) -> None:
    assert run_of(CHECKS, *MOVES[move]) != run_of(CHECKS)
    assert run_of("Dataset.claims/run-clean", *MOVES[move]) == run_of("Dataset.claims/run-clean")
    training = drifting(*MOVES[move])["Training.fraud/run"]
    waits = training.data["spec"]["template"]["spec"]["initContainers"]
    checked = run_of(CHECKS, *MOVES[move]).removeprefix("claims-")
    assert [each["command"][-2] for each in waits] == [f"/waiting/claims/.runs/{checked}"]
    assert training.key.name == run_of("Training.fraud/run"), "what is trained on did not change"


ALIKE: dict[str, tuple[tuple[str, str], ...]] = {
    "the address of the reference": (("s3://data/before", "s3://moved/before"),),
    "its owner": (("name: before, namespace: assist, owner: team-risk", "name: before, namespace: assist, owner: b"),),
}


@pytest.mark.parametrize("change", ALIKE)
def test_the_same_reference_is_the_same_run(change: str) -> None:
    assert run_of(CHECKS, *ALIKE[change]) == run_of(CHECKS)


def test_a_training_does_not_read_what_its_data_is_compared_with() -> None:
    (container,) = drifting()["Training.fraud/run"].data["spec"]["template"]["spec"]["containers"]
    mounted = [mount["mountPath"] for mount in container["volumeMounts"]]
    assert "/datasets/claims" in mounted
    assert "/datasets/before" not in mounted


def test_the_run_and_what_it_demands_as_objects() -> None:
    demands = drifting()["Dataset.claims/checks"].data
    told = {**demands, "data": {"checks.json": demands["data"]["checks.json"]}}
    expect_golden("---\n".join(map(to_yaml, (told, drifting()[CHECKS].data))), "drift/checks.yaml")


def test_a_plan_shows_what_of_the_reference_moved_and_the_checks_that_start() -> None:
    moved, owner = drifting_tree(*MOVES["other bytes"]), drifting_tree(*ALIKE["its owner"])
    base = BaseRef(ref="main", commit="1" * 40)
    plan = plan_review(moved, drifting_tree(), Wanted("dev"), SourceRef(ref="HEAD"), base).plan
    assert plan is not None
    expect_golden(render_text(plan), "drift/plan.txt")
    claims = next(change for change in plan.documents if change.address == "Dataset.claims")
    assert "behaviour" in claims.classes
    same = plan_review(owner, drifting_tree(), Wanted("dev"), SourceRef(ref="HEAD"), base).plan
    assert same is not None
    assert {change.address for change in same.documents} == {"Dataset.before"}
