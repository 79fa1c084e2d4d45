"""The schemas that Kubernetes publishes, as the PyPI package kubernetes-validate carries them, per minor version; and
those of operators' kinds that opsdecl renders, which `tools/crd_schemas.py` takes from their definitions."""

import os
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct, json

PACKAGE = "kubernetes-validate"
_DISTRIBUTION = re.compile(r"kubernetes_validate-(.+)\.dist-info")
_FOLDER = re.compile(r"v(\d+)\.(\d+)\.\d+-local-strict")
# The keywords under which a verdict depends on the value itself and not on its type alone.
_VALUE_KEYWORDS = frozenset(
    ("enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "multipleOf")
)
IDENTITY_NAMES = frozenset(("apiVersion", "kind"))
RULES = "x-kubernetes-validations"
"""The keyword of rules in CEL: `[{"rule": …, "message": …}]`."""
_CUSTOM = Path(__file__).resolve().parent / "data" / "custom"

Schema = Mapping[str, Any]


class Schemas(Struct, frozen=True, dict=True):
    """All schemas of one minor version. `strict`: fields that a schema does not list are refused."""

    version: str
    folder: Path

    @cached_property
    def definitions(self) -> Mapping[str, Schema]:
        """What other schemas refer to, by name."""
        found: Mapping[str, Schema] = json.decode((self.folder / "_definitions.json").read_bytes())["$defs"]
        return found

    def of(self, api_version: str, kind: str) -> Schema | None:
        """None for kinds that neither Kubernetes has in this version nor an operator whose definitions are here."""
        return _load_kind(self.folder, api_version, kind) or _load_custom(api_version, kind).schema

    def has_rules(self, api_version: str, kind: str) -> bool:
        """Whether a definition of an operator has rules in CEL for the kind. Kubernetes' own kinds have none."""
        return _load_custom(api_version, kind).has_rules

    def tells_by_type(self, api_version: str, kind: str) -> bool:
        """Whether objects of the kind that differ in texts and numbers alone get the same verdict."""
        return self.judges_by_type and _load_custom(api_version, kind).schema is None

    def resolve(self, schema: Schema) -> Schema:
        """Follows `$ref` to the definition."""
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        return schema

    @cached_property
    def judges_by_type(self) -> bool:
        """Whether a verdict depends on nothing but types, apart from the values of `apiVersion` and `kind`."""
        return frozenset(_value_names(self.definitions)) <= IDENTITY_NAMES


def known_versions() -> tuple[str, ...]:
    """`("1.25", …, "1.37")`, oldest first."""
    found = (_FOLDER.fullmatch(folder.name) for folder in _root().iterdir())
    numbers = sorted((int(match[1]), int(match[2])) for match in found if match)
    return tuple(f"{major}.{minor}" for major, minor in numbers)


def schemas_identity() -> str:
    """The package that the schemas come from with its version, `kubernetes-validate 1.37.0`: what it holds never
    changes under one version. Told by the names of folders, since importlib.metadata costs more than all of this."""
    found = [match[1] for name in os.listdir(_root().parents[1]) if (match := _DISTRIBUTION.fullmatch(name))]
    return f"{PACKAGE} {found[0]}" if found else ""


def supported_versions(version: str) -> tuple[str, ...]:
    """The version and the two minors before it, as far as there are schemas for them, newest first."""
    known = known_versions()
    if version not in known:
        return ()
    at = known.index(version)
    return tuple(reversed(known[max(0, at - 2) : at + 1]))


@lru_cache(maxsize=4)
def load_schemas(version: str) -> Schemas | None:
    """None where the package has no schemas of this minor version. The result depends on the version alone."""
    folder = next((f for f in _root().iterdir() if _minor(f.name) == version), None)
    if folder is None:
        return None
    return Schemas(version, folder)


def _root() -> Path:
    # The folder is found without importing the package, whose import costs more than reading the schemas.
    spec = find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed")
    return Path(spec.origin).parent / "kubernetes-json-schema"


def _minor(folder: str) -> str:
    match = _FOLDER.fullmatch(folder)
    return f"{match[1]}.{match[2]}" if match else ""


@lru_cache(maxsize=256)
def _load_kind(folder: Path, api_version: str, kind: str) -> Schema | None:
    group, _, version = api_version.rpartition("/")
    short = f"{group.partition('.')[0]}-{version}" if group else version
    file = folder / f"{kind.lower()}-{short}.json"
    if not re.fullmatch(r"[a-z0-9-]+\.json", file.name) or not file.is_file():
        return None
    schema: Schema = json.decode(file.read_bytes())
    names = schema.get("x-kubernetes-group-version-kind", ())
    return schema if {"group": group, "version": version, "kind": kind} in names else None


class _Custom(NamedTuple):
    schema: Schema | None
    has_rules: bool


@lru_cache(maxsize=64)
def _load_custom(api_version: str, kind: str) -> _Custom:
    """A custom resource, as one release of its operator defines it; `source` in the file says which."""
    group, _, version = api_version.rpartition("/")
    file = _CUSTOM / f"{kind.lower()}-{group}-{version}.json"
    if not re.fullmatch(r"[a-z0-9.-]+\.json", file.name) or not file.is_file():
        return _Custom(None, has_rules=False)
    content = file.read_bytes()
    # Looking for the word costs microseconds; walking a schema of 600 kB would cost more than decoding it.
    return _Custom(json.decode(content)["schema"], f'"{RULES}"'.encode() in content)


def _value_names(schema: Any) -> Iterator[str]:
    left: list[tuple[str, Any]] = [("", schema)]
    while left:
        name, value = left.pop()
        if isinstance(value, list):
            left += ((name, item) for item in value)
        elif isinstance(value, dict):
            if not _VALUE_KEYWORDS.isdisjoint(value):
                yield name
            for key, inner in value.items():
                left += inner.items() if key in ("properties", "$defs") else ((name, inner),)
