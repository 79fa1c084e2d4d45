"""What must hold of the data before anybody may rely on it."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, effect
from opsdecl.spec.kinds.names import Items, NonEmpty, Number, Scalar
from opsdecl.spec.kinds.run import NEXT_RUN
from opsdecl.spec.kinds.scalars import Duration, ImageReference, Percentage
from opsdecl.spec.kinds.serving import Resources

ColumnType = Literal["string", "integer", "number", "boolean", "datetime"]


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


class Checks(Part):
    """Checks by a validation library, as a run after the last step. What fails ends the run as failed."""

    image: ImageReference = Field(
        description="Image with Python, pandera and a reader of the format; the page on datasets says how to build it."
    )
    files: NonEmpty = Field(description="Files to check, as a pattern below the prepared data: `train/*.parquet`.")
    rows: RowCheck | None = Field(default=None, description="How many rows there must be, over all files.")
    columns: Mapping[NonEmpty, ColumnCheck] = Field(default={}, description="What must hold of columns, by name.")
    duplicates: DuplicateCheck | None = Field(default=None, description="Rows that say the same.")
    resources: Resources = Field(
        default=Resources(), description="CPU and memory of the pod.", json_schema_extra=NEXT_RUN
    )
    time_limit: Duration = Field(
        default=Duration.parse("2h"), description="After this time the run ends as failed.", json_schema_extra=NEXT_RUN
    )


CHECKED = effect("behaviour", "data that was let through may be refused, or the other way round")
