"""OD497: documents that a promotion names and the other environment lacks."""

from opsdecl.diag.types import Code

MISSING_THERE = Code(
    "OD497",
    "A promoted value names what the other environment lacks",
    "What is carried over names a document, such as the training that makes an adapter, and the other environment has "
    "none of that name. It could not be compiled, so nothing was written. What the document names in turn, and the "
    "other environment lacks as well, is listed too.\n\n"
    "Carry these documents over with `--with-missing`: they are written as they are here, and the plan shows what that "
    "starts, as a training runs there once more. Or write such documents of the other environment's own, with data and "
    "sizes of its own, and promote again.",
    "opsdecl promote --from staging --to prod LLM.chat   # adapters: [legal], and only staging has Adapter.legal",
)
CODES: tuple[Code, ...] = (MISSING_THERE,)
