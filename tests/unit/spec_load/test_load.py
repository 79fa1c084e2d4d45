"""A whole project: folders, identities, all findings in one run, texts, lock, digest."""

import pytest

from opsdecl.diag import Checked
from opsdecl.spec.load import load_project
from opsdecl.spec.source import MemoryTree
from opsdecl.spec.types import SpecSet

HEAD = "apiVersion: opsdecl.dev/v1\n"
PROJECT = {"environments/project.yaml": f"{HEAD}kind: Project\nmetadata: {{name: acme}}\n"}


def document(kind: str, name: str, more: str = "") -> str:
    return f"{HEAD}kind: {kind}\nmetadata: {{name: {name}}}\n{more}"


def load(files: dict[str, str | bytes]) -> Checked[SpecSet]:
    return load_project(MemoryTree({**PROJECT, **files}))


def specs(files: dict[str, str | bytes]) -> SpecSet:
    loaded = load(files)
    assert loaded.diagnostics == ()
    assert loaded.value is not None
    return loaded.value


def codes(files: dict[str, str | bytes]) -> list[str]:
    return [finding.code.id for finding in load(files).diagnostics]


def test_documents_are_found_by_folder_in_file_order() -> None:
    found = specs(
        {
            "environments/prod/z.yaml": document("Environment", "prod"),
            "environments/prod/a.yml": document("LLM", "b") + "---\n" + document("LLM", "a"),
            "environments/teams/risk/x.yaml": document("Model", "fraud"),
        }
    )
    shown = {folder: [str(d.address) for d in documents] for folder, documents in found.folders.items()}
    assert shown == {"prod": ["LLM.b", "LLM.a", "Environment.prod"], "teams/risk": ["Model.fraud"]}
    assert found.project is not None
    assert found.project.name == "acme"
    assert found.environments() == ("prod",)


def test_a_broken_file_does_not_hide_the_others() -> None:
    loaded = load(
        {
            "environments/dev/a.yaml": "a: [",
            "environments/dev/b.yaml": b"\xff\xfe",
            "environments/dev/c.yaml": document("LLM", "chat") + "---\nkind: X\n",
        }
    )
    assert [d.code.id for d in loaded.diagnostics] == ["OD112", "OD107", "OD131"]
    assert loaded.value is not None
    assert [str(d.address) for d in loaded.value.folders["dev"]] == ["LLM.chat"]


def test_a_project_that_cannot_be_read_is_not_said_to_be_missing() -> None:
    assert codes({"environments/project.yaml": "a: ["}) == ["OD112"]


def test_a_misplaced_project_is_not_said_to_be_missing() -> None:
    files: dict[str, str | bytes] = {"environments/dev/p.yaml": PROJECT["environments/project.yaml"]}
    loaded = load_project(MemoryTree(files))
    assert [d.code.id for d in loaded.diagnostics] == ["OD138"]
    assert loaded.value is not None
    assert loaded.value.project is not None


def test_texts_are_read_when_they_are_asked_for() -> None:
    found = specs(
        {
            "environments/base/chat.jinja": "{{ messages }}",
            "environments/base/logo.png": b"\x89PNG\xff",
            "environments/base/big.txt": "x" * (2 << 20),
        }
    )
    assert found.texts["environments/base/chat.jinja"] == "{{ messages }}"
    assert "environments/base/none.jinja" not in found.texts
    with pytest.raises(ValueError, match="not UTF-8"):
        found.texts["environments/base/logo.png"]
    with pytest.raises(ValueError, match="larger than 1 MiB"):
        found.texts["environments/base/big.txt"]


def test_lock() -> None:
    assert specs({"opsdecl.lock": '{"toolVersion": "0.1.0"}'}).lock == {"toolVersion": "0.1.0"}
    assert specs({}).lock is None
    assert codes({"opsdecl.lock": "- a\n"}) == ["OD139"]
    assert codes({"opsdecl.lock": ""}) == ["OD139"]
    assert codes({"opsdecl.lock": "a: 1\n<<<<<<< HEAD\nb: 1\n=======\n"}) == ["OD110"]


def test_the_digest_follows_the_meaning_and_not_the_files() -> None:
    one = document("LLM", "chat", "spec: {a: 1, b: 2}\n")
    reordered = f"# comment\nkind: LLM\n{HEAD}spec: {{b: 2, a: 1}}\nmetadata:\n  name: chat\n"
    digest = specs({"environments/dev/a.yaml": one, "environments/dev/b.yaml": document("LLM", "x")}).digest
    assert digest == specs({"environments/dev/c.yaml": document("LLM", "x") + "---\n" + reordered}).digest
    changed = (
        {"environments/dev/a.yaml": one},
        {"environments/prod/a.yaml": one, "environments/dev/b.yaml": document("LLM", "x")},
        {"environments/dev/a.yaml": one.replace("a: 1", "a: 3"), "environments/dev/b.yaml": document("LLM", "x")},
        {"environments/dev/a.yaml": one + "---\n" + document("LLM", "x"), "environments/dev/t.jinja": "x"},
    )
    assert digest not in {specs(dict(files)).digest for files in changed}


def test_messages_hold_nothing_that_acts_on_a_terminal() -> None:
    escape = '"\\e[31m"'
    text = f"{HEAD}kind: {escape}\nmetadata: {{name: {escape}}}\n---\napiVersion: {escape}\n"
    text += f"---\n{{{escape}: 1, {escape}: 2}}\n---\n- !<%1b[31m> x\n"
    found = load({"environments/dev/a.yaml": text}).diagnostics
    assert {"OD133", "OD134", "OD131", "OD116", "OD120"} <= {d.code.id for d in found}
    assert all(f"{d.message}{d.hint}".isprintable() for d in found)
