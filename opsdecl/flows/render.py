"""`render`: the objects of an environment as files, or as the resources that Pulumi would receive."""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdecl.render.canonical import to_yaml
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.git.layout import files_of


def choose(manifests: ManifestSet, wanted: Sequence[str]) -> tuple[Manifest, ...]:
    """Those whose address, or whose document's, is named; all where nothing is."""
    if not wanted:
        return tuple(manifests.manifests)
    return tuple(m for m in manifests.manifests if str(m.address) in wanted or str(m.address.spec) in wanted)


def as_files(manifests: Sequence[Manifest]) -> Mapping[str, bytes]:
    """One canonical file an object, named as on a git target."""
    names = files_of(m.key for m in manifests)
    return {names[m.key]: to_yaml(m.data).encode() for m in manifests}


def as_stream(manifests: Sequence[Manifest]) -> str:
    """All objects as one stream of YAML documents."""
    return "---\n".join(to_yaml(m.data) for m in manifests)


def as_pulumi(manifests: ManifestSet) -> list[dict[str, Any]]:
    """The graph as the real Pulumi SDK registers it, in process; no engine is needed."""
    from opsdecl.targets.pulumi.registration import register

    return [resource.as_json() for resource in register(manifests)]
