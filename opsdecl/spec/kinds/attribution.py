"""What the recipe `attribution` explains: which program reads a model of which framework, and its methods."""

from collections.abc import Mapping
from typing import Any, Final

TABLE: Final = "table"
TORCH: Final = "torch"
ANY: Final = "any"
"""Its framework is not declared, so the method says which program is meant."""
NONE: Final = ""

METHODS: Mapping[str, tuple[str, ...]] = {
    TABLE: ("shap", "permutation"),
    TORCH: (
        "IntegratedGradients",
        "GradientShap",
        "InputXGradient",
        "Saliency",
        "FeatureAblation",
        "FeaturePermutation",
        "ShapleyValueSampling",
        "KernelShap",
    ),
}
"""Of each program, the method that it takes where none is named first; those for PyTorch have Captum's names."""
FORMATS: Mapping[str, str] = {
    "sklearn": TABLE,
    "xgboost": TABLE,
    "pytorch": TORCH,
    "custom": ANY,
    "triton": ANY,
    "mlflow": ANY,
}
FRAMEWORKS: Mapping[str, str] = {"sklearn": TABLE, "xgboost": TABLE, "torch": TORCH}


def reader_of(kind: str, spec: Mapping[str, Any]) -> str:
    """Of a Model or a Training by its effective spec: the program that reads it, ANY, or NONE."""
    if kind == "Model":
        return FORMATS.get(spec["format"], NONE)
    return NONE if spec["recipe"] == "fine-tune" else FRAMEWORKS.get(spec["framework"], NONE)


def program_of(kind: str, spec: Mapping[str, Any], method: object) -> str:
    """The program that explains it: TABLE or TORCH."""
    reader = reader_of(kind, spec)
    if reader == ANY:
        return TORCH if method in METHODS[TORCH] else TABLE
    return reader or TABLE
