"""OD85x: model cards, bills of materials, what answered when."""

from opsdecl.diag.types import Code

NO_CARD = Code(
    "OD850",
    "Nothing to describe under this name",
    "A card, a bill of materials and a trace are about documents that are served, or loaded by one that is: of kind "
    "LLM, Model or Adapter. The name is that of no such document in this environment.\n\n"
    "Name the document with its kind, such as `LLM.chat`; `opsdecl graph` lists what an environment has.",
    "opsdecl card LLM.chta --env prod   # it is called LLM.chat",
)
CODES: tuple[Code, ...] = (NO_CARD,)
