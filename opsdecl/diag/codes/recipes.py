"""OD460 to OD463: recipes of trainings."""

from opsdecl.diag.types import Code

UNKNOWN_PARAMETER = Code(
    "OD460",
    "Parameter that the recipe does not take",
    "A recipe brings its program, so the settings that it takes are known, each with its type: those of the estimator, "
    "by the names of its own library. A misspelt one would end the run after it waited for its machine.\n\n"
    "Correct the name or the value. A program of one's own (`recipe: custom`) takes whatever it likes.",
    "kind: Training\nspec:\n  recipe: tabular\n  table: {estimator: ridge, …}\n  parameters: {alhpa: 0.5}",
)
OTHER_FRAMEWORK = Code(
    "OD461",
    "Framework that does not fit the recipe",
    "The framework says how pods find each other, which files come out, and what may serve them. A recipe's program is "
    "written with one of its own.\n\n"
    "Declare that framework, or choose what the declared one has.",
    "kind: Training\nspec:\n  framework: sklearn\n  recipe: tabular\n  table: {estimator: xgboost-classifier, …}",
)
OTHER_METRIC = Code(
    "OD462",
    "Metric of something else",
    "Metrics of classes cannot be taken of an estimator that gives values, and the other way round, so the run would "
    "end before its model is written.\n\n"
    "Name metrics of what the estimator gives.",
    "table: {estimator: ridge, target: price, metrics: [roc_auc]}",
)
UNREAD_DATA = Code(
    "OD463",
    "Data that the recipe cannot read",
    "A recipe's program reads files of some formats, and the columns that it is told of. The dataset declares another "
    "format, or a schema without such a column.\n\n"
    "Prepare the data into a format that is read, or name what is there.",
    "kind: Training\nspec:\n  recipe: tabular\n  table: {target: churned, …}   # the data has no such column",
)

CODES: tuple[Code, ...] = (UNKNOWN_PARAMETER, OTHER_FRAMEWORK, OTHER_METRIC, UNREAD_DATA)
