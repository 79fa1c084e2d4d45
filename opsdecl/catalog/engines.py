"""Questions about engines: which flags and metrics a release has. Tables are read when they are first asked for."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec.structs import replace

from opsdecl._data import engine_table
from opsdecl.catalog.engine_types import (
    EngineFacts,
    EngineTable,
    FlagFacts,
    Gone,
    MetricFacts,
    NotYet,
    ReleaseSource,
    Replacement,
    Standing,
    Unknown,
)
from opsdecl.diag.nearest import nearest

Row = Mapping[str, Any]
FlagAnswer = FlagFacts | Gone | NotYet | Unknown

_NUMBERS = re.compile(r"v?(\d+(?:\.\d+)*)")


def flag(engine: str, version: str, name: str) -> FlagAnswer:
    """Of a flag by its long name or an alias, dashes in front or not; a version outside of what was read is answered
    from the nearest release. Raises KeyError for an engine without a table."""
    table, at = _table(engine), standing(engine, version)
    plain = plain_name(engine, name)
    canonical = plain if plain in table.flags else _aliases(engine).get(plain, plain)
    rows = table.flags.get(canonical, ())
    if found := _speaking(table, rows, at.positions):
        return _facts(canonical, found, rows)
    if not rows:
        # A short form is no name of a flag in a mapping, and yet what was meant.
        meant = _short(engine).get(plain) or nearest(plain, flags(engine, version))
        return Unknown(plain, meant)
    missing = _missing(table, at, canonical, rows)
    return replace(missing, replaced_by=replacement(engine, canonical)) if isinstance(missing, Gone) else missing


def _missing(table: EngineTable, at: Standing, name: str, rows: Sequence[Row]) -> Gone | NotYet:
    """Of a name that other releases have: whether they are earlier or later ones."""
    last = max(
        (table.order[_until(table, row)] for row in rows if table.order[row["from"]] < at.positions[0]), default=-1
    )
    if last < 0:
        return NotYet(name, rows[0]["from"])
    return Gone(name, table.releases[last].version, table.releases[last + 1].version)


def flags(engine: str, version: str) -> Mapping[str, FlagFacts]:
    """All flags of a release by their long name."""
    return _flags(engine, standing(engine, version).positions)


@cache
def _flags(engine: str, positions: tuple[int, ...]) -> Mapping[str, FlagFacts]:
    table = _table(engine)
    speaking = {name: _speaking(table, rows, positions) for name, rows in table.flags.items()}
    return {name: _facts(name, found, table.flags[name]) for name, found in speaking.items() if found}


@cache
def metrics(engine: str, version: str) -> Mapping[str, MetricFacts]:
    """All metrics of a release by the name that scrapers see."""
    table, at = _table(engine), standing(engine, version)
    found = {}
    for name, rows in table.metrics.items():
        for row in _speaking(table, rows, at.positions)[:1]:
            labels = tuple(row["labels"]) if "labels" in row else None
            generations = tuple(row.get("generations", ()))
            found[name] = MetricFacts(name, row["type"], labels, generations, rows[0]["from"])
    return found


def server_metrics(engine: str) -> Mapping[str, MetricFacts]:
    """Metrics that the engine's server has beside those of its table, in every release; of engines without a table,
    all that are known. Empty where none are."""
    rows = _server_rows().get(engine, {}).get("metrics", {})
    return {name: MetricFacts(name, row["type"], tuple(row["labels"])) for name, row in rows.items()}


def known_metrics(engine: str, version: str) -> Mapping[str, MetricFacts]:
    """All that is known of a release, by the name that scrapers see."""
    return {**(metrics(engine, version) if has_table(engine) else {}), **server_metrics(engine)}


def metric(engine: str, version: str, name: str) -> MetricFacts | Gone | NotYet | Unknown:
    """Of a metric by the name that scrapers see. `Unknown` where no release that was read has it."""
    known = known_metrics(engine, version)
    rows = _table(engine).metrics.get(name, ()) if has_table(engine) else ()
    if name in known:
        return known[name]
    if not rows:
        return Unknown(name, nearest(name, known))
    missing = _missing(_table(engine), standing(engine, version), name, rows)
    return replace(missing, replaced_by=metric_replacement(engine, name)) if isinstance(missing, Gone) else missing


def device_default(engine: str, version: str, name: str, memory_gib: float, device: str) -> int | None:
    """The default of a flag that depends on the GPU, for a server. `memory_gib` as the driver reports it, `device` its
    name (`NVIDIA A100-SXM4-80GB`). None where the release has no such rule. The V1 engine's, where there are two."""
    rows = _table(engine).devices.get(name, ())
    for row in _speaking(_table(engine), rows, standing(engine, version).positions)[:1]:
        for case in row["cases"]:
            if _is_case(case, memory_gib, device.lower()):
                return int(case["value"])
    return None


def _is_case(case: Row, memory_gib: float, device: str) -> bool:
    named = any(word in device for word in case.get("named", (device,)))
    excepted = any(word in device for word in case.get("except", ()))
    return memory_gib >= case.get("minMemoryGiB", 0) and named and not excepted


def replacement(engine: str, name: str) -> Replacement | None:
    """What takes the place of a flag that is gone or goes."""
    return _replacements(engine, "flags").get(name)


def metric_replacement(engine: str, name: str) -> Replacement | None:
    """The metric that took the place of one that is gone, in `flag`."""
    return _replacements(engine, "metrics").get(name)


def standing(engine: str, version: str) -> Standing:
    """How a version stands to the releases that were read."""
    return _standing(engine, version)


@cache
def _standing(engine: str, version: str) -> Standing:
    table = _table(engine)
    asked, known = numbers(version), [numbers(release.version) for release in table.releases]
    names = [release.version for release in table.releases]
    if asked in known:
        position = known.index(asked)
        return Standing(version, "known", (position,), names[position])
    above = next((i for i, release in enumerate(known) if release > asked), len(known))
    if above == 0:
        return Standing(version, "older", (0,), names[0])
    if above == len(known):
        same = asked[:2] == known[-1][:2]
        return Standing(version, "between" if same else "newer", (above - 1,), names[-1])
    near = above - 1 if known[above - 1][:2] == asked[:2] or known[above][:2] != asked[:2] else above
    return Standing(version, "between", (above - 1, above), names[near])


def numbers(version: str) -> tuple[int, ...]:
    """`v0.9.2rc1` -> (0, 9, 2); trailing zeros do not count."""
    found = _NUMBERS.match(version)
    parts = [int(part) for part in found.group(1).split(".")] if found else [0]
    while len(parts) > 2 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def has_table(engine: str) -> bool:
    return engine in ENGINES


ENGINES = frozenset({"vllm", "sglang"})
UNDERSCORES = frozenset({"vllm"})
"""Engines to which `_` and `-` in the names of flags are the same."""


def plain_name(engine: str, name: str) -> str:
    """Without the dashes in front, as the engine itself writes it."""
    bare = name.lstrip("-")
    return bare.replace("_", "-") if engine in UNDERSCORES else bare


@cache
def _table(engine: str) -> EngineTable:
    data = engine_table(f"{engine}.json") if engine in ENGINES else None
    if data is None:
        raise KeyError(engine)
    read = json.loads(data)
    releases = tuple(ReleaseSource(**release) for release in read["releases"])
    order = {release.version: position for position, release in enumerate(releases)}
    return EngineTable(engine, read["asOf"], releases, read["flags"], read["metrics"], read["devices"], order)


def facts(engine: str) -> EngineFacts:
    """What its table holds in all; flags and metrics of every release."""
    table = _table(engine)
    return EngineFacts(engine, table.as_of, tuple(table.releases), len(table.flags), len(table.metrics))


def sources(engine: str) -> Sequence[ReleaseSource]:
    """The releases that were read, oldest first."""
    return _table(engine).releases


@cache
def _aliases(engine: str) -> Mapping[str, str]:
    return {
        alias: name for name, rows in _table(engine).flags.items() for row in rows for alias in row.get("aliases", ())
    }


@cache
def _short(engine: str) -> Mapping[str, str]:
    return {
        short: name for name, rows in _table(engine).flags.items() for row in rows for short in row.get("short", ())
    }


@cache
def _replacements(engine: str, what: str) -> Mapping[str, Replacement]:
    from yaml import CSafeLoader, load

    read = load(engine_table("replacements.yaml") or b"", CSafeLoader) or {}
    rows = read.get(engine, {}).get(what, {})
    return {
        name: Replacement(row.get("flag") or row.get("metric", ""), row.get("hint", ""), row["source"])
        for name, row in rows.items()
    }


@cache
def _server_rows() -> Mapping[str, Any]:
    from yaml import CSafeLoader, load

    return load(engine_table("servers.yaml") or b"", CSafeLoader) or {}


def _until(table: EngineTable, row: Row) -> str:
    return str(row.get("to", table.releases[-1].version))


def _speaking(table: EngineTable, rows: Iterable[Row], positions: tuple[int, ...]) -> list[Row]:
    """The rows that cover one of the positions, oldest first."""
    return [
        row
        for row in rows
        if any(table.order[row["from"]] <= at <= table.order[_until(table, row)] for at in positions)
    ]


def _facts(name: str, speaking: Sequence[Row], rows: Sequence[Row]) -> FlagFacts:
    """Between two releases that differ, whatever either takes is taken."""
    first, last = speaking[0], speaking[-1]
    agree = first["type"] == last["type"] and first.get("many") == last.get("many")
    limited = all("choices" in row for row in speaking)
    choices = dict.fromkeys(choice for row in speaking for choice in row.get("choices", ())) if limited else {}
    return FlagFacts(
        name=name,
        type=first["type"] if agree else "any",
        many=bool(first.get("many")) if agree else False,
        choices=tuple(choices),
        open=any(row.get("open", False) for row in speaking),
        folds=any(row.get("folds", False) for row in speaking),
        default=first.get("default"),
        default_from=first.get("defaultFrom", "" if "default" in first else "unknown"),
        aliases=tuple(sorted({alias for row in speaking for alias in row.get("aliases", ())})),
        short=tuple(first.get("short", ())),
        deprecated=all(row.get("deprecated", False) for row in speaking),
        since=rows[0]["from"],
    )
