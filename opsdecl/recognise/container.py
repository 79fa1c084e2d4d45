"""What a container says of itself: its image, its command line, its variables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

_CREDENTIAL = re.compile(
    r"(?i)(^|[_-])(password|passwd|passphrase|secret|token|credentials?|api[_-]?key|access[_-]?key)"
)
_VERSION = re.compile(r"v?(\d+(?:\.\d+)+)")


class CommandLine(Struct, frozen=True):
    """`words` stand alone, in their order; `flags` without dashes: a text, True where one stands alone, or several
    texts."""

    words: tuple[str, ...]
    flags: Mapping[str, str | bool | tuple[str, ...]]


class Hidden(Exception):  # noqa: N818 - reads as what it says
    """Something that only whoever runs it can know."""


def command_line(container: Mapping[str, Any]) -> CommandLine:
    """Command and arguments together. A shell's script is taken apart as far as it is one plain command.

    Raises Hidden where it is more than that.
    """
    if any(isinstance(part, Mapping) for part in (*(container.get("command") or ()), *(container.get("args") or ()))):
        raise Hidden("a part of its command line is kept encrypted")
    parts = [str(part) for part in (*(container.get("command") or ()), *(container.get("args") or ()))]
    if parts and re.search(r"(^|/)(ba|z|da)?sh$", parts[0]):
        parts = _plain_script(parts)
    words: list[str] = []
    flags: dict[str, str | bool | tuple[str, ...]] = {}
    for name, values in _grouped(parts):
        if not name:
            words += values
        else:
            flags[name] = True if not values else values[0] if len(values) == 1 else tuple(values)
    return CommandLine(tuple(words), flags)


def _plain_script(parts: Sequence[str]) -> list[str]:
    import shlex

    script = parts[-1] if len(parts) >= 3 and parts[1].startswith("-") and "c" in parts[1] else ""
    lines = [line for line in script.replace("\\\n", " ").splitlines() if line.strip()]
    try:
        words = shlex.split(lines[0]) if len(lines) == 1 else []
    except ValueError:
        words = []
    if not words or any(sign in word for word in words for sign in ("$", "`", "&&", "|", ";")):
        raise Hidden("a shell script starts it")
    return words[1:] if words[0] == "exec" else words


def _grouped(parts: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Flags with the values that follow them; words before the first flag have no name."""
    name, values = "", list[str]()
    for part in parts:
        if part.startswith("--") or (re.fullmatch(r"-[a-zA-Z]", part) and part != "-m"):
            yield name, values
            name, equals, value = part.lstrip("-").partition("=")
            name = name.replace("_", "-")
            values = [value] if equals else []
            if equals:
                yield name, values
                name, values = "", []
        else:
            values.append(part)
    yield name, values


def variables(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """By name: a text, `{secret, key}` or `{field}`; others are left out, and credentials that are written down."""
    found: dict[str, Any] = {}
    for entry in container.get("env") or ():
        source = entry.get("valueFrom") or {}
        if "secretKeyRef" in source:
            found[entry["name"]] = {"secret": source["secretKeyRef"]["name"], "key": source["secretKeyRef"]["key"]}
        elif "fieldRef" in source:
            found[entry["name"]] = {"field": source["fieldRef"]["fieldPath"]}
        elif isinstance(entry.get("value"), str) and not is_credential(entry["name"]):
            found[entry["name"]] = entry["value"]
    return found


def written_credentials(container: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of variables that hold a credential as a text, or something that the state keeps encrypted."""
    return tuple(
        str(entry["name"])
        for entry in container.get("env") or ()
        if ("value" in entry and is_credential(str(entry["name"]))) or isinstance(entry.get("value"), Mapping)
    )


def is_credential(name: str) -> bool:
    return _CREDENTIAL.search(name) is not None


def image_name(container: Mapping[str, Any]) -> str:
    """`registry.example.com/vllm/vllm-openai:v0.33.0` -> `vllm/vllm-openai`, without the registry."""
    plain = str(container.get("image") or "").partition("@")[0]
    path, _, last = plain.rpartition("/")
    host, _, rest = path.partition("/")
    folder = rest if "." in host or ":" in host else path
    return f"{folder}/{last.partition(':')[0]}".strip("/")


def image_version(container: Mapping[str, Any]) -> str:
    """Of the tag: `v0.33.0-cu129` -> `0.33.0`; empty where it names none."""
    last = str(container.get("image") or "").partition("@")[0].rpartition("/")[2]
    found = _VERSION.match(last.partition(":")[2])
    return found[1] if found else ""
