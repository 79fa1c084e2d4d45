"""Kinds of other projects through the real engine and provider, which have no classes of their own for them."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.addr import Address
from opsdecl.render.types import Manifest
from opsdecl.spec.source import MemoryTree
from tests.contracts.builders import apply
from tests.pulumi.test_examples import exported
from tests.support.platforms import EVERYTHING, FROM_ZERO, platform_tree
from tests.support.project import built
from tests.support.pulumi_places import folder_target, pulumi
from tests.support.searched import PLATFORMS, searched_project

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]
WORK = {
    "ClusterQueue": "kubernetes:kueue.x-k8s.io/v1beta2:ClusterQueue",
    "Experiment": "kubernetes:kubeflow.org/v1beta1:Experiment",
    "JobSet": "kubernetes:jobset.x-k8s.io/v1alpha2:JobSet",
    "LocalQueue": "kubernetes:kueue.x-k8s.io/v1beta2:LocalQueue",
    "RayJob": "kubernetes:ray.io/v1:RayJob",
    "ResourceFlavor": "kubernetes:kueue.x-k8s.io/v1beta2:ResourceFlavor",
    "TrainJob": "kubernetes:trainer.kubeflow.org/v1alpha1:TrainJob",
}
TOKENS = {
    **WORK,
    "ExternalSecret": "kubernetes:external-secrets.io/v1:ExternalSecret",
    "InferenceService": "kubernetes:serving.kserve.io/v1beta1:InferenceService",
    "LLMInferenceService": "kubernetes:serving.kserve.io/v1alpha2:LLMInferenceService",
    "ScaledObject": "kubernetes:keda.sh/v1alpha1:ScaledObject",
}


def as_texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: as_texts(item) for name, item in value.items()}
    return [as_texts(item) for item in value] if isinstance(value, list | tuple) else str(value)


def work() -> Iterator[Manifest]:
    """Trainings and a search on every operator, each under names of its own: one stack holds them all."""
    seen: set[Address] = set()
    for platform in PLATFORMS:
        project = searched_project(platform)
        for name in ("tune", "churn", "search"):
            own = re.compile(rf"((?:name|training): ){name}\b")
            project = {path: own.sub(rf"\g<1>{name}-{platform}", text) for path, text in project.items()}
        for manifest in built(MemoryTree(project), "prod").manifests.manifests:
            if manifest.address not in seen:
                seen.add(manifest.address)
                yield manifest


def test_the_engine_receives_what_was_rendered(pulumi: Path) -> None:
    desired = built(platform_tree(EVERYTHING, chat=("replicas: {count: 2}", FROM_ZERO)), "prod").manifests
    every = sorted((*desired.manifests, *work()), key=lambda manifest: str(manifest.address))
    desired = replace(desired, manifests=tuple(every))
    target = folder_target(pulumi, desired, desired.release)
    done = apply(target, desired)
    assert done.value is not None, done.diagnostics
    state, _ = exported(target)
    theirs = [m for m in desired.manifests if m.key.kind in TOKENS]
    assert {m.key.kind for m in theirs} == set(TOKENS)
    for manifest in theirs:
        found = state.objects[str(manifest.address)]
        assert found.token == TOKENS[manifest.key.kind]
        assert json.dumps(found.inputs, sort_keys=True) == json.dumps(manifest.data, sort_keys=True)
    searches = [m for m in desired.manifests if m.key.kind == "Job" and m.address.spec.kind == "Tuning"]
    assert searches
    for search in searches:
        held = state.objects[str(search.address)]
        assert held.token == "kubernetes:batch/v1:Job"
        # Of a kind that it has a class for, the provider writes numbers as quantities: `4` GPUs as text.
        assert as_texts(held.inputs) == as_texts(search.data)
