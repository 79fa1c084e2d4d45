"""Stacks as programs of their own: Pulumi's own command line previews them without changes, on the real engine."""

import ast
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opsdecl.addr import Address, ObjectKey
from opsdecl.diag import Checked
from opsdecl.render.types import ManifestSet
from opsdecl.targets.files import write_new_tree
from opsdecl.targets.pulumi.ejecting.reading import Ejected
from opsdecl.targets.pulumi.target import PulumiTarget
from tests.contracts.builders import apply, chat, manifest, release
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import assist
from tests.support.git import repository
from tests.support.plain_pulumi import PlainPulumi
from tests.support.project import built, copy_example, example_tree, opsdecl
from tests.support.pulumi_places import PASSPHRASE, cluster_stack, folder_target, pulumi

__all__ = ["assist", "pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


def ejected(target: PulumiTarget, folder: Path, **env: str) -> PlainPulumi:
    done = target.eject()
    assert done.value is not None, done.diagnostics
    assert done.diagnostics == ()
    assert write_new_tree(folder, done.value.files).diagnostics == ()
    return PlainPulumi(folder, {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE, **env})


def check_unchanged(program: PlainPulumi) -> None:
    """Neither preview nor an update finds anything to do, and the state is the same afterwards."""
    before = resources(program)
    check_nothing_to_do(program, len(before))
    assert resources(program) == before


def check_nothing_to_do(program: PlainPulumi, unchanged: int) -> None:
    preview = program("preview", "--stack=prod", "--expect-no-changes", "--diff")
    assert preview.code == 0, preview.all
    assert f"{unchanged} unchanged" in preview.out
    update = program("up", "--stack=prod", "--yes", "--skip-preview")
    assert update.code == 0, update.all
    assert f"{unchanged} unchanged" in update.out


def resources(program: PlainPulumi) -> Mapping[str, Any]:
    """By URN, without when and from which line of source they were declared."""
    exported = program("stack", "export", "--stack=prod")
    assert exported.code == 0, exported.all
    kept = {}
    for row in json.loads(exported.out)["deployment"]["resources"]:
        told = {name: value for name, value in row.items() if name not in ("modified", "sourcePosition", "stackTrace")}
        kept[row["urn"]] = {**told, "dependencies": sorted(row.get("dependencies") or ())}
    return kept


def check_style(folder: Path) -> None:
    for check in (["format", "--check"], ["check", "--select=E,F,I,UP,B,SIM,RUF100", "--ignore=E501"]):
        command = [sys.executable, "-m", "ruff", check[0], "--isolated", *check[1:], "."]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_example_previews_without_changes_and_reads_well(pulumi: Path) -> None:
    desired = built(example_tree(), "prod").manifests
    target = folder_target(pulumi, desired, desired.release)
    assert apply(target, desired).diagnostics == ()
    program = ejected(target, pulumi / "program")
    check_style(program.folder)
    check_unchanged(program)
    text = (program.folder / "documents/llm_assistant.py").read_text()
    ast.parse(text)
    assert 'deployment = k8s.apps.v1.Deployment(\n    "LLM.assistant/main/deployment",\n' in text
    assert 'ignore_changes=["spec.replicas"]' in text
    assert "depends_on=[cache, chat_template, guardrails, service_account]" in text
    assert "protect=True" in text
    assert '"termination_grace_period_seconds": 130,' in text
    assert "pulumi.CustomResource(" not in text
    assert "pulumi-kubernetes==4." in (program.folder / "requirements.txt").read_text()


def odd_objects() -> ManifestSet:
    """Objects that need each other in a circle of documents, names that Python has taken, a type that no class has,
    texts in all quotes, large and small numbers, and a rename."""
    first = manifest("LLM.chat/main/config", "ConfigMap", "first", value="a 'b' \"c\" \\ \t é\nlast\n")
    second = manifest("Model.class/main/lambda", "ConfigMap", "second", needs=("LLM.chat/main/config",))
    third = manifest("LLM.chat/main/pulumi", "Service", "third", value=86400, needs=("Model.class/main/lambda",))
    custom = replace(
        manifest("Model.class/main/custom", "ConfigMap", "widget"),
        key=ObjectKey("widgets.example.com/v1", "Widget", "assist", "widget"),
        token="kubernetes:widgets.example.com/v1:Widget",
        data={
            "apiVersion": "widgets.example.com/v1",
            "kind": "Widget",
            "metadata": {"name": "widget", "namespace": "assist", "labels": {"match_labels": "1", "from": "2"}},
            "spec": {"matchLabels": {"nodeSelector": 1}, "match_labels": [1.5, -3, 0, True, "no", 2**53]},
        },
    )
    bare = replace(
        custom,
        address=Address.parse("Model.class/main/bare"),
        key=custom.key._replace(name="bare"),
        data={**custom.data, "metadata": {"name": "bare", "namespace": "assist"}, "templates": ["{{ name }}"]},
    )
    renamed = manifest("LLM.new/main/service", "Service", "old", aliases=(Address.parse("LLM.old/main/service"),))
    held = manifest("LLM.new/main/job", "ConfigMap", "kept", protect=True, ignore_changes=(("data", "value"),))
    return release(first, second, third, custom, bare, renamed, held)


def test_odd_objects_are_declared_as_they_are(pulumi: Path) -> None:
    target = folder_target(pulumi)
    assert apply(target, release(manifest("LLM.old/main/service", "Service", "old"))).diagnostics == ()
    assert apply(target, odd_objects()).diagnostics == ()
    program = ejected(target, pulumi / "program")
    check_style(program.folder)
    sources = "\n".join(file.read_text() for file in (program.folder / "documents").iterdir() if file.is_file())
    assert "k8s.apiextensions.CustomResource(" in sources
    assert "pulumi.CustomResource(" in sources
    check_unchanged(program)


def test_a_stack_on_a_cluster_previews_without_changes(cluster: ControlPlane, pulumi: Path, assist: str) -> None:
    target = cluster_stack(cluster, pulumi)
    assert apply(target, chat()).diagnostics == ()
    program = ejected(target, pulumi / "program", KUBECONFIG=str(cluster.kubeconfig))
    check_unchanged(program)
    assert str(cluster.kubeconfig) not in "".join(file.read_text() for file in program.folder.glob("*.*"))
    changed = program.folder / "documents/llm_chat.py"
    changed.write_text(changed.read_text().replace('"revision_history_limit": 1', '"revision_history_limit": 4'))
    assert "1 to update" in program("preview", "--stack=prod").out
    assert program("up", "--stack=prod", "--yes", "--skip-preview").code == 0
    assert cluster.get("deployment", "chat", "assist")["spec"]["revisionHistoryLimit"] == 4


def test_secrets_stay_encrypted(pulumi: Path) -> None:
    """opsdecl itself writes none; a stack may hold one all the same, which its key opens."""
    secret = replace(
        manifest("LLM.chat/main/token", "ConfigMap", "token"),
        key=ObjectKey("v1", "Secret", "assist", "token"),
        token="kubernetes:core/v1:Secret",
        data={
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "token", "namespace": "assist"},
            "data": {"token": "Y2FuYXJ5"},
        },
    )
    target = folder_target(pulumi)
    assert apply(target, release(secret)).diagnostics == ()
    program = ejected(target, pulumi / "program")
    everything = "".join(file.read_text() for file in program.folder.rglob("*.*") if file.is_file())
    assert "Y2FuYXJ5" not in everything
    assert "config.require_secret_object(" in everything
    check_nothing_to_do(program, len(resources(program)))


def test_the_command_writes_into_an_empty_folder_only(pulumi: Path) -> None:
    project = copy_example(pulumi / "project")
    settings = project / "environments/dev/environment.yaml"
    backend = f"type: pulumi, backend: file://{pulumi}/backend, renderYamlToDirectory: ../rendered"
    settings.write_text(settings.read_text().replace('type: git, remote: ".", branch: rendered/dev', backend))
    repository(project)
    missing = opsdecl(project, "eject", "pulumi", "../program", "--env=dev")
    assert (missing.code, "OD677" in missing.err, (pulumi / "program").exists()) == (1, True, False)
    assert opsdecl(project, "apply", "--env=dev", "--yes").code == 0
    done = opsdecl(project, "eject", "pulumi", "../program", "--env=dev")
    assert done.code == 0, done.all
    assert "pulumi preview --stack dev" in done.out
    again = opsdecl(project, "eject", "pulumi", "../program", "--env=dev")
    assert (again.code, "is not an empty folder" in again.err) == (1, True)
    other = opsdecl(project, "eject", "pulumi", "../other", "--env=staging")
    assert (other.code, "OD693" in other.err) == (1, True)
    program = PlainPulumi(pulumi / "program", {"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE})
    assert program("preview", "--stack=dev", "--expect-no-changes").code == 0


def codes(done: Checked[Ejected]) -> list[str]:
    assert all(finding.hint for finding in done.diagnostics)
    return [finding.code.id for finding in done.diagnostics]


def test_what_was_not_applied_is_said(pulumi: Path) -> None:
    assert codes(folder_target(pulumi, chat()).eject()) == ["OD677"]
    apply(folder_target(pulumi), chat())
    done = folder_target(pulumi, chat(2)).eject()
    assert codes(done) == ["OD691"]
    assert "`LLM.chat/main/deployment`" in done.diagnostics[0].message
    assert done.value is not None


def test_a_stack_in_the_middle_of_an_update_is_refused(pulumi: Path) -> None:
    apply(folder_target(pulumi), chat())
    path = pulumi / "backend/.pulumi/stacks/acme/prod.json"
    state = json.loads(path.read_text())
    deployment = state["checkpoint"]["latest"]
    row = next(row for row in deployment["resources"] if row["urn"].endswith("/service"))
    deployment["pending_operations"] = [{"resource": row, "type": "updating"}]
    path.write_text(json.dumps(state))
    done = folder_target(pulumi).eject()
    assert codes(done) == ["OD690"]
    assert "`LLM.chat/main/service` (updating)" in done.diagnostics[0].message
    assert done.value is None
