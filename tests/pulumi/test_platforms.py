"""Kinds of other projects through the real engine and provider, which have no classes of their own for them."""

import json
from pathlib import Path

import pytest

from tests.contracts.builders import apply
from tests.pulumi.test_examples import exported
from tests.support.platforms import EVERYTHING, FROM_ZERO, platform_tree
from tests.support.project import built
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]
TOKENS = {
    "ExternalSecret": "kubernetes:external-secrets.io/v1:ExternalSecret",
    "InferenceService": "kubernetes:serving.kserve.io/v1beta1:InferenceService",
    "LLMInferenceService": "kubernetes:serving.kserve.io/v1alpha2:LLMInferenceService",
    "ScaledObject": "kubernetes:keda.sh/v1alpha1:ScaledObject",
}


def test_the_engine_receives_what_was_rendered(pulumi: Path) -> None:
    desired = built(platform_tree(EVERYTHING, chat=("replicas: {count: 2}", FROM_ZERO)), "prod").manifests
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
