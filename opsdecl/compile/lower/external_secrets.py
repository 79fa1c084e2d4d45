"""Secrets from a store: one ExternalSecret for each namespace whose documents use it, in the Environment's name."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from opsdecl.addr import MAIN, Address, ObjectKey, SpecAddress
from opsdecl.compile.lower.labels import environment_labels
from opsdecl.compile.lower.resources import token_of
from opsdecl.compile.lower.subject import traced
from opsdecl.compile.secrets import PULLED, made_key
from opsdecl.compile.types import CompiledDocument, Resource, Traced
from opsdecl.spec.kinds.environment import ExternalSecret
from opsdecl.spec.kinds.scalars import Duration

API_VERSION, KIND = "external-secrets.io/v1", "ExternalSecret"


def external_secrets(
    environment: CompiledDocument, project: str, used: Iterable[tuple[str, str]]
) -> tuple[Resource, ...]:
    """`used` are namespaces and names of declared Secrets. The Secret itself is External Secrets' to make."""
    declared = environment.model.spec.secrets
    return tuple(_external(environment, project, namespace, name, declared[name]) for namespace, name in used)


def after_secrets(
    resources: Iterable[Resource], environment: SpecAddress, used: Iterable[tuple[str, str]]
) -> tuple[Resource, ...]:
    """The resources, each after the Secrets that it mentions."""
    known = set(used)
    return tuple(_after(resource, environment, known) for resource in resources)


def _after(resource: Resource, environment: SpecAddress, used: set[tuple[str, str]]) -> Resource:
    namespace = resource.key.namespace
    names = sorted({name for name in _mentioned(resource.inputs) if (namespace, name) in used})
    needed = tuple(_address(environment, namespace, name) for name in names)
    return replace(resource, depends_on=(*resource.depends_on, *needed)) if needed else resource


def _address(environment: SpecAddress, namespace: str, name: str) -> Address:
    return Address(environment, MAIN, f"external-secret.{namespace}.{name}")


def _external(
    environment: CompiledDocument, project: str, namespace: str, name: str, secret: ExternalSecret
) -> Resource:
    path = ("spec", "secrets", name)
    spec = {
        "secretStoreRef": {
            "kind": traced(secret.store_kind, *path, "storeKind"),
            "name": traced(secret.store, *path, "store"),
        },
        "refreshPolicy": "Periodic",
        "refreshInterval": traced(go_duration(secret.refresh), *path, "refresh"),
        "target": {"name": name, "creationPolicy": "Owner", "deletionPolicy": "Retain", **_typed(secret)},
        **_values(secret, path),
    }
    metadata = environment.model.metadata
    annotations = {key: traced(value, "metadata", "annotations", key) for key, value in metadata.annotations.items()}
    return Resource(
        address=_address(environment.address, namespace, name),
        token=token_of(API_VERSION, KIND),
        key=ObjectKey(API_VERSION, KIND, namespace, name),
        inputs={
            "metadata": {"labels": environment_labels(environment, project), "annotations": annotations or None},
            "spec": spec,
        },
    )


def _typed(secret: ExternalSecret) -> dict[str, Any]:
    """Kubernetes pulls images only with Secrets of a type of its own."""
    return {"template": {"type": "kubernetes.io/dockerconfigjson"}} if made_key(secret) == PULLED else {}


def _values(secret: ExternalSecret, path: tuple[str, ...]) -> dict[str, Any]:
    remote = {
        "key": traced(secret.remote_key, *path, "remoteKey"),
        "property": traced(secret.property, *path, "property") if secret.property else None,
    }
    key = made_key(secret)
    if not key:
        return {"dataFrom": [{"extract": remote}]}
    return {"data": [{"secretKey": traced(key, *path, "key"), "remoteRef": remote}]}


def go_duration(duration: Duration) -> str:
    """`1h0m0s`, as Go writes it back: another spelling would be a change that nobody made."""
    minutes, seconds = divmod(round(duration.seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def _mentioned(value: Any) -> Iterator[str]:
    """Names of Secrets below a part of an object, as pods and what makes them name theirs."""
    value = value.value if isinstance(value, Traced) else value
    if isinstance(value, list | tuple):
        for each in value:
            yield from _mentioned(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _name_in(key, each)
            yield from _mentioned(each)


def _name_in(key: str, value: Any) -> Iterator[str]:
    value = value.value if isinstance(value, Traced) else value
    rows = value if isinstance(value, list) else [value]
    field = {"secretKeyRef": "name", "secretRef": "name", "imagePullSecrets": "name", "secret": "secretName"}.get(key)
    for row in rows:
        row = row.value if isinstance(row, Traced) else row
        if field is not None and isinstance(row, dict) and field in row:
            name = row[field]
            yield str(name.value if isinstance(name, Traced) else name)
