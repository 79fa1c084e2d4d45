"""OD388: what explains a model."""

from opsdecl.diag.types import Code

NOT_EXPLAINED = Code(
    "OD388",
    "An evaluation that does not explain the model",
    "`explain.attribution` names the evaluation whose evidence a card shows as the model's explanation. The one of "
    "this name measures something else, or other models, so that there would never be any.\n\n"
    "Give the evaluation the recipe `attribution`, with the model among its candidates, or name another one.",
    "kind: Model\nmetadata: {name: churn}\nspec:\n  explain: {attribution: churn-quality}   # its recipe is `tabular`",
)

CODES: tuple[Code, ...] = (NOT_EXPLAINED,)
