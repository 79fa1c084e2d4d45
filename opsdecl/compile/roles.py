"""Roles of a language model's pods: where some only work prompts out, those are a part of the document with GPUs,
replicas and settings of its own.

Works on effective values, as `rollout` does.
"""

from collections.abc import Mapping
from typing import NamedTuple

from opsdecl.diag import SpecPath
from opsdecl.spec.types import Json

Values = Mapping[str, Json]
PREFILL = "prefill"
"""Also the variant of the objects of these pods."""
DECODE = "decode"
_OWN = ("accelerator", "parallelism", "resources")


class Role(NamedTuple):
    """`spec` is the document's as it holds for these pods; `name` is empty for the pods that answer."""

    name: str
    spec: Values


def roles_of(spec: Values) -> tuple[Role, ...]:
    """One role, or two: the pods that answer, then those that prefill."""
    own = Role("", spec)
    return (own, Role(PREFILL, for_prefill(spec))) if spec.get(PREFILL) else (own,)


def for_prefill(spec: Values) -> Values:
    """The effective `spec` with what differs in prefill pods."""
    role = spec[PREFILL]
    engine, own = spec.get("engine") or {}, role.get("engine") or {}
    maps = {name: {**(engine.get(name) or {}), **(own.get(name) or {})} for name in ("args", "env")}
    return {
        **{name: value for name, value in spec.items() if name != PREFILL},
        **{name: role[name] for name in _OWN if name in role},
        "replicas": role.get("replicas") or {},
        "engine": {**engine, **own, **maps},
    }


def path_in(variant: str, spec: Values, path: SpecPath) -> SpecPath:
    """Where a document says for its prefill pods what a path of its `spec` says for the others: below
    `("spec", "prefill")` where they have something of their own there. `spec` is as people wrote it."""
    role = spec.get(PREFILL)
    if variant != PREFILL or not isinstance(role, Mapping) or path[:1] != ("spec",) or len(path) < 2:
        return path
    own = path[1] == "replicas" or (path[1] in _OWN and path[1] in role) or _has(role, path[1:])
    return ("spec", PREFILL, *path[1:]) if own else path


def _has(value: Json, path: SpecPath) -> bool:
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return True


def by_role(effective: Values) -> Mapping[str, Values]:
    """The effective values of a document once for each role, by its name."""
    return {role.name: {**effective, "spec": role.spec} for role in roles_of(effective["spec"])}
