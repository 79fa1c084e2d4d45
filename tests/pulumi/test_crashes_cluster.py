"""Applies to a real control plane that are killed with Pulumi and its provider, and what the next one makes of it.

The state is written once, at the end of an update: after a kill it says nothing of what was made, changed or removed.
"""

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from opsdecl.render.types import ManifestSet
from tests.contracts.builders import actions, apply, manifest, plan_of, release
from tests.pulumi.test_crashes import SEED, killed_apply, some_instant
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist
from tests.support.fault_table import Tell, rounds
from tests.support.pulumi_places import cluster_stack, pulumi

__all__ = ["assist", "pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow, pytest.mark.usefixtures("assist")]
MODELS = 10


def models(version: int) -> ManifestSet:
    """Of four objects each. Against the version before, the oldest two models go, two come, and the rest is changed;
    the Deployment of one in three is replaced."""
    made = []
    for number in range(2 * version, 2 * version + MODELS):
        parent, name = f"LLM.m{number}/main", f"m{number}"
        moved = f"{name}-{version}" if number % 3 == 0 else name
        made += [
            manifest(f"{parent}/config", "ConfigMap", name, version),
            manifest(f"{parent}/service", "Service", name, version + 1),
            manifest(f"{parent}/cache", "PersistentVolumeClaim", name, protect=True),
            manifest(f"{parent}/deployment", "Deployment", moved, version, needs=(f"{parent}/config",)),
        ]
    return release(*made)


def live(cluster: ControlPlane) -> Mapping[str, str]:
    """`Kind/name` -> uid of all that a release made."""
    listed = cluster.kubectl("get", "deployments,services,pvc,configmaps", "-n", NAMESPACE, "-o", "json")
    items = [item["metadata"] | {"kind": item["kind"]} for item in json.loads(listed)["items"]]
    # The claims wait for pods that never come, and go once nothing protects them.
    return {f"{i['kind']}/{i['name']}": i["uid"] for i in items if i["name"] != "kube-root-ca.crt"}


def names_of(desired: ManifestSet) -> set[str]:
    return {f"{m.key.kind}/{m.key.name}" for m in desired.manifests}


def check_converged(cluster: ControlPlane, folder: Path, desired: ManifestSet) -> None:
    """Nothing is missing, left over, or unknown to the state, and Pulumi itself has nothing to do."""
    target = cluster_stack(cluster, folder, desired)
    assert live(cluster).keys() == names_of(desired)
    state = json.loads((folder / "backend/.pulumi/stacks/acme/prod.json").read_text())["checkpoint"]["latest"]
    assert "pending_operations" not in state
    rows = [row for row in state["resources"] if row["type"].startswith("kubernetes:")]
    assert sorted(row["urn"].rpartition("::")[2] for row in rows) == sorted(str(m.address) for m in desired.manifests)
    uids = {f"{row['outputs']['kind']}/{row['outputs']['metadata']['name']}": row["outputs"] for row in rows}
    assert {name: outputs["metadata"]["uid"] for name, outputs in uids.items()} == live(cluster)
    after = target.read().value
    assert after is not None
    plan = plan_of(after, desired)
    assert actions(plan) == {}
    said = target.preview(desired, plan).diagnostics
    assert [(d.code.id, d.message.partition(": ")[2]) for d in said] == [("OD689", f"{len(rows)} same")], said


@pytest.mark.timeout(5400)
def test_killed_at_random_instants_nothing_is_orphaned_or_made_twice(
    cluster: ControlPlane, pulumi: Path, tell: Tell
) -> None:
    drawn, number = random.Random(SEED), rounds(2, 50)
    begun = time.monotonic()
    apply(cluster_stack(cluster, pulumi, models(0)), models(0))
    usual_s = time.monotonic() - begun
    seen: Counter[str] = Counter()
    for version in range(1, number + 1):
        kept = live(cluster)
        target = cluster_stack(cluster, pulumi, models(version))
        killed = killed_apply(target, models(version), some_instant(pulumi, version, usual_s, drawn.random()))
        seen["killed"] += killed == -signal.SIGKILL
        between = live(cluster)
        seen["killed halfway"] += between != kept and between.keys() != names_of(models(version))
        again = apply(target, models(version))
        assert again.value is not None, (version, again.diagnostics)
        found = {finding.code.id for finding in again.diagnostics}
        assert found <= {"OD684", "OD687"}, (version, again.diagnostics)
        seen["repaired"] += "OD684" in found
        seen["locks_taken_away"] += "OD687" in found
        now = live(cluster)
        # What the killed apply had made is that which is there; what it left alone, too.
        stays = names_of(models(version)) & between.keys()
        seen["made twice"] += sum(now.get(name) != between[name] for name in stays)
        seen["orphans"] += len(now.keys() - names_of(models(version)))
        check_converged(cluster, pulumi, models(version))
        seen["converged"] += 1
    tell("Pulumi and opsdecl killed at random instants, 40 objects on a cluster", rounds=number, **seen)
    assert (seen["made twice"], seen["orphans"]) == (0, 0)
    assert seen["killed"] > 0
