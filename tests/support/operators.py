"""What operators write into objects of theirs, recorded per release in tests/operators, done again by hand."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.support.cluster import ControlPlane

FOLDER = Path(__file__).parents[1] / "operators"


def act_as(cluster: ControlPlane, operator: str, namespace: str) -> int:
    """Every recorded write of the operator (`external-secrets-1.3.2`) on every object of its kinds; how many."""
    record = yaml.safe_load((FOLDER / f"{operator}.yaml").read_text("utf-8"))
    done = 0
    for write in record["writes"]:
        for name in write.get("names") or _names(cluster, write["kind"], namespace):
            _write(cluster, write, name, namespace)
            done += 1
    for made in record.get("makes", ()):
        for name in _names(cluster, made["of"], namespace):
            _make(cluster, made, name, namespace)
            done += 1
    return done


@contextmanager
def admitting_as(cluster: ControlPlane, operator: str) -> Iterator[None]:
    """What the operator's admission fills in is filled in meanwhile, by policies of the API server itself."""
    record = yaml.safe_load((FOLDER / f"{operator}.yaml").read_text("utf-8"))
    cluster.apply(*record["admission"])
    try:
        yield
    finally:
        for one in record["admission"]:
            cluster.attempt("delete", one["kind"].lower(), one["metadata"]["name"])


def let_go(cluster: ControlPlane, kind: str, namespace: str) -> None:
    """As the operator does at last: without this, objects with its finalizer stay."""
    for name in _names(cluster, kind, namespace):
        patch = json.dumps({"metadata": {"finalizers": None}})
        cluster.attempt("patch", kind, name, "-n", namespace, "--type=merge", "-p", patch)


def _names(cluster: ControlPlane, kind: str, namespace: str) -> list[str]:
    found = json.loads(cluster.kubectl("get", kind, "-n", namespace, "-o", "json"))["items"]
    return [one["metadata"]["name"] for one in found]


def _make(cluster: ControlPlane, made: dict[str, Any], name: str, namespace: str) -> None:
    """An object of the operator's own, which belongs to one of ours."""
    owner = cluster.get(made["of"], name, namespace)
    reference = {key: owner[key] for key in ("apiVersion", "kind")}
    reference |= {key: owner["metadata"][key] for key in ("name", "uid")}
    text = json.dumps(made["object"]).replace("@SUFFIX@", made.get("suffix", "")).replace("@NAME@", name)
    one = json.loads(text)
    one["metadata"] |= {"namespace": namespace, "ownerReferences": [{**reference, "controller": True}]}
    if "copies" in made:
        one["metadata"][made["copies"]] = owner["metadata"][made["copies"]]
    cluster.apply(one, manager=made["manager"])


def _write(cluster: ControlPlane, write: dict[str, Any], name: str, namespace: str) -> None:
    generation = cluster.get(write["kind"], name, namespace)["metadata"].get("generation", 0)
    patch = json.dumps(write["patch"]).replace("@NAME@", name).replace('"@GENERATION@"', str(generation))
    patch = patch.replace("@GENERATION-TEXT@", str(generation)).replace("@GENERATION@", str(generation))
    where = ("--subresource", write["subresource"]) if "subresource" in write else ()
    cluster.kubectl(
        "patch", write["kind"], name, "-n", namespace, f"--type={write.get('type', 'merge')}", "-p", patch, *where,
        f"--field-manager={write['manager']}",
    )  # fmt: skip
