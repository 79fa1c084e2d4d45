"""What is known of inference engines: flags and metrics by release."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

FlagType = Literal["switch", "pair", "bool", "int", "size", "float", "str", "json", "json-or-str", "any"]
"""What a flag takes. `switch`: nothing, it turns on; `pair`: nothing, and `--no-…` turns it off; `bool`: nothing, or
true or false as its value; `size`: a whole number such as 4096 or 4k; `any`: not known, or several of these."""

Fit = Literal["known", "between", "newer", "older"]
"""`known`: that release was read; `between`: releases around it were; else it lies outside of all that were read."""


class FlagFacts(Struct, frozen=True):
    """A flag in one release. `choices` are all values where `open` is false, else the known ones."""

    name: str
    type: FlagType
    many: bool = False
    choices: tuple[str | int | None, ...] = ()
    open: bool = False
    folds: bool = False
    """Choices are found in any case, with `-` for `_`."""
    default: Any = None
    default_from: str = ""
    """Where `default` says nothing: `engine` decides as it starts, by the `device`, by the `environment`, or
    `unknown`."""
    aliases: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    deprecated: bool = False
    since: str = ""
    """The first release that was read and has it."""


class Replacement(Struct, frozen=True):
    """What to write instead of a flag or a metric that is gone; `flag` is empty where nothing takes its place."""

    flag: str
    hint: str
    source: str


class Gone(Struct, frozen=True):
    """A flag of earlier releases. `last` is the last release that was read and had it, `removed_in` the next one."""

    name: str
    last: str
    removed_in: str
    replaced_by: Replacement | None = None


class NotYet(Struct, frozen=True):
    """A flag of later releases."""

    name: str
    since: str


class Unknown(Struct, frozen=True):
    """No release that was read has such a flag."""

    name: str
    nearest: str | None = None


class MetricFacts(Struct, frozen=True):
    """A metric as scrapers see it. `labels` None: not known. `generations`: which engines of a release have it."""

    name: str
    type: str
    labels: tuple[str, ...] | None = None
    generations: tuple[str, ...] = ()
    since: str = ""


class ReleaseSource(Struct, frozen=True):
    """Where the facts of a release are from."""

    version: str
    archive: str
    sha256: str
    released: str


class EngineTable(Struct, frozen=True):
    """Rows as they are kept: for each name the ranges of releases in which its facts are the same."""

    engine: str
    as_of: str
    releases: tuple[ReleaseSource, ...]
    flags: Mapping[str, tuple[Mapping[str, Any], ...]]
    metrics: Mapping[str, tuple[Mapping[str, Any], ...]]
    devices: Mapping[str, tuple[Mapping[str, Any], ...]]
    order: Mapping[str, int] = field(default_factory=dict)
    """Position of each release that was read."""


class Standing(Struct, frozen=True):
    """How a version stands to the releases that were read: the positions that speak for it."""

    version: str
    fit: Fit
    positions: tuple[int, ...]
    used: str
    """The release that is looked at, the nearest one."""


class EngineFacts(Struct, frozen=True):
    """An engine whose flags and metrics are known: its releases that were read, oldest first."""

    name: str
    as_of: str
    releases: tuple[ReleaseSource, ...]
    flags: int
    metrics: int
