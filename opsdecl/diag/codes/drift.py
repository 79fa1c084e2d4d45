"""OD470 to OD472: data that is compared with a reference, by the checks of a dataset or a measure of a Monitor."""

from opsdecl.diag.types import Code

OTHER_COLUMNS = Code(
    "OD470",
    "Reference that the data cannot be compared with",
    "Drift is told by holding a column against the same column of the reference. Here the reference's schema lacks the "
    "column or gives it another type, its files are of a format that is no table, or nothing of it is kept. The run "
    "that compares them would fail, after it waited for the data.\n\n"
    "Name columns that both have, or another reference.",
    "kind: Dataset\nspec:\n  checks:\n    drift: [{reference: {dataset: claims-2025}, columns: [age]}]   # claims-2025 "
    "has no such column",
)
OTHER_STATISTIC = Code(
    "OD471",
    "Method that tells nothing of the column",
    "`ks` and `wasserstein` are of numbers, `chi2` is of other values, `psi` of both, and none is of times, which move "
    "on whatever happens. The schema gives the column a type that the method cannot tell anything of.\n\n"
    "Choose another method, or leave the column out.",
    "schema: {country: {type: string}}\nchecks:\n  drift: [{reference: {dataset: claims-2025}, columns: [country], "
    "method: ks}]",
)
SAME_DATA = Code(
    "OD472",
    "Data that is its own reference",
    "The reference is the very data that is checked, so nothing could ever have drifted, and the check would always "
    "hold.\n\n"
    "Name another dataset, or say in `earlier` how the data was pinned before: by which digest or revision, as which "
    "version.",
    "kind: Dataset\nmetadata: {name: claims}\nspec:\n  checks:\n    drift: [{reference: {dataset: claims}}]",
)

CODES: tuple[Code, ...] = (OTHER_COLUMNS, OTHER_STATISTIC, SAME_DATA)
