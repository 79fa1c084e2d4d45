"""Exceptions of policies -> which end, last too long, or except nothing."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from opsdecl.addr import SpecAddress
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import exceptions as codes
from opsdecl.diag.nearest import did_you_mean
from opsdecl.policy.evaluate import broken_by
from opsdecl.policy.exceptions import covers, fits, in_force, named
from opsdecl.policy.findings import at_policy
from opsdecl.policy.select import read_policy
from opsdecl.policy.types import Exemption, Placing, Policy
from opsdecl.render.types import ManifestSet

WARN_DAYS = 14
"""Before an exception ends: two weeks, which is time for a change, its review and its rollout."""


def check_exceptions(
    document: CompiledDocument, environment: str, today: date | None, place: Placing
) -> Iterator[Diagnostic]:
    """What is wrong with the exceptions of one policy, whatever they are about. Days are told where it is known which
    one it is."""
    policy = read_policy(document)
    for exemption in policy.exceptions:
        yield from _unknown_rules(policy, exemption, place)
        if today is not None and in_force(exemption, environment):
            yield from _days(policy, exemption, today, place)


def _unknown_rules(policy: Policy, exemption: Exemption, place: Placing) -> Iterator[Diagnostic]:
    known = [rule.name for rule in policy.rules]
    for index, name in enumerate(exemption.rules):
        if name not in known:
            yield Diagnostic(
                codes.UNKNOWN_RULE,
                f"exception `{exemption.name}` is from rule `{name}`, which policy `{policy.address.name}` has not",
                at_policy(policy.address, exemption.field("rules", index), place),
                hint=did_you_mean(name, known) or f"there is: {', '.join(known)}",
                subject=str(policy.address),
            )


def _days(policy: Policy, exemption: Exemption, today: date, place: Placing) -> Iterator[Diagnostic]:
    at = at_policy(policy.address, exemption.field("until"), place)
    left = (exemption.until - today).days
    who = f"exception `{exemption.name}` by {exemption.owner}"
    if left > policy.longest_days:
        last = today + timedelta(days=int(policy.longest_days))
        message = f"{who} ends on {exemption.until}, in {left:,} days; the policy allows {policy.longest_days:,.0f}"
        hint = f"end it on {last} at the latest"
        yield Diagnostic(codes.TOO_LONG, message, at, hint=hint, subject=str(policy.address))
    elif left < WARN_DAYS:
        when = f"expired on {exemption.until}" if left < 0 else f"ends on {exemption.until}, {_in_days(left)}"
        hint = f"let the documents keep the rule{' and remove it' if left < 0 else ''}, or move the day"
        yield Diagnostic(codes.EXCEPTION_ENDS, f"{who} {when}", at, hint=hint, subject=str(policy.address))


def _in_days(left: int) -> str:
    return "today" if left == 0 else "tomorrow" if left == 1 else f"in {left} days"


class Excused(Struct, frozen=True):
    """What the exceptions of all policies do in one environment: by policy and exception, the patterns that name one of
    its documents, and whether one of these breaks a rule."""

    environment: str
    documents: tuple[str, ...] = ()
    patterns: Mapping[tuple[SpecAddress, str], frozenset[str]] = field(default_factory=dict)
    needed: frozenset[tuple[SpecAddress, str]] = frozenset()


def excused_in(
    policies: Sequence[CompiledDocument],
    documents: Sequence[CompiledDocument],
    manifests: ManifestSet,
    environment: CompiledDocument,
) -> Excused:
    """Only documents that exceptions name are judged."""
    name = environment.address.name
    patterns: dict[tuple[SpecAddress, str], frozenset[str]] = {}
    needed: set[tuple[SpecAddress, str]] = set()
    addresses = [document.address for document in documents]
    for each in policies:
        policy = read_policy(each)
        live = [exemption for exemption in policy.exceptions if in_force(exemption, name)]
        for exemption in live:
            met = (p for p in exemption.documents if any(fits(p, address) for address in addresses))
            patterns[policy.address, exemption.name] = frozenset(met)
        some = frozenset(named(policy, addresses, name))
        own = [document for document in documents if document.address in some]
        objects = _only(manifests, frozenset(addresses) - some)
        for rule, address in broken_by([each], own, objects, environment) if own else ():
            needed |= {(policy.address, e.name) for e in live if covers(e, rule, address)}
    return Excused(name, tuple(map(str, addresses)), patterns, frozenset(needed))


def _only(manifests: ManifestSet, without: Collection[SpecAddress]) -> ManifestSet:
    return replace(manifests, manifests=manifests.without(without))


def report_unneeded(
    policies: Sequence[CompiledDocument], excused: Sequence[Excused], today: date | None, place: Placing
) -> Iterator[Diagnostic]:
    """A warning for each exception that excuses nothing in any environment. One that is over was told already.
    `excused`: of every environment of the project."""
    for each in policies:
        policy = read_policy(each)
        for exemption in policy.exceptions:
            if today is None or today <= exemption.until:
                yield from _unknown_environments(policy, exemption, excused, place)
                yield from _unneeded(policy, exemption, excused, place)


def _unknown_environments(
    policy: Policy, exemption: Exemption, excused: Sequence[Excused], place: Placing
) -> Iterator[Diagnostic]:
    known = [each.environment for each in excused]
    for index, name in enumerate(exemption.environments):
        if name not in known:
            said = f"exception `{exemption.name}` holds in `{name}`, which is no environment of this project"
            at = at_policy(policy.address, exemption.field("environments", index), place)
            hint = did_you_mean(name, known) or f"there is: {', '.join(known)}"
            yield Diagnostic(codes.EXCEPTS_NOTHING, said, at, hint=hint, subject=str(policy.address))


def _unneeded(policy: Policy, exemption: Exemption, excused: Sequence[Excused], place: Placing) -> Iterator[Diagnostic]:
    key = (policy.address, exemption.name)
    live = [each for each in excused if in_force(exemption, each.environment)]
    met = frozenset(pattern for each in excused for pattern in each.patterns.get(key, ()))
    for index, pattern in enumerate(exemption.documents):
        if live and pattern not in met:
            where = " that it holds in" if exemption.environments else ""
            said = f"exception `{exemption.name}` names `{pattern}`, which no environment{where} has"
            at = at_policy(policy.address, exemption.field("documents", index), place)
            yield Diagnostic(codes.EXCEPTS_NOTHING, said, at, hint=_hint(pattern, live), subject=str(policy.address))
    misspelt = not {rule.name for rule in policy.rules}.issuperset(exemption.rules)
    if met and not misspelt and not any(key in each.needed for each in excused):
        said = f"exception `{exemption.name}` excuses nothing: what it names keeps {_rules(exemption)}"
        at = at_policy(policy.address, exemption.field("name"), place)
        yield Diagnostic(codes.EXCEPTS_NOTHING, said, at, hint="remove it", subject=str(policy.address))


def _hint(pattern: str, live: Sequence[Excused]) -> str:
    known = dict.fromkeys(document for each in live for document in each.documents)
    return did_you_mean(pattern, known) or "correct the name, or remove it"


def _rules(exemption: Exemption) -> str:
    return f"rule {', '.join(f'`{name}`' for name in exemption.rules)}" if exemption.rules else "all rules"
