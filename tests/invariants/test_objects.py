"""Every object of every environment of the worked example."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from opsdecl.flows.render import as_files, as_stream
from opsdecl.render.schema_store import supported_versions
from opsdecl.render.schemas import examine_schemas
from opsdecl.render.types import ManifestSet
from opsdecl.targets.pulumi.registration import register
from tests.support.project import ENVIRONMENTS, built, example_tree

VERSIONS = ("1.37", "1.36", "1.35")


def manifests(environment: str) -> ManifestSet:
    return built(example_tree(), environment).manifests


def exact(value: Any) -> str:
    """As JSON, where 1 is not 1.0 and not true."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_accepts_every_object(environment: str, version: str) -> None:
    desired = manifests(environment).manifests
    report = examine_schemas(desired, version, lambda address, path: None)
    assert [d.message for d in report.diagnostics] == []
    assert report.shapes > 10


def test_the_versions_are_the_current_one_and_two_before() -> None:
    assert supported_versions(VERSIONS[0]) == VERSIONS


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_reader_of_yaml_1_1_finds_the_same_data(environment: str) -> None:
    desired = manifests(environment).manifests
    read = [yaml.safe_load(text) for text in as_files(desired).values()]
    assert [exact(data) for data in read] == [exact(m.data) for m in desired]
    assert [exact(data) for data in yaml.safe_load_all(as_stream(desired))] == [exact(m.data) for m in desired]


@pytest.mark.pulumi
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_pulumi_receives_the_same_objects(environment: str) -> None:
    desired = manifests(environment)
    registered = {resource.name: resource for resource in register(desired)}
    documents = {str(m.address.spec) for m in desired.manifests}
    assert set(registered) == documents | {str(m.address) for m in desired.manifests}
    for manifest in desired.manifests:
        resource = registered[str(manifest.address)]
        assert exact(resource.inputs) == exact(manifest.data)
        assert resource.type == manifest.token
        assert resource.parent == registered[str(manifest.address.spec)].urn
        assert resource.protect is manifest.protect


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_kubectl_reads_back_each_manifest_unchanged(environment: str, tmp_path: Path) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl on the PATH")
    desired = manifests(environment).manifests
    for name, data in as_files(desired).items():
        (tmp_path / name.replace("/", "-")).write_bytes(data)
    # Taking away a label that nothing has is the one thing that kubectl does without a server.
    done = subprocess.run(
        [kubectl, "label", "--local", "--filename", str(tmp_path), "--output", "json", "no-such-label-"],
        capture_output=True,
        check=False,
        env={"HOME": str(tmp_path), "PATH": "", "KUBECONFIG": "/dev/null"},
    )
    if done.returncode:
        pytest.skip(f"this kubectl needs a server to read files: {done.stderr.decode()[:200]}")
    read = {_key(item): exact(item) for item in _objects(done.stdout.decode())}
    assert read == {_key(m.data): exact(m.data) for m in desired}


def _key(data: Any) -> tuple[str, str, str]:
    return data["kind"], data["metadata"].get("namespace", ""), data["metadata"]["name"]


def _objects(text: str) -> list[Any]:
    """One JSON text after the other, as kubectl prints them."""
    decoder, at = json.JSONDecoder(), 0
    found: list[Any] = []
    while at < len(text.rstrip()):
        item, at = decoder.raw_decode(text, at)
        found += item["items"] if item["kind"] == "List" else [item]
        while at < len(text) and text[at].isspace():
            at += 1
    return found
