"""The worked example, in every environment: both projections agree, and Kubernetes knows every object."""

import json
from functools import cache
from pathlib import Path

import pytest

from opsdecl.flows.build import Built, build
from opsdecl.flows.project import open_project
from opsdecl.render.places import placer
from opsdecl.render.schema_store import supported_versions
from opsdecl.render.schemas import examine_schemas
from opsdecl.spec.source import WorkTree
from opsdecl.targets.pulumi.registration import register

ROOT = Path(__file__).parents[3]
ENVIRONMENTS = sorted(path.parent.name for path in (ROOT / "environments").glob("*/environment.yaml"))


@cache
def built(environment: str) -> Built:
    project = open_project(WorkTree(ROOT)).value
    assert project is not None
    result = build(project, environment, check=False)
    assert not result.failed, result.diagnostics
    assert result.value is not None
    return result.value


def test_there_are_examples() -> None:
    assert len(ENVIRONMENTS) >= 3


@pytest.mark.pulumi
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_registered_inputs_equal_the_canonical_manifests(environment: str) -> None:
    manifests = built(environment).manifests
    registered = {resource.name: resource for resource in register(manifests)}
    for manifest in manifests.manifests:
        resource = registered.pop(str(manifest.address))
        assert json.dumps(resource.inputs, sort_keys=True) == json.dumps(manifest.data, sort_keys=True)
        assert resource.type == manifest.token
    assert {resource.type.split(":")[0] for resource in registered.values()} == {"opsdecl"}


@pytest.mark.parametrize("version", supported_versions("1.37"))
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_object_passes_kubernetes_own_schemas(environment: str, version: str) -> None:
    example = built(environment)
    report = examine_schemas(example.manifests.manifests, version, placer(example.graph))
    assert report.diagnostics == ()
    assert report.objects >= 5
