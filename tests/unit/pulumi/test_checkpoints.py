"""Stacks read from the files of a folder; all that is not plainly one is left to Pulumi itself."""

import json
from pathlib import Path

import pytest

from opsdecl.targets.pulumi.checkpoints import Folder, Unsure, folder_of

LATEST = {"manifest": {"time": "2026-03-01T09:12:00Z"}, "resources": [{"urn": "a", "inputs": {"size": 2**60 + 1}}]}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """With a stack `prod` of the project `acme`."""
    stacks = tmp_path / ".pulumi/stacks/acme"
    stacks.mkdir(parents=True)
    (tmp_path / ".pulumi/meta.yaml").write_text("version: 1\n")
    written = {"version": 3, "checkpoint": {"stack": "organization/acme/prod", "latest": LATEST}}
    (stacks / "prod.json").write_text(json.dumps(written))
    (stacks / "prod.json.bak").write_text("of before")
    return Folder(tmp_path)


def test_a_stack_is_what_its_file_says_to_the_last_digit(folder: Folder) -> None:
    assert folder.deployment("acme", "prod") == LATEST


def test_what_has_no_file_is_no_stack(folder: Folder) -> None:
    assert folder.deployment("acme", "dev") is None
    assert folder.deployment("other", "prod") is None


def test_stacks_are_those_of_the_project_alone(folder: Folder) -> None:
    (folder.path / ".pulumi/stacks/acme/prod.opsdecl.json").write_text("{}")
    (folder.path / ".pulumi/stacks/acme/old.json.gz").write_text("")
    (folder.path / ".pulumi/stacks/acme/old.json.gz.bak").write_text("")
    assert folder.stacks("acme") == ("old", "prod", "prod.opsdecl")
    assert folder.stacks("other") == ()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("meta.yaml", "version: 2\n"),
        ("stacks/acme/prod.json", '{"version": 3, "checkpoint": {"latest": {"res'),
        ("stacks/acme/prod.json", '{"version": 3, "checkpoint": {"stack": "prod"}}'),
        ("stacks/acme/prod.json", '{"version": 4, "features": ["x"], "checkpoint": {"latest": {}}}'),
        ("stacks/acme/prod.json", '{"version": 3, "features": ["x"], "checkpoint": {"latest": {}}}'),
        ("stacks/acme/prod.json", "[]"),
        ("stacks/acme/prod.json.gz", ""),
    ],
)
def test_another_layout_and_damage_are_pulumis_to_judge(folder: Folder, file: str, content: str) -> None:
    (folder.path / ".pulumi" / file).write_text(content)
    with pytest.raises(Unsure):
        folder.deployment("acme", "prod")


@pytest.mark.parametrize("missing", [".pulumi/meta.yaml", ".pulumi", "."])
def test_a_backend_that_is_not_whole_is_never_taken_for_an_empty_one(folder: Folder, missing: str) -> None:
    (folder.path / missing).rename(folder.path.with_name(f"{folder.path.name}-away"))
    for look in (lambda: folder.deployment("acme", "prod"), lambda: folder.stacks("acme")):
        with pytest.raises(Unsure):
            look()


def test_a_name_that_leads_elsewhere_is_no_name(folder: Folder) -> None:
    with pytest.raises(Unsure):
        folder.deployment("acme", "../acme/prod")
    with pytest.raises(Unsure):
        folder.deployment("..", "prod")


@pytest.mark.parametrize(
    ("backend", "path"),
    [
        ("file:///var/lib/state", "/var/lib/state"),
        ("file:///var/lib/state?metadata=skip", "/var/lib/state"),
        ("file:///var/lib/state?prefix=a/", None),
        ("file:///var/lib/my%20state", None),
        ("file://~/state", None),
        ("file://state", None),
        ("s3://bucket", None),
        ("https://api.pulumi.com", None),
        ("", None),
    ],
)
def test_only_an_absolute_folder_is_read(backend: str, path: str | None) -> None:
    assert folder_of(backend) == (Folder(Path(path)) if path else None)
