"""`card`: one document as people should know it before they rely on it."""

from opsdecl.diag import Checked
from opsdecl.flows.build import Built
from opsdecl.flows.described import card_of, find_described
from opsdecl.flows.gates import read_evidence
from opsdecl.flows.memory import Memory
from opsdecl.flows.models import Models
from opsdecl.transparency.types import ModelCard


def make_card(built: Built, name: str, memory: Memory | None = None) -> Checked[ModelCard]:
    """None where no document that has a card is called so."""
    found = find_described(built, [name])
    if found.value is None:
        return Checked(None, found.diagnostics)
    memory = memory or Memory()
    models = Models(built.project.catalog, memory.memo).within(built.environment)
    evidence, broken = read_evidence(built.project.tree)
    return Checked(card_of(built, found.value[0], models, evidence, memory.today), broken)
