"""What recipes of trainings ask for: which rows, which estimator, and the settings that their programs take."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Part
from opsdecl.spec.kinds.names import Items, NonEmpty, Number, Scalar

Recipe = Literal["custom", "tabular", "fine-tune"]
Estimator = Literal[
    "logistic-regression",
    "linear-regression",
    "ridge",
    "elastic-net",
    "decision-tree-classifier",
    "decision-tree-regressor",
    "random-forest-classifier",
    "random-forest-regressor",
    "gradient-boosting-classifier",
    "gradient-boosting-regressor",
    "hist-gradient-boosting-classifier",
    "hist-gradient-boosting-regressor",
    "xgboost-classifier",
    "xgboost-regressor",
]
TableMetric = Literal[
    "accuracy",
    "balanced_accuracy",
    "f1",
    "f1_macro",
    "precision",
    "recall",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "mae",
    "mse",
    "rmse",
    "r2",
]
OF_VALUES = frozenset(("mae", "mse", "rmse", "r2"))
"""Metrics of a regression; all others are of a classification."""


class Table(Part):
    """What is learnt from a table, and by what."""

    estimator: Estimator = Field(description="What learns: an estimator of scikit-learn, or one of XGBoost.")
    target: NonEmpty = Field(description="Column to predict.")
    features: Items[NonEmpty] = Field(
        default=(), description="Columns to predict from; all but the target where absent."
    )
    positive: Scalar = Field(default=1, description="Positive class, for metrics of two classes.")
    metrics: Items[TableMetric] = Field(
        min_length=1, description="Numbers that the run reports, under these names also to a search."
    )
    joblib: bool = Field(
        default=False,
        description="Whether scikit-learn's model is written as `model.joblib` too, which its servers read: a pickle, "
        "which runs code where it is opened.",
    )

    @property
    def is_boosted(self) -> bool:
        """Whether XGBoost learns."""
        return self.estimator.startswith("xgboost")

    @property
    def is_classifier(self) -> bool:
        return self.estimator.endswith("-classifier") or self.estimator == "logistic-regression"


class Rows(Part):
    """Which rows of the dataset a recipe trains on, and which it measures on."""

    train: NonEmpty | None = Field(default=None, description="Split to train on; all files where absent.")
    validation: NonEmpty | None = Field(default=None, description="Split to measure on.")
    hold_out: Number = Field(
        default=0.1, gt=0, lt=1, description="Share of the rows to measure on, where no split is named for that."
    )
    seed: int = Field(default=0, ge=0, description="Makes what is left to chance repeatable.")


_TREE = {"max_depth": int, "min_samples_split": int, "min_samples_leaf": int, "max_leaf_nodes": int, "ccp_alpha": float}
_FOREST = {**_TREE, "n_estimators": int, "max_features": object, "criterion": str}
_BOOSTING = {**_TREE, "n_estimators": int, "learning_rate": float, "subsample": float, "max_features": object}
_HISTOGRAM = {
    "learning_rate": float,
    "max_iter": int,
    "max_leaf_nodes": int,
    "max_depth": int,
    "min_samples_leaf": int,
    "l2_regularization": float,
    "max_bins": int,
    "early_stopping": bool,
}
_XGBOOST = {
    "n_estimators": int,
    "max_depth": int,
    "max_leaves": int,
    "learning_rate": float,
    "min_child_weight": float,
    "gamma": float,
    "subsample": float,
    "colsample_bytree": float,
    "reg_alpha": float,
    "reg_lambda": float,
    "max_bin": int,
    "booster": str,
    "tree_method": str,
    "grow_policy": str,
}
_LINEAR = {"alpha": float, "max_iter": int, "tol": float}
_WEIGHED = {"class_weight": str}
ESTIMATOR_PARAMETERS: Mapping[str, Mapping[str, type]] = {
    "logistic-regression": {"C": float, "l1_ratio": float, "max_iter": int, "tol": float, "solver": str, **_WEIGHED},
    "linear-regression": {"fit_intercept": bool, "positive": bool},
    "ridge": {**_LINEAR, "solver": str},
    "elastic-net": {**_LINEAR, "l1_ratio": float},
    "decision-tree-classifier": {**_TREE, "criterion": str, **_WEIGHED},
    "decision-tree-regressor": {**_TREE, "criterion": str},
    "random-forest-classifier": {**_FOREST, **_WEIGHED},
    "random-forest-regressor": _FOREST,
    "gradient-boosting-classifier": _BOOSTING,
    "gradient-boosting-regressor": _BOOSTING,
    "hist-gradient-boosting-classifier": {**_HISTOGRAM, **_WEIGHED},
    "hist-gradient-boosting-regressor": _HISTOGRAM,
    "xgboost-classifier": {**_XGBOOST, "scale_pos_weight": float},
    "xgboost-regressor": _XGBOOST,
}
"""Settings that an estimator takes, by its own names, with their type; whole numbers are numbers as well."""

FINE_TUNE_PARAMETERS: Mapping[str, type] = {
    "learning_rate": float,
    "num_train_epochs": float,
    "max_steps": int,
    "warmup_steps": float,
    "weight_decay": float,
    "max_grad_norm": float,
    "lr_scheduler_type": str,
    "neftune_noise_alpha": float,
    "packing": bool,
    "completion_only_loss": bool,
    "assistant_only_loss": bool,
    "lora_dropout": float,
    "logging_steps": int,
    "eval_steps": int,
}
"""Settings of the program that fine-tunes, by the names of TRL's and PEFT's own."""
FINE_TUNE_METRICS = ("eval_loss", "eval_mean_token_accuracy", "loss")
"""What it reports."""


def parameters_of(recipe: str, table: Table | None) -> Mapping[str, type] | None:
    """What `parameters` may hold, None where that is the program's own affair."""
    if recipe == "tabular" and table is not None:
        return ESTIMATOR_PARAMETERS[table.estimator]
    return FINE_TUNE_PARAMETERS if recipe == "fine-tune" else None
