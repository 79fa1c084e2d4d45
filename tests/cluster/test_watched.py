"""What watches models, taken by a real API server with the operators' definitions, and nothing of it lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsdecl.render.types import ManifestSet
from opsdecl.spec.source import MemoryTree
from tests.support.cluster import ControlPlane
from tests.support.measuring import measured_project
from tests.support.project import built
from tests.support.routed import JUDGED, routed_tree

NAMESPACE = "watched"


@pytest.fixture
def installed(cluster: ControlPlane) -> Iterator[ControlPlane]:
    cluster.install_definitions("prometheus-operator", "servicemonitors")
    cluster.install_crds("argo-rollouts")
    cluster.create_namespace(NAMESPACE)
    yield cluster
    cluster.delete_namespaces(NAMESPACE, wait=False)


def taken(cluster: ControlPlane, manifests: ManifestSet, kinds: frozenset[str], folder: Path) -> int:
    """How many objects of these kinds the server takes, each with every field that it was sent."""
    count = 0
    for manifest in manifests.manifests:
        if manifest.key.kind not in kinds:
            continue
        sent = json.loads(json.dumps(manifest.data).replace('"namespace": "assist"', f'"namespace": "{NAMESPACE}"'))
        (folder / "object.json").write_text(json.dumps(sent))
        file = str(folder / "object.json")
        said = cluster.kubectl(
            "apply", "--server-side", "--dry-run=server", "--validate=strict", "-o", "json", "-f", file
        )
        lost = sorted(missing(sent, json.loads(said)))
        assert lost == [], f"{manifest.key}: {lost}"
        count += 1
    return count


def missing(sent: object, back: object, path: str = "") -> Iterator[str]:
    """Paths of what was sent and did not come back."""
    if isinstance(sent, dict):
        for name, value in sent.items():
            found = back.get(name) if isinstance(back, dict) else None
            yield from missing(value, found, f"{path}.{name}") if found is not None else (f"{path}.{name}",)
    elif isinstance(sent, list):
        pairs = zip(sent, back if isinstance(back, list) else (), strict=False)
        for index, (one, other) in enumerate(pairs):
            yield from missing(one, other, f"{path}[{index}]")
        if not isinstance(back, list) or len(back) != len(sent):
            yield path


@pytest.mark.slow
def test_measures_service_monitors_and_analyses_are_taken_whole(installed: ControlPlane, tmp_path: Path) -> None:
    project = measured_project()
    place = "environments/dev/case.yaml"
    text = project[place].replace("  watch: {llms: [chat]}", "  watch: {llms: [chat]}\n  scrape: {by: service}")
    manifests = built(MemoryTree({**project, place: text}), "dev").manifests
    kinds = frozenset(("CronJob", "ServiceMonitor", "PodMonitor", "PrometheusRule"))
    # Three measures, one model by its Service, one by its pods, rules of both Monitors.
    assert taken(installed, manifests, kinds, tmp_path) == 7
    judged = built(routed_tree(**JUDGED), "prod").manifests
    assert taken(installed, judged, frozenset(("AnalysisTemplate", "Rollout")), tmp_path) == 2
