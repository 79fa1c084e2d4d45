"""Served documents on both sides of a plan, paired: what was applied, or the base, and what is desired."""

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from opsdecl.addr import SpecAddress
from opsdecl.compile.types import CompiledDocument
from opsdecl.diff.records import StoredDocument, TargetState
from opsdecl.diff.release import ReleaseDiff
from opsdecl.diff.types import DocumentChange
from opsdecl.flows.build import Built
from opsdecl.spec.types import Json

Effective = Mapping[str, Json]
SERVED = ("LLM", "Model")


class Sides(Struct, frozen=True):
    """Effective values of one document. `change` is None where it stays as it is."""

    address: SpecAddress
    before: Effective | None
    after: CompiledDocument | None
    change: DocumentChange | None


def sides_of(
    built: Built, diffs: Sequence[ReleaseDiff], states: Sequence[TargetState], unknown: Collection[SpecAddress]
) -> tuple[Sides, ...]:
    """In the order of addresses. A document that was moved is one; of those in `unknown`, nothing is known before."""
    changes = {SpecAddress.parse(change.address): change for diff in diffs for change in diff.documents}
    stored: dict[SpecAddress, StoredDocument] = {d.address: d for state in states for d in state.documents}
    after = {d.address: d for d in built.graph.documents if d.address.kind in SERVED}
    for address, document in after.items():
        for name in document.effective["metadata"].get("movedFrom", ()):
            former = stored.pop(SpecAddress(address.kind, name), None)
            stored |= {address: former} if former is not None else {}
    addresses = sorted(a for a in {*stored, *after} if a.kind in SERVED)
    return tuple(
        Sides(
            address,
            stored[address].effective if address in stored and address not in unknown else None,
            after.get(address),
            changes.get(address),
        )
        for address in addresses
    )
