"""What an Evaluation takes from the documents that it measures, so that nothing else of theirs starts a run."""

from collections.abc import Mapping

from opsdecl.compile.answers import answers_digest
from opsdecl.compile.types import CompiledDocument
from opsdecl.spec.types import Json

MEASURED_KINDS = frozenset(("LLM", "Model", "Training"))


def measured_facts(document: CompiledDocument) -> Mapping[str, Json]:
    """The digest of what its answers come from; of a training, of what another model would come out of. No name is
    that of a field of the document, so that a plan does not call it a change of it."""
    kind, effective, references = document.address.kind, document.effective, document.references
    return {"answers": answers_digest(kind, effective, references)}
