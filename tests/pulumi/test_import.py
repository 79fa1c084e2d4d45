"""Models in a stack of somebody else's program, read through the real engine."""

import json
from pathlib import Path

import pytest

from opsdecl.targets.pulumi.engine import engine_of
from tests.support.foreign_stack import CHAT, SCORE
from tests.support.project import copy_example, opsdecl
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


def program(folder: Path) -> None:
    from pulumi import CustomResource, ProviderResource, ResourceOptions

    options = ResourceOptions(provider=ProviderResource("kubernetes", "k8s", {"renderYamlToDirectory": str(folder)}))
    # What only a state holds, a value that is encrypted, no program can declare.
    chat = json.loads(json.dumps(CHAT))
    chat["spec"]["template"]["spec"]["containers"][0]["env"].pop()
    for data in (chat, SCORE):
        CustomResource("kubernetes:apps/v1:Deployment", data["metadata"]["name"], dict(data), options)


def test_a_stack_is_read_through_its_backend(pulumi: Path) -> None:
    project = copy_example(pulumi / "project")
    settings = project / "environments/dev/environment.yaml"
    target = f"type: pulumi, backend: file://{pulumi}/backend, renderYamlToDirectory: ../rendered"
    settings.write_text(settings.read_text().replace('type: git, remote: ".", branch: rendered/dev', target))
    missing = opsdecl(project, "import", "pulumi", "--env=dev")
    assert (missing.code, "OD677" in missing.err) == (1, True)

    with engine_of(folder_target(pulumi).settings, "harbor-ai") as engine:
        engine.create("dev")
        engine.up("dev", lambda: program(pulumi / "rendered"), "by another program", lambda event: None)
    done = opsdecl(project, "import", "pulumi", "--env=dev", "--out=../proposed")
    assert done.code == 0, done.all
    assert done.out.startswith("2 objects · 4 documents proposed · 0 left out")
    assert sorted(file.name for file in (pulumi / "proposed").iterdir()) == [
        "imported-llm-chat.yaml",
        "imported-model-score.yaml",
        "imported-runtime-mlserver-2.yaml",
        "imported-runtime-vllm-2.yaml",
    ]
