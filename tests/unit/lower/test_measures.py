"""What the measures of a Monitor are rendered to: jobs that are told what to compare, and alerts over their numbers."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from opsdecl.flows.validate import validate_tree
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import Manifest
from opsdecl.spec.source import MemoryTree
from tests.support.measuring import measured_project
from tests.support.project import built

PROJECT = measured_project()


@cache
def objects() -> Mapping[str, Manifest]:
    found = built(MemoryTree(PROJECT), "dev").manifests.manifests
    assert examine_schemas(list(found), "1.37", lambda address, path: None).diagnostics == ()
    return {f"{m.address.spec}/{m.address.role}": m for m in found if m.address.spec.kind == "Monitor"}


def pod_of(address: str) -> Mapping[str, Any]:
    pod: Mapping[str, Any] = objects()[address].data["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return pod


def told(address: str) -> dict[str, Any]:
    env = {row["name"]: row.get("value", "") for row in pod_of(address)["containers"][0]["env"]}
    found: dict[str, Any] = json.loads(env["MEASURE"])
    return found


def test_a_job_is_told_what_to_compare_and_where_to_push() -> None:
    asked = told("Monitor.fraud/measure-inputs")
    assert asked["document"] == "Model.fraud"
    assert asked["reference"] == {"path": "/datasets/claims", "files": "train/*.parquet", "format": "parquet"}
    assert asked["current"] == {"path": "/current", "files": "**/*", "format": "jsonl", "last": 86400.0, "time": "at"}
    assert asked["pushgateway"] == "http://pushgateway.monitoring:9091"
    assert (asked["metric"], asked["method"], asked["columns"]) == ("opsdecl_data_drift", "psi", ["amount"])
    pod = pod_of("Monitor.fraud/measure-inputs")
    fetch = next(c for c in pod["initContainers"] if c["name"] == "fetch-log")
    assert fetch["args"] == ["s3://logs/fraud", "/current"]
    assert fetch["envFrom"] == [{"secretRef": {"name": "logs"}}]
    mounts = {m["mountPath"]: m for m in pod["containers"][0]["volumeMounts"]}
    assert mounts["/datasets/claims"]["readOnly"] is True
    assert pod["containers"][0]["command"] == ["python3", "/etc/opsdecl/measures/measure_drift.py"]


def test_both_sides_of_one_dataset_are_mounted_once() -> None:
    pod = pod_of("Monitor.fraud/measure-scores")
    assert [m["mountPath"] for m in pod["containers"][0]["volumeMounts"]].count("/datasets/claims") == 1
    assert told("Monitor.fraud/measure-scores")["current"]["files"] == "test/*.parquet"


def test_a_judge_is_asked_where_it_is_served_and_is_not_watched() -> None:
    asked = told("Monitor.chat/measure-answers")
    assert asked["judge"]["address"] == "http://judge.assist/v1"
    assert asked["judge"]["served"] == "judge"
    assert "Monitor.chat/scrape-llm-chat" in objects()
    assert "Monitor.chat/scrape-llm-judge" not in objects()


def test_programs_are_named_by_what_they_hold_and_jobs_mount_them() -> None:
    program = objects()["Monitor.fraud/measures"]
    assert sorted(program.data["data"]) == ["measure_answers.py", "measure_drift.py", "measure_push.py"]
    volumes = pod_of("Monitor.fraud/measure-inputs")["volumes"]
    assert {"name": "program", "configMap": {"name": program.key.name}} in volumes
    for text in program.data["data"].values():
        compile(text, "measure", "exec")


def test_panels_show_what_is_measured() -> None:
    dashboard = objects()["Monitor.fraud/dashboard"].data["data"]["fraud.json"]
    panels = {panel["title"]: panel for panel in json.loads(dashboard)["panels"]}
    assert panels["InputsDrift"]["targets"][0]["expr"].startswith("opsdecl_data_drift{")
    assert "InputsDriftUnknown" not in panels


@pytest.mark.parametrize(
    ("before", "after", "fragment"),
    [
        ("split: train", "split: trian", "Dataset.claims has no split `trian`"),
        ("name: claims, namespace: assist", "name: claims, namespace: other", "lies in namespace `other`"),
    ],
)
def test_what_a_job_could_not_read_is_refused(before: str, after: str, fragment: str) -> None:
    text = PROJECT["environments/dev/case.yaml"]
    assert before in text
    changed = {**PROJECT, "environments/dev/case.yaml": text.replace(before, after)}
    messages = [finding.message for finding in validate_tree(MemoryTree(changed))]
    assert any(fragment in message for message in messages), messages


def test_rules_of_other_monitors_measures_do_not_mix() -> None:
    rules = [r for g in objects()["Monitor.chat/rules"].data["spec"]["groups"] for r in g["rules"]]
    (alert,) = (rule for rule in rules if rule.get("alert") == "AnswersGetWorse")
    assert alert["expr"] == (
        'opsdecl_answer_quality{opsdecl_document="LLM.chat",opsdecl_environment="dev",'
        'opsdecl_monitor="Monitor.chat",measure="answers"} < 0.8'
    )
    assert alert["labels"]["about"] == "answer-quality"
