"""The live objects of a release: from the cluster, or from the folder that the provider renders to. Reads only."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from opsdecl.addr import ObjectKey
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes.targets import NOT_AN_OBJECT
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.kinds import Kinds, Served, find_kinds
from opsdecl.targets.cluster.reading import Identity, same_object
from opsdecl.targets.cluster.settings import ClusterSettings
from opsdecl.targets.pulumi.decorations import undecorated
from opsdecl.targets.pulumi.settings import PulumiSettings

_ONE_BY_ONE = 4
"""Up to so many objects of a kind in a namespace are asked for by name; more are picked from a list of all."""


class Looked(Struct, frozen=True):
    """Objects by what the server takes for the same, without decorations. `rendered`: they are files. `torn` are names
    of files that are no object."""

    objects: Mapping[Identity, Mapping[str, Any]]
    rendered: bool = False
    torn: frozenset[str] = frozenset()
    findings: tuple[Diagnostic, ...] = ()
    kinds: Kinds = field(default_factory=dict)


def cluster_settings(settings: PulumiSettings) -> ClusterSettings:
    """The same cluster, for our own client."""
    return ClusterSettings(
        context=settings.context or None,
        kubeconfig=settings.kubeconfig,
        namespace=settings.namespace or "default",
        wait_at_most_s=settings.wait_at_most_s,
    )


async def look_at_cluster(client: Client, keys: Iterable[ObjectKey]) -> Looked:
    """Raises ClusterError or StatusError: what cannot be read is never taken for absent."""
    asked = tuple(keys)
    kinds = await find_kinds(client, asked)
    groups: dict[tuple[Served, str], list[ObjectKey]] = {}
    for key in asked:
        served = kinds.get((key.api_version, key.kind))
        if served is not None:
            groups.setdefault((served, key.namespace if served.namespaced else ""), []).append(key)
    found = await each(list(groups.items()), lambda group: _group(client, *group[0], group[1]))
    return Looked({i: live for rows in found for i, live in rows.items()}, kinds=kinds)


async def _group(
    client: Client, served: Served, namespace: str, keys: Sequence[ObjectKey]
) -> Mapping[Identity, Mapping[str, Any]]:
    if len(keys) <= _ONE_BY_ONE:
        found = await each(keys, lambda key: client.find(served.path(key)))
        return {same_object(key): undecorated(live) for key, live in zip(keys, found, strict=True) if live is not None}
    said = {"apiVersion": served.api_version, "kind": served.kind}
    by_name = {item["metadata"]["name"]: said | item for item in await client.pages(served.collection(namespace), {})}
    return {same_object(key): undecorated(by_name[key.name]) for key in keys if key.name in by_name}


def look_at_folder(folder: Path) -> Looked:
    """Every file that the provider rendered; what is no object any more is a finding."""
    found: dict[Identity, Mapping[str, Any]] = {}
    torn: set[str] = set()
    findings: list[Diagnostic] = []
    for path in sorted(folder.glob("*/*.yaml")):
        data = _parsed(path)
        if isinstance(data, dict) and {"apiVersion", "kind", "metadata"} <= data.keys():
            metadata = data["metadata"]
            key = ObjectKey(data["apiVersion"], data["kind"], metadata.get("namespace", ""), metadata.get("name", ""))
            found[same_object(key)] = undecorated(data)
        else:
            torn.add(path.name)
            findings.append(Diagnostic(NOT_AN_OBJECT, f"{path} is not one readable object", hint="apply restores it"))
    return Looked(found, rendered=True, torn=frozenset(torn), findings=tuple(findings))


def file_of(key: ObjectKey) -> str:
    """The name that the provider gives an object's file."""
    version = key.api_version.replace("/", "_")
    return f"{version}-{key.kind.lower()}-{key.namespace or 'default'}-{key.name}.yaml"


def _parsed(path: Path) -> Any:
    import yaml

    try:
        return yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, OSError):
        return None
