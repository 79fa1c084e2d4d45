"""What a plan changes of exceptions: which documents, from which rules, until when."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from opsdecl.addr import SpecAddress
from opsdecl.diff.records import TargetState
from opsdecl.diff.types import DocumentChange, ExceptionChange, ExceptionTerms, Origin
from opsdecl.flows.build import Built, has_exceptions
from opsdecl.flows.project import origin_of

_Terms = Mapping[str, tuple[ExceptionTerms, int]]
"""By name; with the place in the list."""


def exception_changes(
    built: Built,
    changes: Sequence[DocumentChange],
    states: Sequence[TargetState | None],
    unknown: Collection[SpecAddress] = (),
) -> tuple[ExceptionChange, ...]:
    """Of policies that are new or that differ. Those of a policy that goes away went with its rules."""
    policies = [change for change in changes if change.address.startswith("Policy.")]
    addresses = {SpecAddress.parse(c.address) for c in policies if c.fields or c.action == "create"}
    concerned = addresses - set(unknown)
    if not concerned:
        return ()
    # Effective values of a base are worked out when they are looked at.
    held = (d for state in states if state is not None for d in state.documents if d.address in concerned)
    stored = {document.address: document.effective for document in held}
    return tuple(change for a in sorted(concerned) for change in _of_policy(built, a, stored.get(a, {})))


def _of_policy(built: Built, address: SpecAddress, before: Mapping[str, Any]) -> Iterator[ExceptionChange]:
    policy = built.graph.document(address)
    if policy is None or not (has_exceptions(policy) or (before.get("spec") or {}).get("exceptions")):
        return
    old, new = _terms(built, address, before), _terms(built, address, policy.effective)
    for name in sorted({*old, *new}):
        was, now = old.get(name), new.get(name)
        if (was and was[0]) != (now and now[0]):
            yield ExceptionChange(
                address=str(address),
                name=name,
                before=was[0] if was else None,
                after=now[0] if now else None,
                origin=_origin(built, address, now[1]) if now else None,
            )


def _terms(built: Built, address: SpecAddress, effective: Mapping[str, Any]) -> _Terms:
    """What holds in this environment, of the documents that it has now."""
    from opsdecl.policy.exceptions import in_force, names, read_exemptions

    documents = [document.address for document in built.graph.documents]
    return {
        each.name: (
            ExceptionTerms(
                documents=tuple(sorted(str(d) for d in documents if names(each, d))),
                rules=each.rules,
                until=each.until.isoformat(),
                owner=each.owner,
                reason=each.reason,
            ),
            each.index,
        )
        for each in read_exemptions(address, effective)
        if in_force(each, built.environment.address.name)
    }


def _origin(built: Built, address: SpecAddress, index: int) -> Origin | None:
    span = origin_of(built.project, built.graph, address, ("spec", "exceptions", index, "name"))
    return Origin(file=span.file, line=span.line, column=span.column) if span else None
