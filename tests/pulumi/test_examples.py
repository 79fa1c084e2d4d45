"""Every environment of the example through the real engine: what it receives is what was rendered and reviewed."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from opsdecl.addr import Address
from opsdecl.flows.plan import Wanted, open_built
from opsdecl.render.types import ManifestSet
from opsdecl.spec.source import WorkTree
from opsdecl.targets.pulumi.engine import Deployment, engine_of
from opsdecl.targets.pulumi.state import StackState, parse_state
from opsdecl.targets.pulumi.target import PulumiTarget
from tests.contracts.builders import apply
from tests.support.project import copy_example
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


def rendered(project: Path, environment: str) -> ManifestSet:
    built = open_built(WorkTree(project), Wanted(environment)).built
    assert built is not None
    return built.manifests


def exported(target: PulumiTarget) -> tuple[StackState, Deployment]:
    with engine_of(target.settings, target.release.project) as engine:
        deployment = engine.export("prod")
    assert deployment is not None
    return parse_state(deployment), deployment


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_engine_receives_what_was_rendered(pulumi: Path, environment: str) -> None:
    desired = rendered(copy_example(pulumi / "project"), environment)
    target = folder_target(pulumi, desired, desired.release)
    done = apply(target, desired)
    assert done.value is not None, done.diagnostics

    state, deployment = exported(target)
    assert state.foreign == ()
    assert {a: text(o.inputs) for a, o in state.objects.items()} == {
        str(m.address): text(with_text_quantities(m.data) if m.key.kind != "Rollout" else m.data)
        for m in desired.manifests
    }
    assert {a: o.token for a, o in state.objects.items()} == {str(m.address): m.token for m in desired.manifests}
    assert {a for a, o in state.objects.items() if o.protect} == {
        str(m.address) for m in desired.manifests if m.protect
    }
    assert dict(parents(deployment)) == {str(m.address): component(m.address) for m in desired.manifests}


def text(data: Any) -> str:
    """1 and 1.0 differ: the engine's numbers are doubles, and what was a whole number must come back as one."""
    return json.dumps(data, sort_keys=True)


def with_text_quantities(data: Any, *, quantities: bool = False) -> Any:
    """What the provider writes otherwise than it was told, of kinds that it knows: `limits` and `requests` are text."""
    if isinstance(data, Mapping):
        return {
            name: with_text_quantities(value, quantities=quantities or name in ("limits", "requests"))
            for name, value in data.items()
        }
    if isinstance(data, list | tuple):
        return [with_text_quantities(value) for value in data]
    return str(data) if quantities else data


def component(address: Address) -> tuple[str, str]:
    return f"opsdecl:index:{address.spec.kind}", str(address.spec)


def parents(deployment: Deployment) -> Iterator[tuple[str, tuple[str, str]]]:
    """Object -> type and name of the component that it lies under."""
    for row in deployment["resources"]:
        if row["type"].startswith("kubernetes:"):
            *_, types, name = row["parent"].split("::")
            yield row["urn"].rpartition("::")[2], (types.rpartition("$")[2], name)
