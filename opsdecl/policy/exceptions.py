"""Exceptions of a policy × a rule, a document and a day -> which of them decides. No rule is evaluated here."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from opsdecl.addr import SpecAddress
from opsdecl.policy.types import Exemption, Policy, Rule
from opsdecl.spec.kinds.scalars import Duration

_DAY = 86400.0


def read_exemptions(policy: SpecAddress, effective: Mapping[str, Any]) -> tuple[Exemption, ...]:
    """From a policy's effective tree. An entry that is not as declared excepts nobody, and was reported already."""
    spec = effective.get("spec") or {}
    entries = spec.get("exceptions") or ()
    found = (_read(policy, index, entry) for index, entry in enumerate(entries))
    return tuple(exemption for exemption in found if exemption is not None)


def _read(policy: SpecAddress, index: int, entry: Mapping[str, Any]) -> Exemption | None:
    try:
        return Exemption(
            policy,
            index,
            entry["name"],
            tuple(entry["documents"]),
            tuple(entry.get("rules") or ()),
            tuple(entry.get("environments") or ()),
            date.fromisoformat(entry["until"]),
            entry["owner"],
            entry["reason"],
        )
    except (KeyError, TypeError, ValueError):
        return None


def longest_days_of(effective: Mapping[str, Any]) -> float:
    """Days; without bound where the policy says nothing that could be read."""
    said = (effective.get("spec") or {}).get("longestException")
    return Duration.parse(said).seconds / _DAY if said else float("inf")


def in_force(exemption: Exemption, environment: str) -> bool:
    """Whether it is meant for an environment at all, whatever the day."""
    return not exemption.environments or environment in exemption.environments


def names(exemption: Exemption, document: SpecAddress) -> bool:
    return any(fits(pattern, document) for pattern in exemption.documents)


def fits(pattern: str, document: SpecAddress) -> bool:
    """Kinds as they are written; `*` only in the name."""
    kind, _, name = pattern.partition(".")
    return kind == document.kind and fnmatchcase(document.name, name)


def covers(exemption: Exemption, rule: Rule, document: SpecAddress) -> bool:
    return (not exemption.rules or rule.name in exemption.rules) and names(exemption, document)


def exempting(
    policy: Policy, rule: Rule, document: SpecAddress, environment: str, today: date | None
) -> Exemption | None:
    """The exception that decides: of those about this rule and document, the one that ends last. It may have ended.

    None on no day: where nobody knows what day it is, nobody knows that an exception still holds.
    """
    if today is None:
        return None
    found = [
        exemption
        for exemption in policy.exceptions
        if covers(exemption, rule, document) and in_force(exemption, environment)
    ]
    return max(found, key=lambda exemption: (exemption.until, exemption.name), default=None)


def named(policy: Policy, documents: Collection[SpecAddress], environment: str) -> Iterator[SpecAddress]:
    """Documents that an exception of the policy names in this environment."""
    live = [exemption for exemption in policy.exceptions if in_force(exemption, environment)]
    yield from (document for document in documents if any(names(exemption, document) for exemption in live))
