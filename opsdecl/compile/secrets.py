"""Which Secrets the documents of an environment use, where, and what External Secrets makes of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, SpecPath
from opsdecl.diag.codes import platforms as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.spec.kinds.declare import Part
from opsdecl.spec.kinds.environment import EnvironmentSpec, ExternalSecret
from opsdecl.spec.kinds.variables import SecretReference, WholeSecret

PULLED = ".dockerconfigjson"
"""Key that a Secret must have to pull images with."""
_LENT_KINDS = frozenset(("Runtime", "Adapter"))
"""Kinds whose secrets are used by the pods of the documents that refer to them."""


class SecretUse(Struct, frozen=True):
    """A place in a document's effective tree that names a Secret. `key` is empty where all of it is used."""

    document: SpecAddress
    namespace: str
    name: str
    key: str
    path: SpecPath


def uses_of(document: CompiledDocument, documents: Mapping[SpecAddress, CompiledDocument]) -> Iterator[SecretUse]:
    """Those of its own pods: in its spec, its Runtime's and its Adapters'. Documents without a namespace have none."""
    namespace = document.effective["metadata"].get("namespace")
    if namespace is None:
        return
    roots = [("spec", document)]
    roots += [(root, documents[a]) for root, a in document.references.items() if a.kind in _LENT_KINDS]
    for root, source in roots:
        for name, key, path in _named(source.model.spec, (root,)):
            yield SecretUse(document.address, namespace, name, key, path)


def used_secrets(
    environment: CompiledDocument, documents: Mapping[SpecAddress, CompiledDocument]
) -> tuple[tuple[str, str], ...]:
    """Namespace and name of each Secret that External Secrets is to make, sorted."""
    settings: EnvironmentSpec = environment.model.spec
    if settings.platform.secrets != "external-secrets":
        return ()
    uses = (use for document in documents.values() for use in uses_of(document, documents))
    return tuple(sorted({(use.namespace, use.name) for use in uses if use.name in settings.secrets}))


def made_key(secret: ExternalSecret) -> str:
    """The only key of the Secret that is made; empty where each property of the stored value becomes one."""
    return secret.key or secret.property or ""


def secrets(scene: Scene) -> Iterator[Diagnostic]:
    """Keys that a Secret will not have, Secrets that nobody declares, and declared ones that nobody uses."""
    settings: EnvironmentSpec = scene.environment.model.spec
    if settings.platform.secrets != "external-secrets":
        return
    uses = [use for document in scene.documents.values() for use in uses_of(document, scene.documents)]
    yield from _missing_keys(scene, settings, uses)
    yield from _undeclared(scene, settings, uses)
    yield from _unused(scene, {use.name for use in uses})


def _missing_keys(scene: Scene, settings: EnvironmentSpec, uses: Iterable[SecretUse]) -> Iterator[Diagnostic]:
    for use in uses:
        made = made_key(settings.secrets[use.name]) if use.name in settings.secrets else ""
        if made and use.key and use.key != made:
            yield Diagnostic(
                codes.SECRET_KEY_MISSING,
                f"Secret `{use.name}` will have the key `{made}` alone, and {use.document} uses `{use.key}`",
                at=scene.place(use.document, use.path),
                hint=f"use the key `{made}`, or set `key: {use.key}` at spec.secrets.{use.name} of the Environment",
                subject=str(use.document),
            )


def _undeclared(scene: Scene, settings: EnvironmentSpec, uses: Iterable[SecretUse]) -> Iterator[Diagnostic]:
    """Once for each document and Secret."""
    seen = set[tuple[SpecAddress, str]]()
    for use in uses:
        if use.name not in settings.secrets and (use.document, use.name) not in seen:
            seen.add((use.document, use.name))
            declare = f"declare it at spec.secrets of the Environment, or make it in namespace {use.namespace}"
            yield Diagnostic(
                codes.SECRET_NOT_DECLARED,
                f"{use.document} uses Secret `{use.name}`, which spec.secrets of "
                f"{scene.environment.address.name} does not declare",
                at=scene.place(use.document, use.path),
                hint=did_you_mean(use.name, settings.secrets) or declare,
                subject=str(use.document),
            )


def _unused(scene: Scene, used: set[str]) -> Iterator[Diagnostic]:
    """Of this environment's own document; inherited ones may be there for others."""
    own = scene.environment.layers[-1]
    for name in (own.value.get("spec") or {}).get("secrets") or {}:
        if scene.complete and name not in used:
            yield Diagnostic(
                codes.SECRET_UNUSED,
                f"Secret `{name}` is used by no document of this environment, so nothing fetches it",
                at=own.place(("spec", "secrets", name), key=True),
                hint=f"name it in a document as `{{secret: {name}, key: …}}`, or remove it",
                subject=str(scene.environment.address),
            )


def _named(value: Any, path: SpecPath) -> Iterator[tuple[str, str, SpecPath]]:
    """Name, key and path of each reference below a value."""
    if isinstance(value, SecretReference):
        yield value.secret, value.key, (*path, "key")
    elif isinstance(value, WholeSecret):
        yield value.secret, "", (*path, "secret")
    elif isinstance(value, Part):
        for name, field in type(value).model_fields.items():
            inside = (*path, field.alias or name)
            if name == "image_pull_secrets":
                yield from ((each, PULLED, (*inside, index)) for index, each in enumerate(getattr(value, name)))
            else:
                yield from _named(getattr(value, name), inside)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _named(each, (*path, str(key)))
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _named(each, (*path, index))
