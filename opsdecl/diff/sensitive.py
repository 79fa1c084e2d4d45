"""What no plan may show: values of Secrets, of credential-like variables and flags, and texts that look like keys."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from opsdecl.diff.compare import MISSING, DiffPath, Item

SENSITIVE = "(sensitive)"

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CREDENTIAL_WORDS = frozenset({"password", "passwd", "passphrase", "secret", "token", "credential", "credentials"})
_CREDENTIAL_PAIRS = frozenset((word, "key") for word in ("api", "access", "private", "auth", "encryption"))
_KEY_SHAPES = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|sk-[A-Za-z0-9_-]{20,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}|xox[abprs]-[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,})|-----BEGIN [A-Z ]*PRIVATE KEY"
)
_NAMED_VALUES = frozenset({"env", "args", "command"})
_SECRET_ROOTS = frozenset({"data", "stringData"})


def is_credential_name(name: str) -> bool:
    """Whether a variable or flag of this name holds a credential. `HF_TOKEN` does, `MAX_TOKENS` does not."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return not _CREDENTIAL_WORDS.isdisjoint(words) or not _CREDENTIAL_PAIRS.isdisjoint(pairwise(words))


def masked(kind: str, path: DiffPath, value: Any) -> Any:
    """The value as a plan may show it, as plain JSON. `MISSING` stays, since absence tells nothing."""
    if isinstance(value, Mapping):
        return {name: masked(kind, (*path, name), item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return _masked_list(kind, path, value)
    if value is None or value is MISSING or isinstance(value, bool):
        return value
    looks_like_key = isinstance(value, str) and _KEY_SHAPES.search(value)
    return SENSITIVE if looks_like_key or _is_sensitive(kind, path) else value


def _is_sensitive(kind: str, path: DiffPath) -> bool:
    if kind == "Secret" and path and path[0] in _SECRET_ROOTS:
        return True
    return any(
        parent in _NAMED_VALUES and is_credential_name(_name(entry)) and _is_literal(path[at + 2 :])
        for at, (parent, entry) in enumerate(pairwise(path))
    )


def _name(part: str | Item) -> str:
    return part.key if isinstance(part, Item) else part


def _is_literal(below: DiffPath) -> bool:
    """The text itself, not the name of a Secret that it is taken from."""
    return all(isinstance(part, Item) or part == "value" for part in below)


def _masked_list(kind: str, path: DiffPath, items: Sequence[Any]) -> list[Any]:
    flag, shown = "", []
    for index, item in enumerate(items):
        if isinstance(item, str) and item.startswith("-"):
            flag, equals, text = item.partition("=")
            entry = masked(kind, (*path, Item(flag)), text) if equals else ""
            shown.append(f"{flag}{equals}{entry}")
        else:
            name = item.get("name") if isinstance(item, Mapping) else flag
            shown.append(masked(kind, (*path, Item(str(name or index))), item))
    return shown
