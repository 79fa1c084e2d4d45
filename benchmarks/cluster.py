"""Plans and applies on a real control plane, beside kubectl on the same objects, in one run.

    python -m benchmarks.cluster [--sizes 100,1000,10000] [--brief 10000]

Needs `make tools`. Every command is a whole process, started once: wall and processor seconds of the client, those of
the API server and of etcd meanwhile, and the client's peak memory. Both read their objects from a file, and neither
compiles specs; ours is `benchmarks.cluster_client`. kubectl's objects have a namespace of their own, so that both make
theirs anew; otherwise the bytes are the same. From the size that `--brief` names on, kubectl is asked for its first
apply and an unchanged diff only.

The first apply is measured three times, each for a release and a namespace of its own: as a target is set by default,
where the objects come from one template, and where no two are alike, so that the server is asked about each; and with
`plans: read`, which asks about none before it writes, as kubectl does not.

Then up to 1,000 live objects are changed at random, one change each, and the next plan must find every one of them, or
list it as not ours, and nothing else: speeds of a plan that overlooks something do not count.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.measure import Run, run
from opsdecl.render.types import Manifest
from tests.contracts.builders import manifest

if TYPE_CHECKING:
    from tests.support.cluster import ControlPlane

OURS, THEIRS = "assist", "theirs"
UNLIKE, UNASKED = "unlike", "unasked"
"""Namespaces, and targets, of further first applies."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--brief", type=int, default=10_000)
    arguments = parser.parse_args()
    from tests.support.cluster import control_plane

    heads = ("wall s", "cpu s", "server s", "peak MB")
    print(f"{'objects':>7} {'work':38} {' '.join(f'{head:>8}' for head in heads)}", flush=True)
    for size in map(int, arguments.sizes.split(",")):
        with control_plane(f"bench-{os.getpid()}-{size}") as cluster:
            measure_size(cluster, size, brief=size >= arguments.brief)


def measure_size(cluster: "ControlPlane", size: int, *, brief: bool) -> None:
    """All rows of one size, on a control plane that has seen nothing else."""
    for namespace in (OURS, THEIRS, UNLIKE, UNASKED):
        cluster.create_namespace(namespace)
    few = max(size // 100, 1)
    first = ours(cluster, size, "apply, all new", "apply", 0, {"create": size})
    theirs = kubectl(cluster, size, "kubectl apply --server-side, all new", 0, "apply")
    if not brief:
        ours(cluster, size, "apply, all new, plans: read", "apply", 0, {"create": size}, UNASKED)
        ours(cluster, size, "apply, all new, no two alike", "apply", 0, {"create": size}, UNLIKE)
    print(f"{size:7} the first apply is {theirs.wall_s / first.wall_s:.1f} times as fast as kubectl's")
    unchanged = ours(cluster, size, "plan, nothing changed", "plan", 0, {})
    diff = kubectl(cluster, size, "kubectl diff --server-side, unchanged", 0, "diff")
    ours(cluster, size, "apply, nothing changed", "apply", 0, {})
    if not brief:
        kubectl(cluster, size, "kubectl apply --server-side, unchanged", 0, "apply")
    ours(cluster, size, "plan, 1 % changed", "plan", few, {"update": few})
    if not brief:
        kubectl(cluster, size, "kubectl diff --server-side, 1 %", few, "diff")
    ours(cluster, size, "apply, 1 % changed", "apply", few, {"update": few})
    if not brief:
        kubectl(cluster, size, "kubectl apply --server-side, 1 %", few, "apply")
    print(f"{size:7} the unchanged plan is {diff.wall_s / unchanged.wall_s:.1f} times as fast as kubectl diff")
    disturbed = ours(cluster, size, "plan after random changes", "disturb", few, None)
    print(f"{size:7} {disturbed.output.strip()}", flush=True)


def ours(
    cluster: "ControlPlane", size: int, what: str, does: str, changed: int, expected: Any, place: str = OURS
) -> Run:
    """opsdecl's own row; stops where it did not do what it was to do."""
    with tempfile.TemporaryDirectory(prefix="opsdecl-bench-") as folder:
        file = written(Path(folder), size, changed, place)
        words = [sys.executable, "-m", "benchmarks.cluster_client", does, "--context", cluster.context]
        words += ["--objects", str(file), "--target", place, *(["--plans", "read"] if place == UNASKED else [])]
        before = server_s(cluster)
        done = run(words, Path(__file__).resolve().parent.parent, {"KUBECONFIG": str(cluster.kubeconfig)})
    if done.code or (expected is not None and json.loads(done.output) != expected):
        sys.exit(f"{what} left with {done.code}, where {expected} was expected:\n{done.output[-2000:]}")
    row(size, what, done, server_s(cluster) - before)
    return done


def kubectl(cluster: "ControlPlane", size: int, what: str, changed: int, verb: str) -> Run:
    """kubectl's row over a file of the same objects, in its own namespace."""
    with tempfile.TemporaryDirectory(prefix="opsdecl-bench-") as folder:
        file = written(Path(folder), size, changed, THEIRS)
        words = [str(cluster.tools / "k8s/kubectl"), "--kubeconfig", str(cluster.kubeconfig), verb, "--server-side"]
        env = {"KUBECACHEDIR": str(Path(folder) / "cache")}
        before = server_s(cluster)
        done = run([*words, "-f", str(file)], Path(folder), env)
    # diff answers 1 where there are differences.
    if done.code > (1 if verb == "diff" and changed else 0):
        sys.exit(f"{what} left with {done.code}:\n{done.output[-2000:]}")
    row(size, what, done, server_s(cluster) - before)
    return done


def written(folder: Path, size: int, changed: int, place: str) -> Path:
    """The file that either reads."""
    file = folder / "objects.json"
    items = [m.data for m in objects(size, changed, place)]
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return file


def server_s(cluster: "ControlPlane") -> float:
    """Processor seconds of the API server and of etcd so far."""
    found = 0.0
    for component in ("kube-apiserver", "etcd"):
        stat = Path(f"/proc/{cluster.process(component)}/stat").read_text().rpartition(")")[2].split()
        found += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    return found


def row(size: int, what: str, done: Run, server: float) -> None:
    numbers = f"{done.wall_s:8.2f} {done.cpu_s:8.2f} {server:8.2f} {done.peak_mb:8.0f}"
    print(f"{size:7} {what:38} {numbers}", flush=True)


def objects(size: int, changed: int, place: str = OURS) -> Sequence[Manifest]:
    """Of ten, six ConfigMaps, two claims and two Deployments. The first `changed` were applied otherwise before."""
    kinds = ("ConfigMap",) * 6 + ("PersistentVolumeClaim",) * 2 + ("Deployment",) * 2
    made = []
    for n in range(size):
        kind = kinds[n % len(kinds)]
        # The size of a claim cannot change.
        value = 2 if n < changed and kind != "PersistentVolumeClaim" else 1
        metadata = {"labels": {"team": "b" if n < changed else "a"}}
        if place == UNLIKE:
            metadata["annotations"] = {"serial": str(n)}
        made.append(manifest(f"LLM.m{n:05}/main/part", kind, f"m{n:05}", value, metadata=metadata, namespace=place))
    return made


if __name__ == "__main__":
    main()
