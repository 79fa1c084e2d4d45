"""`opsdecl import pulumi` over exported stacks, as a person runs it."""

import json
from pathlib import Path

import pytest

from tests.support.foreign_stack import CREDENTIAL, exported
from tests.support.project import Ran, copy_example, opsdecl_here


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "stack.json").write_text(exported())
    return copy_example(tmp_path / "project")


def imported(project: Path, *arguments: str) -> Ran:
    return opsdecl_here(project, "import", "pulumi", "--env=dev", "--state=../stack.json", *arguments)


def test_proposals_are_shown_with_what_they_would_change(project: Path) -> None:
    done = imported(project)
    assert done.code == 0, done.all
    head, *_ = done.out.splitlines()
    assert head == "11 objects · 6 documents proposed · 6 left out"
    assert "LLM chat  imported-llm-chat.yaml  from Deployment assist/chat, Service assist/chat, Horizontal" in done.out
    assert "Deployment assist/chat  would be made anew: `spec.selector.matchLabels" in done.out
    assert "as `LLM.away` it would not compile: " in done.out
    assert "(OD317)" in done.out
    assert "\n---\napiVersion: opsdecl.dev/v1\nkind: LLM\n" in done.out
    assert CREDENTIAL not in done.all


def test_what_is_written_validates_in_the_project(project: Path) -> None:
    crowded = imported(project)
    assert "dev  with all of them\n  error[OD773] pool `inference` has 4 GPUs" in crowded.out
    settings = project / "environments/dev/environment.yaml"
    settings.write_text(settings.read_text().replace("gpu: l40s, nodes: 1", "gpu: l40s, nodes: 2"))
    done = imported(project, "--out=environments/dev/imported")
    assert done.code == 0, done.all
    assert "---" not in done.out
    files = sorted(file.name for file in (project / "environments/dev/imported").iterdir())
    assert files[:2] == ["imported-llm-chat.yaml", "imported-llm-write.yaml"]
    assert len(files) == 6
    assert CREDENTIAL not in "".join(file.read_text() for file in (project / "environments/dev/imported").iterdir())
    assert "OD773" not in done.out
    validated = opsdecl_here(project, "validate")
    assert validated.code == 0, validated.all
    assert "LLM.chat" in opsdecl_here(project, "graph", "--env=dev", "--format=json").out
    again = imported(project, "--out=environments/dev/imported")
    assert "`LLM.chat` is declared already" in again.out


def test_json_has_the_documents_and_the_changes(project: Path) -> None:
    rows = json.loads(imported(project, "--format=json").out)
    assert rows["objects"] == 11
    chat = next(row for row in rows["documents"] if row["address"] == "LLM.chat")
    assert chat["document"]["spec"]["runtime"] == "vllm-2"
    assert chat["changes"][0]["action"] == "replace"
    assert CREDENTIAL not in json.dumps(rows)


DEEP = '{"deployment": {"resources": ' + "[" * 100_000 + "]" * 100_000 + "}}"
ODD = json.dumps(
    {
        "deployment": {
            "resources": [
                {"urn": "a::odd", "type": "kubernetes:apps/v1:Deployment", "inputs": {"metadata": 7}},
                {"urn": "a::list", "type": "kubernetes:apps/v1:Deployment", "inputs": [1]},
                {"urn": 7, "type": ["kubernetes:"]},
            ]
        }
    }
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is no JSON"),
        ("\udcff", "it is no JSON"),
        ("[]", "it has no `deployment`"),
        ('{"deployment": {"resources": 7}}', "no list of mappings"),
        ('{"deployment": {"resources": ["x"]}}', "no list of mappings"),
        (DEEP, "it is no JSON"),
    ],
)
def test_what_is_no_export_is_refused(project: Path, text: str, said: str) -> None:
    (project.parent / "stack.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    done = imported(project)
    assert done.code == 1
    assert "error[OD694]" in done.err
    assert said in done.err
    assert "Traceback" not in done.all


def test_a_missing_file_and_odd_resources(project: Path) -> None:
    (project.parent / "stack.json").write_text(ODD)
    done = imported(project)
    assert done.code == 0, done.all
    assert "odd   it is no object as the API has it" in done.out
    (project.parent / "stack.json").unlink()
    assert "error[OD694]" in imported(project).err


def test_names_that_a_terminal_would_obey_are_shown(project: Path) -> None:
    (project.parent / "stack.json").write_text(exported().replace("nginx:1.27", "nginx\\u001b[31m:1"))
    assert "\x1b" not in imported(project).all
