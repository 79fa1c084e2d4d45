"""Routes against the rest of the environment: other Routes, Gateways, and the models that they reach."""

from collections.abc import Iterator, Mapping
from itertools import product

from opsdecl.compile.routed import address_of, destinations
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, Related, SpecPath
from opsdecl.diag.codes import routes as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.types import Json

Claim = tuple[str, ...]
"""Gateway with its namespace, host name, kind of match and path."""
_EVERY_PATH = ({"path": "/", "match": "prefix"},)


def routes(scene: Scene) -> Iterator[Diagnostic]:
    """Each Route by itself, then all together."""
    found = [document for document in scene.documents.values() if document.address.kind == "Route"]
    for route in found:
        yield from _gateway(scene, route)
        yield from _models(scene, route)
    yield from _claimed_twice(scene, found)


def gateway_namespace(route: CompiledDocument, gateways: Mapping[str, Json]) -> str:
    """What the Route says, else the Environment, else where the Route is."""
    chosen = route.effective["spec"]["gateway"]
    declared = gateways.get(chosen["name"], {})
    return str(chosen.get("namespace") or declared.get("namespace") or route.effective["metadata"]["namespace"])


def _gateway(scene: Scene, route: CompiledDocument) -> Iterator[Diagnostic]:
    gateways = scene.settings.get("gateways", {})
    chosen = route.effective["spec"]["gateway"]
    declared, path = gateways.get(chosen["name"]), ("spec", "gateway")
    listener = chosen.get("listener")
    if declared is None:
        hint = "declare it in `gateways` of the Environment: namespace, listeners, and where its requests come from"
        named = f"listener `{listener}` of Gateway `{chosen['name']}`" if listener else f"Gateway `{chosen['name']}`"
        message = f"whether there is a {named} is not known, and was not checked"
        close = did_you_mean(chosen["name"], gateways)
        yield _finding(scene, codes.GATEWAY_NOT_DECLARED, route, (*path, "name"), message, close or hint)
    elif chosen.get("namespace", declared["namespace"]) != declared["namespace"]:
        message = (
            f"Gateway `{chosen['name']}` is in namespace `{declared['namespace']}`, as the Environment declares it"
        )
        yield _finding(
            scene, codes.LISTENER_UNKNOWN, route, (*path, "namespace"), message, "correct it, or remove the field"
        )
    elif listener and declared["listeners"] and listener not in declared["listeners"]:
        message = f"Gateway `{chosen['name']}` has no listener `{listener}`"
        hint = did_you_mean(listener, declared["listeners"]) or f"use one of: {', '.join(declared['listeners'])}"
        yield _finding(scene, codes.LISTENER_UNKNOWN, route, (*path, "listener"), message, hint)


def _models(scene: Scene, route: CompiledDocument) -> Iterator[Diagnostic]:
    own = route.effective["metadata"]["namespace"]
    for field, index, entry in destinations(route.effective["spec"], "backends", "shadow"):
        address = address_of(entry)
        document = scene.documents.get(address)
        if document is None:
            continue
        path: SpecPath = ("spec", field, index)
        namespace = document.effective["metadata"]["namespace"]
        if namespace != own:
            message = f"{address} is in namespace `{namespace}`, and its Route in `{own}`"
            hint = f"set metadata.namespace of the Route to `{namespace}`"
            yield _finding(scene, codes.BACKEND_ELSEWHERE, route, path, message, hint)
        adapter, loaded = entry.get("adapter"), document.effective["spec"].get("adapters", ())
        if adapter and adapter not in loaded:
            message = f"{address} does not load the adapter `{adapter}`"
            hint = did_you_mean(adapter, loaded) or f"add it to `adapters` of {address}"
            yield _finding(scene, codes.ADAPTER_NOT_LOADED, route, (*path, "adapter"), message, hint)


def _claimed_twice(scene: Scene, found: list[CompiledDocument]) -> Iterator[Diagnostic]:
    """Of Routes that say no listener, all of them count."""
    first: dict[Claim, list[tuple[str, CompiledDocument]]] = {}
    for route in found:
        told: set[str] = set()
        listener = str(route.effective["spec"]["gateway"].get("listener", ""))
        for claim, path, shown in _claims(scene, route):
            others = first.setdefault(claim, [])
            other = next((o for at, o in others if o is not route and (not at or not listener or at == listener)), None)
            if other is not None and str(other.address) not in told:
                told.add(str(other.address))
                yield _claimed(scene, route, other, path, shown)
            others.append((listener, route))


def _claims(scene: Scene, route: CompiledDocument) -> Iterator[tuple[Claim, SpecPath, str]]:
    """Claims with the path that says them, and how to call them."""
    spec = route.effective["spec"]
    name = spec["gateway"]["name"]
    gateway = (gateway_namespace(route, scene.settings.get("gateways", {})), name)
    hostnames, paths = spec["hostnames"] or ("",), spec["paths"] or _EVERY_PATH
    for (index, hostname), match in product(enumerate(hostnames), paths):
        path: SpecPath = ("spec", "hostnames", index) if spec["hostnames"] else ("spec", "gateway")
        shown = f"{hostname or 'every host name'}{match['path']}"
        yield (*gateway, hostname, match["match"], match["path"]), path, shown
    for index, backend in enumerate(spec["backends"]):
        if backend.get("adapter"):
            address = address_of(backend)
            yield (str(address), "model name"), ("spec", "backends", index, "adapter"), f"the model name of {address}"
            return


def _claimed(scene: Scene, route: CompiledDocument, other: CompiledDocument, path: SpecPath, shown: str) -> Diagnostic:
    message = f"{other.address} takes requests for {shown} already"
    hint = "put the backends of both into one Route, or give one of them another host name or path"
    related = (Related(str(other.address), scene.place(other.address, ("metadata", "name"))),)
    return _finding(scene, codes.ROUTE_CLAIMED_TWICE, route, path, message, hint, related)


def _finding(
    scene: Scene,
    code: Code,
    route: CompiledDocument,
    path: SpecPath,
    message: str,
    hint: str,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    at = scene.place(route.address, path)
    return Diagnostic(code, message, at=at, hint=hint, related=related, subject=str(route.address))
