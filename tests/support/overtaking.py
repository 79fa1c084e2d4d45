"""A person who is faster than an apply, and models whose count is somebody else's."""

from random import Random

from opsdecl.render.types import Manifest, ManifestSet
from tests.contracts.builders import nothing, release
from tests.support.cluster import ControlPlane
from tests.support.interference import Interferer


def person(cluster: ControlPlane) -> Interferer:
    return Interferer(cluster, Random(7), nothing(), nothing(), 1, 0)


def server_of(given: ManifestSet) -> Manifest:
    """Its Deployment."""
    return next(m for m in given.manifests if m.key.kind == "Deployment")


def without_count(given: ManifestSet) -> ManifestSet:
    server = server_of(given)
    spec = {name: value for name, value in server.data["spec"].items() if name != "replicas"}
    changed = Manifest(server.address, server.key, server.token, {**server.data, "spec": spec}, {}, server.depends_on)
    return release(*(m for m in given.manifests if m is not server), changed)
