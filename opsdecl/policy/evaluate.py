"""Policies × documents and objects of an environment -> findings. Pure; expressions run within bounds."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import chain

from opsdecl.addr import SpecAddress
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import policy as codes
from opsdecl.diag.codes.exceptions import NOWHERE
from opsdecl.diag.nearest import did_you_mean
from opsdecl.policy.check import check_policy, usable_rules
from opsdecl.policy.exceptions import exempting
from opsdecl.policy.findings import Failures, at_policy, broken_rule, ended, excepted, finding, unanswered
from opsdecl.policy.judge import Group, Judge, group
from opsdecl.policy.select import holds_in, object_subjects, read_policy, selects, spec_subjects
from opsdecl.policy.types import Placing, Policy, Rule, Subject, Verdict
from opsdecl.render.types import ManifestSet


def evaluate_policies(
    policies: Sequence[CompiledDocument],
    documents: Sequence[CompiledDocument],
    manifests: ManifestSet,
    environment: CompiledDocument,
    place: Placing,
    today: date | None = None,
) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with the policies themselves, and everything that they find.

    `place` answers for the policies' own documents too. A rule of level `deny` that cannot be evaluated denies. What an
    exception excuses `today` is a note; where no day is given, none excuses anything.
    """
    read = [read_policy(policy) for policy in policies]
    found = list(chain.from_iterable(check_policy(policy, place) for policy in read))
    for active, subjects in _by_side(read, documents, manifests, environment):
        found += _judge_all(active, subjects, environment.address.name, place, today)
    return tuple(found)


def broken_by(
    policies: Sequence[CompiledDocument],
    documents: Sequence[CompiledDocument],
    manifests: ManifestSet,
    environment: CompiledDocument,
) -> Iterator[tuple[Rule, SpecAddress]]:
    """Each rule that does not hold, or gives no answer, with the document; whether that is excepted or not."""
    for active, subjects in _by_side([read_policy(policy) for policy in policies], documents, manifests, environment):
        yield from ((rule, subject.document) for _, rule, _, subject in _broken(active, subjects))


def matching_policies(
    policies: Sequence[CompiledDocument],
    documents: Sequence[CompiledDocument],
    manifests: ManifestSet,
    environment: CompiledDocument,
) -> frozenset[SpecAddress]:
    """Policies that look at something in this environment; `report_idle` wants those of all environments."""
    read = [read_policy(policy) for policy in policies]
    found: set[SpecAddress] = set()
    for active, subjects in _by_side(read, documents, manifests, environment):
        seen = list(subjects) if active else []
        found |= {policy.address for policy in active if any(selects(policy, subject) for subject in seen)}
    return frozenset(found)


def report_idle(
    policies: Sequence[CompiledDocument], matching: Collection[SpecAddress], place: Placing
) -> tuple[Diagnostic, ...]:
    """A note for each policy that is not `matching`: it looks at nothing in any environment."""
    return tuple(
        Diagnostic(
            codes.IDLE,
            f"policy `{policy.address.name}` looks at nothing in any environment",
            at_policy(policy.address, ("spec", "match"), place),
            hint="widen `match`, or remove the policy",
            subject=str(policy.address),
        )
        for policy in policies
        if policy.address not in matching
    )


def report_nowhere(
    policies: Sequence[CompiledDocument], environments: Collection[str], place: Placing
) -> Iterator[Diagnostic]:
    """A warning for each name in `match.environments` that is none of the project's `environments`."""
    for policy in map(read_policy, policies):
        for index, name in enumerate(policy.match.environments):
            if name not in environments:
                at = at_policy(policy.address, ("spec", "match", "environments", index), place)
                said = f"policy `{policy.address.name}` is for `{name}`, which is no environment of this project"
                hint = did_you_mean(name, environments) or f"there is: {', '.join(environments)}"
                yield Diagnostic(NOWHERE, said, at, hint=hint, subject=str(policy.address))


def _by_side(
    policies: Sequence[Policy],
    documents: Sequence[CompiledDocument],
    manifests: ManifestSet,
    environment: CompiledDocument,
) -> Iterator[tuple[list[Policy], Iterable[Subject]]]:
    """Policies that hold in this environment with what they may look at: documents, then objects."""
    active = [policy for policy in policies if holds_in(policy.match, environment.address.name)]
    yield [policy for policy in active if not policy.over_objects], spec_subjects(documents, environment)
    yield [policy for policy in active if policy.over_objects], object_subjects(manifests)


class _Selection:
    """Which rules look at a thing: decided once for all that look alike to `match`."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = [(policy, usable_rules(policy)) for policy in policies]
        self._labels = sorted({label for policy in policies for label in policy.match.labels})
        self._known: dict[tuple[object, ...], Group | None] = {}

    def group(self, subject: Subject) -> Group | None:
        labels = tuple(str(subject.labels.get(label)) for label in self._labels)
        key = (subject.document.kind, subject.kind, subject.namespace, labels)
        if key not in self._known:
            rules = tuple(rule for policy, usable in self._policies if selects(policy, subject) for rule in usable)
            self._known[key] = group(rules) if rules else None
        return self._known[key]


_Broken = tuple[Policy, Rule, Verdict, Subject]


def _broken(policies: Sequence[Policy], subjects: Iterable[Subject]) -> Iterator[_Broken]:
    """What does not hold, thing by thing."""
    if not policies:
        return
    by_address = {policy.address: policy for policy in policies}
    selection, judge = _Selection(policies), Judge()
    for subject in subjects:
        together = selection.group(subject)
        if together is None:
            continue
        for rule, verdict in zip(together.rules, judge.judge(together, subject), strict=True):
            if not verdict.holds:
                yield by_address[rule.policy], rule, verdict, subject


def _judge_all(
    policies: Sequence[Policy], subjects: Iterable[Subject], environment: str, place: Placing, today: date | None
) -> Iterator[Diagnostic]:
    failures = Failures()
    for policy, rule, verdict, subject in _broken(policies, subjects):
        exemption = exempting(policy, rule, subject.document, environment, today)
        excused = exemption is not None and today is not None and today <= exemption.until
        if verdict.failure and not excused:
            failures.add(rule, verdict, subject)
            continue
        about = unanswered if verdict.failure else finding
        found = about(policy, rule, subject, verdict, place)
        if exemption is not None:
            found = excepted(found, exemption, place) if excused else ended(found, exemption, place)
        yield found
    by_address = {policy.address: policy for policy in policies}
    for rule, failed in failures.by_rule():
        yield broken_rule(by_address[rule.policy], rule, failed, environment, place)
