"""Checks at gateways, against who else may call the models behind them, and where their server is."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.compile.routed import address_of, destinations
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, Related, Severity, SpecPath
from opsdecl.diag.codes import guardrails as codes

_AT: SpecPath = ("spec", "guardrails")


def checks_at_gateways(scene: Scene) -> Iterator[Diagnostic]:
    """Warnings: models that others in the cluster call past the gateway. Notes: Services that others must open."""
    for route in scene.documents.values():
        if route.address.kind == "Route" and route.effective["spec"].get("guardrails"):
            yield from _elsewhere(scene, route)
            yield from _passed_by(scene, route)


def _elsewhere(scene: Scene, route: CompiledDocument) -> Iterator[Diagnostic]:
    home = route.effective["metadata"]["namespace"]
    service = route.effective["spec"]["guardrails"]["service"]
    where = service.get("namespace", home)
    if where != home:
        message = f"Service `{service['name']}` is in namespace `{where}`, whose owner must let the gateway ask it"
        hint = (
            f"a ReferenceGrant there: from EnvoyExtensionPolicy (gateway.envoyproxy.io) of `{home}`, to Service "
            f"`{service['name']}`"
        )
        yield _finding(scene, codes.MUST_BE_OPENED, route, (*_AT, "service", "namespace"), message, hint)


def _passed_by(scene: Scene, route: CompiledDocument) -> Iterator[Diagnostic]:
    """Of models with checks of their own nobody is unchecked, wherever requests come from."""
    for _, _, entry in destinations(route.effective["spec"], "backends"):
        model = scene.documents.get(address_of(entry))
        if model is None or model.effective["spec"].get("guardrails"):
            continue
        callers = _callers(scene, model.effective)
        if callers:
            message = f"{callers} may call {model.address} itself, past the checks of this gateway"
            hint = f"add `access: {{from: []}}` to {model.address}, so that only gateways call it"
            at = scene.place(model.address, ("spec", "access"))
            related = (Related("who may call the model", at),)
            yield _finding(scene, codes.CHECKS_PASSED_BY, route, _AT, message, hint, Severity.WARNING, related)


def _callers(scene: Scene, model: Mapping[str, Any]) -> str:
    """Empty where only gateways call it."""
    if not scene.settings["networkPolicy"]["enabled"]:
        return "all pods of the cluster"
    access = model["spec"].get("access")
    if access is None:
        return f"pods of namespace `{model['metadata']['namespace']}`"
    return "those that `access` names" if access.get("from") else ""


def _finding(
    scene: Scene,
    code: Code,
    route: CompiledDocument,
    path: SpecPath,
    message: str,
    hint: str,
    severity: Severity | None = None,
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    return Diagnostic(
        code,
        message,
        at=scene.place(route.address, path),
        hint=hint,
        severity_override=severity,
        related=related,
        subject=str(route.address),
    )
