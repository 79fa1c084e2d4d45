"""OD795 and following: memory of trainings."""

from opsdecl.diag.types import Code, Severity

DOES_NOT_FIT = Code(
    "OD795",
    "Training does not fit the GPU",
    "Weights, gradients, the optimiser's state and activations need more memory than the GPU has, even at the "
    "optimistic end of the estimate. The run would wait for its GPUs, load for minutes, and end out of memory.\n\n"
    "The hint names the mildest change that helps, checked with the same arithmetic: what costs time comes before "
    "what changes the model that comes out.",
    "spec:\n  base: {model: llama-3.1-8b-instruct, method: full}\n  accelerator: {gpu: l4, count: 1}",
)
TIGHT_FIT = Code(
    "OD796",
    "Training may not fit the GPU",
    "The memory that a training needs lies within the GPU's at the optimistic end of the estimate and not at the "
    "pessimistic one. Whether it ends out of memory depends on the program: how it reckons the loss, in which "
    "numbers it keeps gradients.\n\n"
    "Leave more room, or try a few steps first.",
    "spec:\n  base: {model: llama-3.1-8b-instruct, method: lora, rank: 16}\n  accelerator: {gpu: l4, count: 1}",
    Severity.WARNING,
)
NOT_SIZED = Code(
    "OD797",
    "Training that is not sized",
    "Whether the training fits its GPUs is not known, because something that memory depends on is missing: the shape "
    "of the model, or the length of its sequences.\n\n"
    "Say the length in `batch.sequenceLength`, or add the model to the catalogue.",
    "spec:\n  base: {model: llama-3.1-8b-instruct, method: lora, rank: 16}   # and no batch.sequenceLength",
    Severity.NOTE,
)

CODES: tuple[Code, ...] = (DOES_NOT_FIT, TIGHT_FIT, NOT_SIZED)
