"""How the entries of a list are recognised: by a field, by their flag, or by themselves. Rows with reasons."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

Fields = tuple[str, ...]


class ListRule(Struct, frozen=True):
    """Entries of a list of this name are told apart by the first of `keys` that is there and unique on both sides."""

    name: str
    keys: tuple[Fields, ...]
    reason: str


class Entry(Struct, frozen=True):
    """One entry under its key. `value` is what is compared and shown, `index` its place in the list."""

    value: Any
    index: int


Entries = Mapping[str, Entry]

KEYED_LISTS = (
    ListRule("containers", (("name",),), "the API server merges containers by name"),
    ListRule("initContainers", (("name",),), "the API server merges containers by name"),
    ListRule("env", (("name",),), "a variable is known by its name"),
    ListRule("volumes", (("name",),), "mounts refer to volumes by name"),
    ListRule("volumeMounts", (("mountPath",),), "one volume may be mounted twice, a path only once"),
    ListRule("volumeDevices", (("devicePath",),), "one volume may be attached twice, a path only once"),
    ListRule(
        "ports",
        (("name",), ("containerPort", "protocol"), ("containerPort",), ("port", "protocol"), ("port",)),
        "names are optional; a number serves one protocol",
    ),
    ListRule(
        "tolerations",
        (("key",), ("key", "effect"), ("key", "value", "effect"), ("key", "operator", "value", "effect")),
        "most taints are tolerated once",
    ),
    ListRule("imagePullSecrets", (("name",),), "a set of names"),
    ListRule("secrets", (("name",),), "a set of names"),
    ListRule("hostAliases", (("ip",),), "one entry per address"),
    ListRule(
        "topologySpreadConstraints",
        (("topologyKey",), ("topologyKey", "whenUnsatisfiable")),
        "one rule per topology, hard and soft may stand together",
    ),
    ListRule("ownerReferences", (("uid",),), "an owner is one object"),
    ListRule("volumeClaimTemplates", (("metadata.name",),), "claims are named from it"),
    ListRule("items", (("key",),), "a file per key of a ConfigMap or Secret"),
    ListRule("parentRefs", (("name", "sectionName"), ("name",)), "a route attaches to a listener once"),
    ListRule("patches", (("path",), ("target", "path")), "one patch per field"),
)
_BY_NAME = {rule.name: rule for rule in KEYED_LISTS}
_FALLBACK: tuple[Fields, ...] = (("name",),)

SETS = frozenset(
    {
        "accessModes",
        "finalizers",
        "policyTypes",
        "movedFrom",
        "servedNames",
        "verbs",
        "apiGroups",
        "namespaces",
        "kinds",
    }
)
"""Lists of texts whose order says nothing."""

FLAG_LISTS = frozenset({"args", "command"})


def entries_of(name: str, before: Sequence[Any], after: Sequence[Any]) -> tuple[Entries, Entries] | None:
    """Both lists by key, None where entries cannot be told apart and the lists must be compared as they stand."""
    if name in FLAG_LISTS:
        return _both(_by_flag(before), _by_flag(after))
    if name in SETS:
        return _both(_by_value(before), _by_value(after))
    rule = _BY_NAME.get(name)
    for fields in rule.keys if rule else _FALLBACK:
        found = _both(_by_fields(before, fields), _by_fields(after, fields))
        if found is not None:
            return found
    return None


def _both(before: Entries | None, after: Entries | None) -> tuple[Entries, Entries] | None:
    return None if before is None or after is None else (before, after)


def _by_fields(items: Sequence[Any], fields: Fields) -> Entries | None:
    found: dict[str, Entry] = {}
    for index, item in enumerate(items):
        key = _key_of(item, fields)
        if key is None or key in found:
            return None
        found[key] = Entry(item, index)
    return found


def _key_of(item: Any, fields: Fields) -> str | None:
    values = [_field(item, name) for name in fields]
    if any(isinstance(value, bool) or not isinstance(value, (str, int)) for value in values):
        return None
    return ":".join(str(value) for value in values)


def _field(item: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        item = item.get(name) if isinstance(item, Mapping) else None
    return item


def _by_value(items: Sequence[Any]) -> Entries | None:
    if not all(isinstance(item, str) for item in items) or len(set(items)) != len(items):
        return None
    return {item: Entry(item, index) for index, item in enumerate(items)}


def _by_flag(items: Sequence[Any]) -> Entries | None:
    """`--flag=value` is a flag with a text, `--flag` alone is True, `--flag a b` a flag with a list of texts.

    What stands before the first flag is known by its position. A flag that is given twice makes the list opaque,
    and so does a word after `--flag=value`, which no flag claims.
    """
    found: dict[str, Entry] = {}
    flag = ""
    for index, item in enumerate(items):
        if not isinstance(item, str):
            return None
        if not flag and not item.startswith("--"):
            found[str(index)] = Entry(item, index)
        elif not item.startswith("--"):
            if isinstance(found[flag].value, str):
                return None
            found[flag] = Entry([*_words(found[flag].value), item], found[flag].index)
        else:
            flag, equals, text = item.partition("=")
            if flag in found or flag == "--":
                return None
            found[flag] = Entry(text if equals else True, index)
    return found


def _words(value: Any) -> list[str]:
    return value if isinstance(value, list) else []
