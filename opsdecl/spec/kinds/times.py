"""Times as people write them: days of the calendar, times of a day, schedules of cron, branches that move."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator

from opsdecl.diag.codes import maintenance as codes
from opsdecl.diag.codes.spec import BAD_NAME
from opsdecl.spec.kinds.declare import Word, refusal
from opsdecl.spec.kinds.scalars import pattern_of, shown

_NUMBER = r"(?:\*|[0-9]{1,2})(?:-[0-9]{1,2})?(?:/[0-9]{1,2})?"
_FIELD = rf"{_NUMBER}(?:,{_NUMBER})*"
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_HINT = 'write minute, hour, day, month and weekday, such as `"17 4 * * 1"` for Mondays at 04:17'

_cron = pattern_of(codes.BAD_TIME, rf"{_FIELD}(?: {_FIELD}){{4}}", "a schedule of cron", _CRON_HINT, longest=100)
_time = pattern_of(codes.BAD_TIME, r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", "a time of day", 'write `"08:00"`')
_branch = pattern_of(
    BAD_NAME, r"[A-Za-z0-9][\w./+-]*", "the name of a branch", "use letters, digits, `-`, `_`, `.` and `/`"
)


def _in_bounds(value: str) -> str:
    """Each number within what its field counts."""
    for field, (low, high) in zip(_cron(value).split(" "), _BOUNDS, strict=True):
        numbers = [part for item in field.split(",") for part in item.partition("/")[0].split("-") if part != "*"]
        if any(not low <= int(number) <= high for number in numbers):
            raise refusal(codes.BAD_TIME, f"expected a schedule of cron, found {shown(value)}", _CRON_HINT)
    return value


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        hint = "write year, month and day in quotes, such as `'2027-03-31'`"
        raise refusal(codes.BAD_TIME, f"expected a day of the calendar, found {shown(value)}", hint) from None


CronSchedule = Annotated[str, Word("schedule of cron"), AfterValidator(_in_bounds)]
DayTime = Annotated[str, Word("time of day"), AfterValidator(_time)]
CalendarDate = Annotated[str, Word("date"), AfterValidator(_day)]
GitBranch = Annotated[str, Word("branch"), AfterValidator(_branch)]
