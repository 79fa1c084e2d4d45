"""The identities that only plan: `read` gets and lists, `dry-run` asks the server what would be; neither writes."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from opsdecl._data import data_root
from opsdecl.flows.render import as_files
from tests.support.cluster import ControlPlane
from tests.support.project import ENVIRONMENTS, built, example_tree

SHIPPED = data_root() / "templates" / "cluster"
ACTIVE_WITHIN_S = 30
REFUSED = "this identity may plan, not write"
WRITES = (
    "create configmap new",
    "create secret generic new",
    "delete configmap kept",
    "delete configmaps --all",
    "label configmap kept a=b",
    "patch configmap kept -p {}",
    "scale deployment/none --replicas=3",
    "annotate serviceaccount default a=b",
    "create token default",
    "create job new --image=a",
)


@pytest.fixture(scope="module")
def shipped(cluster: ControlPlane) -> Iterator[None]:
    files = [argument for file in sorted(SHIPPED.glob("plan-*.yaml")) for argument in ("-f", str(file))]
    cluster.kubectl("apply", "--server-side", *files)
    yield
    cluster.kubectl("delete", *files)


@pytest.fixture
def reader(cluster: ControlPlane, namespace: str, shipped: None) -> Path:
    return identity(cluster, namespace, "reader", ["opsdecl-plan-read"])


@pytest.fixture
def dry_runner(cluster: ControlPlane, namespace: str, shipped: None) -> Path:
    """Holds the role for dry runs, and by mistake one that may write as well."""
    dry_runner = identity(cluster, namespace, "dry-runner", ["opsdecl-plan-read", "opsdecl-plan-dry-run", "edit"])
    end = time.monotonic() + ACTIVE_WITHIN_S
    while REFUSED not in cluster.attempt("delete", "cm", "none", "-n", namespace, kubeconfig=dry_runner).stderr:
        # A policy takes effect a moment after it was applied; this deletes something that nobody needs.
        cluster.attempt("create", "configmap", "none", "-n", namespace)
        assert time.monotonic() < end, "the policy never took effect"
        time.sleep(0.2)
    return dry_runner


def identity(cluster: ControlPlane, namespace: str, name: str, roles: Sequence[str]) -> Path:
    cluster.kubectl("create", "serviceaccount", name, "-n", namespace)
    for role in roles:
        # Bound in the namespace: what a role for one team looks like, and gone with it.
        cluster.kubectl(
            "create",
            "rolebinding",
            f"{name}-{role}",
            f"--clusterrole={role}",
            f"--serviceaccount={namespace}:{name}",
            "-n",
            namespace,
        )
    return cluster.kubeconfig_of(name, namespace)


def example_in(namespace: str, environment: str) -> str:
    """The rendered example with every object in one namespace; dev, staging and prod share names."""
    files = as_files(built(example_tree(), environment).manifests.manifests)
    text = b"---\n".join(files.values()).decode()
    return "\n".join(
        f"  namespace: {namespace}" if row.startswith("  namespace: ") else row for row in text.split("\n")
    )


@pytest.mark.slow
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_dry_runs_cover_what_is_rendered(
    cluster: ControlPlane, namespace: str, dry_runner: Path, environment: str
) -> None:
    text = example_in(namespace, environment)
    options = ("apply", "--server-side", "--field-manager=opsdecl", "-f", "-")
    said = cluster.kubectl(*options, "--dry-run=server", stdin=text, kubeconfig=dry_runner)
    assert said.count("serverside-applied (server dry run)") == text.count("\nkind: ")
    assert cluster.kubectl("get", "deployments,services,pvc", "-n", namespace, "-o", "name") == ""
    refused = cluster.attempt(*options, stdin=text, kubeconfig=dry_runner)
    assert refused.returncode == 1
    assert refused.stderr.count(REFUSED) == text.count("\nkind: ")


def test_a_dry_run_on_what_is_there_leaves_it(cluster: ControlPlane, namespace: str, dry_runner: Path) -> None:
    cluster.kubectl("create", "configmap", "kept", "-n", namespace, "--from-literal=a=1")
    before = cluster.get("configmap", "kept", namespace)
    changed = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}, "data": {"a": "2"}})
    options = ("apply", "--server-side", "--force-conflicts", "-n", namespace, "-f", "-")
    asked = (*options, "--dry-run=server", "-o", "json")
    would_be: dict[str, Any] = json.loads(cluster.kubectl(*asked, stdin=changed, kubeconfig=dry_runner))
    assert would_be["data"] == {"a": "2"}
    assert REFUSED in cluster.attempt(*options, stdin=changed, kubeconfig=dry_runner).stderr
    assert cluster.get("configmap", "kept", namespace) == before


def test_no_write_gets_through(cluster: ControlPlane, namespace: str, dry_runner: Path) -> None:
    cluster.kubectl("create", "configmap", "kept", "-n", namespace)
    cluster.kubectl("create", "deployment", "none", "--image=a", "--replicas=0", "-n", namespace)
    tried = {c: cluster.attempt(*c.split(), "-n", namespace, kubeconfig=dry_runner) for c in WRITES}
    assert [command for command, done in tried.items() if not done.returncode or REFUSED not in done.stderr] == []


def test_a_role_bound_in_the_whole_cluster_is_held_in_the_whole_cluster(
    cluster: ControlPlane, namespace: str, dry_runner: Path
) -> None:
    subject = f"--serviceaccount={namespace}:everywhere"
    cluster.kubectl("create", "serviceaccount", "everywhere", "-n", namespace)
    for role in ("opsdecl-plan-dry-run", "edit"):
        cluster.kubectl("create", "clusterrolebinding", f"{namespace}-{role}", f"--clusterrole={role}", subject)
    everywhere = cluster.kubeconfig_of("everywhere", namespace)
    for place in (namespace, "default"):
        cluster.kubectl("create", "configmap", "new", "-n", place, "--dry-run=server", kubeconfig=everywhere)
        done = cluster.attempt("create", "configmap", "new", "-n", place, kubeconfig=everywhere)
        assert REFUSED in done.stderr
    cluster.kubectl("delete", "clusterrolebinding", f"{namespace}-opsdecl-plan-dry-run", f"{namespace}-edit")


def test_an_administrator_is_not_held(cluster: ControlPlane, namespace: str, dry_runner: Path) -> None:
    cluster.kubectl("create", "configmap", "mine", "-n", namespace)
    cluster.kubectl("delete", "configmap", "mine", "-n", namespace)


def test_the_policy_cannot_be_taken_away_by_whom_it_holds(
    cluster: ControlPlane, namespace: str, dry_runner: Path
) -> None:
    for kind in ("validatingadmissionpolicy", "validatingadmissionpolicybinding", "clusterrole"):
        for verb in ("create", "update", "patch", "delete"):
            asked = cluster.attempt("auth", "can-i", verb, kind, kubeconfig=dry_runner)
            assert asked.stdout.strip() == "no", (verb, kind)


def test_a_reader_sees_and_nothing_else(cluster: ControlPlane, namespace: str, reader: Path) -> None:
    cluster.kubectl("create", "configmap", "seen", "-n", namespace)
    assert "configmap/seen" in cluster.kubectl("get", "cm", "-n", namespace, "-o", "name", kubeconfig=reader)
    for command in ("get secrets", "create configmap new --dry-run=server", "create configmap new", "delete cm seen"):
        done = cluster.attempt(*command.split(), "-n", namespace, kubeconfig=reader)
        assert "orbidden" in done.stderr, command
