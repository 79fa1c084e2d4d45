"""OD479, OD480: models and methods of the recipe `attribution`."""

from opsdecl.diag.types import Code

NOT_ATTRIBUTED = Code(
    "OD479",
    "A model that the recipe does not explain",
    "The recipe `attribution` reads models of scikit-learn and XGBoost for SHAP, and of PyTorch for Captum. What other "
    "frameworks write it cannot open, so that the run would end as failed. Language models are traced instead.\n\n"
    "Explain it with a program of your own: `recipe: custom`.",
    "kind: Model\nmetadata: {name: churn}\nspec: {format: tensorflow, …}   # a candidate with `recipe: attribution`",
)
OTHER_METHOD = Code(
    "OD480",
    "A method of attribution for other models",
    "SHAP's methods ask a model about rows of a table. Captum's follow the gradients of a PyTorch model, or change the "
    "numbers that it reads. Which of them can be used depends on the model's framework. `DeepLift`, `LRP` and the like "
    "need the layers of the Python class, which the file of a model does not have.\n\n"
    "Name a method that fits, or none: `shap` is taken for tables, `IntegratedGradients` for PyTorch.",
    "kind: Evaluation\nspec:\n  recipe: attribution\n  candidates: [{model: churn}]   # its format is `sklearn`\n"
    "  parameters: {method: IntegratedGradients}",
)

CODES: tuple[Code, ...] = (NOT_ATTRIBUTED, OTHER_METHOD)
