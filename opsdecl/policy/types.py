"""Policies as their rules see the world, and the verdicts that rules give."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from msgspec import Struct, field

from opsdecl.addr import SpecAddress
from opsdecl.diag import Place, SpecPath

Placing = Callable[[SpecAddress, SpecPath], Place | None]
"""Where the value at a path of a document's effective tree was set; None where nothing did."""


class Match(Struct, frozen=True):
    """What a policy looks at. An empty field means any. With `objects`, rules see rendered objects."""

    kinds: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


class Rule(Struct, frozen=True):
    """One condition. `index` is its place in the policy's effective list of rules."""

    policy: SpecAddress
    index: int
    name: str
    expression: str
    message: str = ""
    message_expression: str = ""
    path: str = ""

    def field(self, name: str) -> SpecPath:
        """Path of one of the rule's fields in the policy's effective tree."""
        return ("spec", "rules", self.index, name)

    def __str__(self) -> str:
        return f"{self.policy.name}/{self.name}"


class Exemption(Struct, frozen=True):
    """An entry of a policy's `exceptions`. `index` is its place in the effective list; no `rules` are all of them.

    `documents` are addresses, or patterns in which `*` stands for any characters. It holds on the day `until` too.
    """

    policy: SpecAddress
    index: int
    name: str
    documents: tuple[str, ...]
    rules: tuple[str, ...]
    environments: tuple[str, ...]
    until: date
    owner: str
    reason: str

    def field(self, *parts: str | int) -> SpecPath:
        """Path of the entry, or of what is in it, in the policy's effective tree."""
        return ("spec", "exceptions", self.index, *parts)

    def __str__(self) -> str:
        return f"{self.policy.name}/{self.name}"


class Policy(Struct, frozen=True):
    """`longest_days`: how far ahead of today an exception may end."""

    address: SpecAddress
    description: str
    denies: bool
    match: Match
    rules: tuple[Rule, ...]
    exceptions: tuple[Exemption, ...] = ()
    longest_days: float = 0.0

    @property
    def over_objects(self) -> bool:
        return bool(self.match.objects)

    @property
    def variables(self) -> frozenset[str]:
        return OBJECT_VARIABLES if self.over_objects else SPEC_VARIABLES


SPEC_VARIABLES = frozenset({"metadata", "spec", "kind", "environment", "runtime", "model"})
OBJECT_VARIABLES = frozenset({"object"})
MESSAGE_VARIABLES = frozenset({"name"})
"""What messages may name besides."""


class Subject(Struct, frozen=True):
    """One thing that rules judge: a document, or an object of it.

    `values` are the variables. `origin` turns a path into them into a path of the document's effective tree.
    """

    document: SpecAddress
    title: str
    kind: str
    namespace: str
    labels: Mapping[str, Any]
    values: Mapping[str, Any]
    origin: Callable[[SpecPath], SpecPath | None]


class Verdict(Struct, frozen=True):
    """What a rule says of one input. `failure` is why it could not say anything; `culprit` is the value at fault."""

    holds: bool = False
    failure: str = ""
    missing: str = ""
    """The field that the failure is about, in full, where it is about a missing field."""
    culprit: SpecPath = ()
