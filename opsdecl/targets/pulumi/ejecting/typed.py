"""An object -> the class of `pulumi_kubernetes` that makes it, with the names that its arguments have in Python.

The arguments are dictionaries, whose keys the package's `…ArgsDict` types describe: they read like the manifest,
and pyright checks them; for mypy those types are plain mappings. Importing this imports Pulumi and its Kubernetes
classes.
"""

from collections import abc
from collections.abc import Mapping
from importlib import import_module
from typing import Any, get_args, get_origin

from msgspec import Struct
from pulumi import _types

_PACKAGE, _ALIAS = "pulumi_kubernetes", "k8s"
_OF_CLASS = frozenset({"apiVersion", "kind"})


class Typed(Struct, frozen=True):
    """`name` is how a program calls the class, `arguments` what it gives it besides name and options."""

    name: str
    arguments: Mapping[str, Any]


class _Unfit(Exception):  # noqa: N818 - ends the attempt, and is no failure
    """The types have no such value."""


def typed(token: str, inputs: Mapping[str, Any]) -> Typed | None:
    """None where no class takes these inputs as they are."""
    own = _class_of(token)
    if own is None:
        return _custom(token, inputs)
    name, arguments = own
    given = {key: value for key, value in inputs.items() if key not in _OF_CLASS}
    if not given.keys() <= _types.input_type_types(arguments).keys():
        return None
    try:
        return Typed(name, _in_python(given, arguments))
    except _Unfit:
        return None


def _class_of(token: str) -> tuple[str, type] | None:
    """`kubernetes:networking.k8s.io/v1:Ingress` -> `k8s.networking.v1.Ingress` and the type of its arguments."""
    _, module, kind = token.split(":")
    group, _, version = module.partition("/")
    path = f"{group.partition('.')[0]}.{version}"
    try:
        found = import_module(f"{_PACKAGE}.{path}")
    except ImportError:
        return None
    arguments = getattr(found, f"{kind}InitArgs", None)
    if arguments is None or _token_of(getattr(found, kind)) != token:
        return None
    return f"{_ALIAS}.{path}.{kind}", arguments


def _token_of(made: type) -> str | None:
    found = getattr(made, "pulumi_type", None)
    return found if isinstance(found, str) else None


def _custom(token: str, inputs: Mapping[str, Any]) -> Typed | None:
    """An object of a definition that somebody installed."""
    if set(inputs) - {"apiVersion", "kind", "metadata", "spec"}:
        return None
    if token != f"kubernetes:{inputs.get('apiVersion')}:{inputs.get('kind')}":
        return None
    _, metadata = _class_of("kubernetes:core/v1:ConfigMap") or ("", type(None))
    try:
        known = _in_python({"metadata": inputs["metadata"]}, metadata)
    except (_Unfit, KeyError):
        return None
    named = {"api_version": inputs["apiVersion"], "kind": inputs["kind"], **known}
    return Typed(
        f"{_ALIAS}.apiextensions.CustomResource", {**named, **({"spec": inputs["spec"]} if "spec" in inputs else {})}
    )


def _in_python(value: Any, type_: Any) -> Any:
    """The same rules by which the SDK turns names back: keys are those of a type, or anybody's own."""
    type_ = _types.unwrap_type(type_) if type_ is not None else None
    match value:
        case abc.Mapping():
            return _mapping(value, type_)
        case list() | tuple():
            element = _element_of(type_)
            return [_in_python(item, element) for item in value]
        case _:
            return value


def _mapping(value: Mapping[str, Any], type_: Any) -> dict[str, Any]:
    if not _is_arguments(type_):
        of_each = get_args(type_)[1] if _is_mapping(type_) else None
        return {name: _in_python(item, of_each) for name, item in value.items()}
    types, names = _types.input_type_types(type_), _types.input_type_py_to_pulumi_names(type_)
    ours = {theirs: name for name, theirs in names.items()}
    return {ours.get(name, name): _in_python(item, types.get(name)) for name, item in value.items()}


def _is_arguments(type_: Any) -> bool:
    return isinstance(type_, type) and _types.is_input_type(type_)


def _is_mapping(type_: Any) -> bool:
    return get_origin(type_) in (dict, abc.Mapping) and len(get_args(type_)) == 2


def _element_of(type_: Any) -> Any:
    """Raises _Unfit where the SDK would refuse a list."""
    if type_ is None or type_ is Any:
        return None
    if get_origin(type_) not in (list, abc.Sequence):
        raise _Unfit
    return get_args(type_)[0]
