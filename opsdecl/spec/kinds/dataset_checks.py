"""What must hold of the data before anybody may rely on it."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, effect, excludes, reference
from opsdecl.spec.kinds.measure import DriftMethod
from opsdecl.spec.kinds.names import Digest, DnsLabel, Items, NonEmpty, Number, PositiveNumber, Revision, Scalar
from opsdecl.spec.kinds.run import NEXT_RUN
from opsdecl.spec.kinds.scalars import Duration, ImageReference, Percentage, WholeSeconds
from opsdecl.spec.kinds.serving import Resources

DRIFT_BOUNDS: Mapping[DriftMethod, float] = {"psi": 0.2, "ks": 0.1, "wasserstein": 0.1, "chi2": 0.1}
"""Above these a column is usually said to have drifted."""
ColumnType = Literal["string", "integer", "number", "boolean", "datetime"]
_NUMBERS: tuple[ColumnType, ...] = ("integer", "number")
_VALUES: tuple[ColumnType, ...] = ("string", "boolean")
COMPARED_BY: Mapping[DriftMethod, tuple[ColumnType, ...]] = {
    "psi": (*_NUMBERS, *_VALUES),
    "ks": _NUMBERS,
    "wasserstein": _NUMBERS,
    "chi2": _VALUES,
}
"""Types of which a method tells the drift."""


def methods_for(column: ColumnType) -> tuple[DriftMethod, ...]:
    return tuple(method for method, types in COMPARED_BY.items() if column in types)


def family_of(column: ColumnType) -> str:
    """Types of one family are compared with each other."""
    return "number" if column in _NUMBERS else column


class Column(Part):
    """What a column holds."""

    type: ColumnType = Field(description="Type of the values.")
    nullable: bool = Field(default=False, description="Whether values may be missing.")


class ColumnCheck(Part):
    """What must hold of the values of a column."""

    nulls: Percentage | None = Field(default=None, description="Most values that may be missing, in percent.")
    min: Number | None = Field(default=None, description="Smallest value.")
    max: Number | None = Field(default=None, description="Largest value.")
    values: Items[Scalar] = Field(default=(), description="Values that may occur; any where absent.")
    pattern: NonEmpty | None = Field(default=None, description="Regular expression that every text matches in full.")
    unique: bool = Field(default=False, description="Whether no value may occur twice.")


class RowCheck(Part):
    """How many rows there must be."""

    min: int | None = Field(default=None, ge=0, description="Fewest rows.")
    max: int | None = Field(default=None, ge=0, description="Most rows.")


class DuplicateCheck(Part):
    """Rows that say the same."""

    columns: Items[NonEmpty] = Field(min_length=1, description="Columns that make two rows the same together.")
    most: Percentage = Field(default=Percentage.parse("0%"), description="Most rows that may repeat an earlier one.")


class EarlierData(Part):
    """The same dataset as it was once prepared; what is not said here is as it is now."""

    digest: Digest | None = Field(default=None, description="`source.digest` that it had.")
    revision: Revision | None = Field(default=None, description="`source.revision` that it had.")
    version: NonEmpty | None = Field(default=None, description="`version` that it had.")
    attempt: int | None = Field(default=None, ge=1, description="`run.attempt` that it had.")


class DriftReference(Part):
    """What the data is compared with: another dataset, or what this one was before."""

    dataset: DnsLabel | None = Field(
        default=None,
        description="Another dataset, by name; it is waited for until it is prepared and checked.",
        json_schema_extra=reference("Dataset") | excludes("earlier"),
    )
    earlier: EarlierData | None = Field(
        default=None,
        description="What this dataset held before, prepared by the same steps and still on its volume.",
        json_schema_extra=excludes("dataset"),
    )
    split: NonEmpty | None = Field(
        default=None,
        description="Part of it by name; where absent, all of another dataset, and of this one the same `files`.",
    )


class DriftCheck(Part):
    """How far columns may be from those of a reference."""

    reference: DriftReference = Field(description="What the data is compared with.")
    columns: Items[NonEmpty] = Field(
        default=(),
        description="Columns that are compared. Where absent, all that both have and `method` can tell anything of, "
        "but for times, for columns whose values are unique (`unique`, or the only one of `duplicates`), and for texts "
        "of which the reference has more than half as many as rows.",
    )
    method: DriftMethod = Field(
        default="psi",
        description="How drift is measured, column by column: the population stability index (numbers and other "
        "values), the statistic of Kolmogorov and Smirnov or Wasserstein's distance in standard deviations of the "
        "reference (numbers), Cramér's V of a chi-squared test (other values). What is missing counts with `psi` and "
        "`chi2`.",
    )
    above: PositiveNumber | None = Field(
        default=None,
        description="Above this a column has drifted, and the run fails. Where absent 0.2 for `psi`, and 0.1 for `ks`, "
        "`wasserstein` and `chi2`.",
    )
    least: int = Field(default=30, ge=1, description="Fewest rows of either side that tell anything; fewer fail.")

    @property
    def bound(self) -> float:
        return self.above if self.above is not None else DRIFT_BOUNDS[self.method]


class Checks(Part):
    """Checks by a validation library, as a run after the last step. What fails ends the run as failed."""

    image: ImageReference = Field(
        description="Image with Python, pandera, a reader of the format, and for drift scipy. The page on data and "
        "training says how to build it."
    )
    files: NonEmpty = Field(description="Files to check, as a pattern below the prepared data: `train/*.parquet`.")
    rows: RowCheck | None = Field(default=None, description="How many rows there must be, over all files.")
    columns: Mapping[NonEmpty, ColumnCheck] = Field(default={}, description="What must hold of columns, by name.")
    duplicates: DuplicateCheck | None = Field(default=None, description="Rows that say the same.")
    drift: Items[DriftCheck] = Field(default=(), description="How far the data may be from a reference.")
    resources: Resources = Field(
        default=Resources(), description="CPU and memory of the pod.", json_schema_extra=NEXT_RUN
    )
    time_limit: WholeSeconds = Field(
        default=Duration.parse("2h"), description="After this time the run ends as failed.", json_schema_extra=NEXT_RUN
    )


CHECKED = effect("behaviour", "data that was let through may be refused, or the other way round")
