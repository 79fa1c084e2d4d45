"""Environment variables of containers: texts, keys of Secrets, fields of the pod."""

from collections.abc import Mapping
from typing import Any

from opsdecl.compile.types import Traced
from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.variables import PodField, SecretReference


def declared(variables: Mapping[str, Any], path: SpecPath) -> dict[str, Any]:
    """Name -> EnvVar without its name, for variables that a person wrote at `path`."""
    return {name: Traced(_source(value), (*path, name)) for name, value in variables.items()}


def literal(value: str) -> dict[str, Any]:
    return {"value": value}


def from_secret(reference: SecretReference) -> dict[str, Any]:
    return {"valueFrom": {"secretKeyRef": {"name": reference.secret, "key": reference.key}}}


def env_list(variables: Mapping[str, Any]) -> list[Any] | None:
    """The list that a container takes, by name: its order must not follow the order in files."""
    return [_named(name, variables[name]) for name in sorted(variables) if variables[name] is not None] or None


def _source(value: Any) -> dict[str, Any]:
    if isinstance(value, SecretReference):
        return from_secret(value)
    if isinstance(value, PodField):
        return {"valueFrom": {"fieldRef": {"fieldPath": value.field}}}
    return literal(value)


def _named(name: str, source: Any) -> Any:
    if isinstance(source, Traced):
        return Traced({"name": name, **source.value}, source.path)
    return {"name": name, **source}
