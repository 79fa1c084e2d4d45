"""Names of things: specs, resources, objects, fields, releases. Each type prints and parses.

They are tuples because plans compare, sort and look up tens of thousands of them.
"""

import re
from typing import NamedTuple

from opsdecl.diag import SpecPath

MAIN = "main"
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class SpecAddress(NamedTuple):
    """A document of an environment: `LLM.chat`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.name}"

    @classmethod
    def parse(cls, text: str) -> "SpecAddress":
        """Raises ValueError where the text is not `Kind.name`."""
        kind, _, name = text.partition(".")
        if not kind or not name or "/" in name:
            raise ValueError(f"not a document address: {text!r}, expected Kind.name")
        return cls(kind, name)


class Address(NamedTuple):
    """A resource of a document: `LLM.chat/main/deployment`. The variant is reserved for canaries and pools."""

    spec: SpecAddress
    variant: str
    role: str

    def __str__(self) -> str:
        return f"{self.spec}/{self.variant}/{self.role}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises ValueError where the text is not `Kind.name/variant/role`."""
        parts = text.split("/")
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"not a resource address: {text!r}, expected Kind.name/variant/role")
        return cls(SpecAddress.parse(parts[0]), parts[1], parts[2])


class ObjectKey(NamedTuple):
    """A Kubernetes object; `namespace` is empty for cluster-scoped kinds."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


class Release(NamedTuple):
    """The unit with its own lock, inventory, digest and history: project x environment x target x partition."""

    project: str
    environment: str
    target: str
    partition: str = ""

    def __str__(self) -> str:
        parts = (self.project, self.environment, self.target, self.partition)
        return "/".join(part for part in parts if part)


def format_path(path: SpecPath) -> str:
    """`("spec", "containers", 0, "a.b")` -> `spec.containers[0]["a.b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


_PATH_TOKEN = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\["([^"]*)"\]')


def parse_path(text: str) -> SpecPath:
    """Inverse of `format_path`. Raises ValueError on anything else."""
    path: list[str | int] = []
    at = 0
    while at < len(text):
        match = _PATH_TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"not a field path: {text!r}, at character {at + 1}")
        plain, index, quoted = match.groups()
        path.append(int(index) if index is not None else plain if plain is not None else quoted)
        at = match.end()
    return tuple(path)
