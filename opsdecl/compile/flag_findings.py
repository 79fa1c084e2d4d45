"""One flag of an engine against a release of it: its name, its value, its choices. Findings have no place yet."""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from opsdecl.catalog import engines
from opsdecl.catalog.engine_types import FlagFacts, Gone, NotYet, Replacement, Standing, Unknown
from opsdecl.compile.flag_values import ValueProblem, is_choice, value_problem
from opsdecl.diag import Code, Severity
from opsdecl.diag.codes import knowledge as codes
from opsdecl.diag.nearest import nearest

MAX_LISTED = 12
NEGATING = frozenset({"vllm"})
"""Engines to which false is written as `--no-…`."""
SHOWN = {"vllm": "vLLM", "sglang": "SGLang"}
REGISTERED: Mapping[str, str] = {
    "tool-call-parser": "tool-parser-plugin",
    "reasoning-parser": "reasoning-parser-plugin",
    "quantization": "",
    "kv-cache-dtype": "",
}
"""Flags whose choices a plugin may add to, and the flag that loads one: without it the known choices are all."""
MULTIPLES: Mapping[str, Mapping[str, int]] = {"vllm": {"block-size": 16}}
"""Whole numbers that kernels take in steps, where a release has no list of choices: no GPU's attention takes others."""


class EngineRelease(Struct, frozen=True):
    """A release of an engine, and how its version stands to the releases that were read."""

    name: str
    version: str
    standing: Standing

    @property
    def shown(self) -> str:
        return f"{SHOWN[self.name]} {self.version}"

    @property
    def certain(self) -> bool:
        return self.standing.fit in ("known", "between")


class FlagProblem(Struct, frozen=True):
    """What is wrong with a flag. `of_name` where its name is, and not its value."""

    code: Code
    message: str
    hint: str
    of_name: bool = False
    severity: Severity | None = None


class GivenFlag(Struct, frozen=True):
    """A flag as it was given. `called` is what people wrote, `version_at` where they set the release of the engine.

    `replaceable` is false where the flag stands for a field that takes no other value of its kind.
    """

    name: str
    value: Any
    called: str
    version_at: str
    replaceable: bool = True


def release_of(name: str, version: str) -> EngineRelease | None:
    """None for an engine whose flags are not known."""
    return EngineRelease(name, version, engines.standing(name, version)) if engines.has_table(name) else None


def version_problem(release: EngineRelease) -> FlagProblem | None:
    """Where a release lies outside of all that were read."""
    if release.certain:
        return None
    relation = "newer" if release.standing.fit == "newer" else "older"
    message = f"{release.shown} is {relation} than every release whose flags are known"
    hint = f"flags are compared with {release.standing.used}; check the rest yourself"
    return FlagProblem(codes.ENGINE_VERSION_NOT_READ, message, hint)


def problems_of(release: EngineRelease, flag: GivenFlag, plugins: Collection[str] = ()) -> Iterator[FlagProblem]:
    """Of one flag by itself. `plugins` are the flags that are given with it, by their plain names."""
    found, negated = look_up(release, flag.name)
    if isinstance(found, Unknown):
        yield _unknown(release, found)
    elif isinstance(found, Gone):
        yield _removed(release, flag, found)
    elif isinstance(found, NotYet):
        yield _not_yet(release, flag, found)
    else:
        if found.deprecated:
            hint = _instead(release, found.name) or "do without it before the Runtime's version is raised"
            message = f"{flag.called} is deprecated in {release.shown}"
            yield FlagProblem(codes.FLAG_DEPRECATED, message, hint, of_name=True)
        if not negated and "." not in flag.name:
            yield from _value(release, flag, found, plugins)


def look_up(release: EngineRelease, name: str) -> tuple[engines.FlagAnswer, bool]:
    """The flag that a name stands for, and whether it is its opposite. `compilation-config.mode` is part of a flag."""
    return _answer(release.name, release.version, name)


@lru_cache(maxsize=4096)
def _answer(engine: str, version: str, name: str) -> tuple[engines.FlagAnswer, bool]:
    plain = engines.plain_name(engine, name).partition(".")[0]
    found = engines.flag(engine, version, plain)
    if isinstance(found, Unknown) and plain.startswith("no-"):
        positive = engines.flag(engine, version, plain.removeprefix("no-"))
        if isinstance(positive, Gone | NotYet) or (isinstance(positive, FlagFacts) and positive.type == "pair"):
            return positive, True
    return found, False


def _unknown(release: EngineRelease, found: Unknown) -> FlagProblem:
    hint = f"did you mean `{found.nearest}`?" if found.nearest else "remove it, or correct the name"
    message = f"{release.shown} has no flag `{found.name}`"
    return FlagProblem(codes.UNKNOWN_FLAG, message, hint, of_name=True, severity=_severity(release))


def _removed(release: EngineRelease, flag: GivenFlag, found: Gone) -> FlagProblem:
    hint = _hint(release, found.replaced_by) or _similar(release, found.name)
    message = f"{flag.called} is gone from {release.shown}: it was there until {found.last}"
    return FlagProblem(codes.FLAG_REMOVED, message, hint, of_name=True)


def _not_yet(release: EngineRelease, flag: GivenFlag, found: NotYet) -> FlagProblem:
    message = f"{release.shown} cannot do {flag.called}: it comes with {found.since}"
    hint = f"raise {flag.version_at} to {found.since} or later, or remove it"
    return FlagProblem(codes.FLAG_NOT_YET, message, hint, of_name=True)


def _instead(release: EngineRelease, name: str) -> str:
    return _hint(release, engines.replacement(release.name, name))


def _hint(release: EngineRelease, replaced: Replacement | None) -> str:
    """What to write in this release; a replacement that is gone as well hands on to its own."""
    if replaced is None or not replaced.flag:
        return replaced.hint if replaced else ""
    found = engines.flag(release.name, release.version, replaced.flag)
    if isinstance(found, Gone):
        return _hint(release, found.replaced_by)
    return replaced.hint or f"write `{replaced.flag}` instead"


def _similar(release: EngineRelease, name: str) -> str:
    close = nearest(name, engines.flags(release.name, release.version))
    return f"remove it, or see whether `{close}` is what you need" if close else "remove it"


def _severity(release: EngineRelease) -> Severity | None:
    """What does not match the nearest release may be right in one that was not read."""
    return None if release.certain else Severity.WARNING


def _value(
    release: EngineRelease, flag: GivenFlag, facts: FlagFacts, plugins: Collection[str]
) -> Iterator[FlagProblem]:
    problem = value_problem(flag.name, flag.value, facts, negates=release.name in NEGATING)
    if problem is None and _must_be_known(flag, facts, plugins):
        problem = ValueProblem("", "", tuple(str(choice) for choice in facts.choices))
    if problem is None:
        yield from _between_steps(release, flag, facts)
    elif problem.choices:
        yield _no_choice(release, flag, problem)
    else:
        message = f"{flag.called} {problem.what} in {release.shown}"
        hint = problem.hint if flag.replaceable else "raise the Runtime's version, or remove the field"
        yield FlagProblem(codes.FLAG_VALUE, message, hint, severity=_severity(release))


def _must_be_known(flag: GivenFlag, facts: FlagFacts, plugins: Collection[str]) -> bool:
    """A name that only a plugin could have registered, and no flag loads one."""
    loads = REGISTERED.get(facts.name)
    registered = loads is not None and bool(facts.choices) and loads not in plugins
    return registered and isinstance(flag.value, str) and not is_choice(flag.value, facts)


def _between_steps(release: EngineRelease, flag: GivenFlag, facts: FlagFacts) -> Iterator[FlagProblem]:
    step = MULTIPLES.get(release.name, {}).get(facts.name)
    if step is None or facts.choices or not str(flag.value).isdigit() or int(flag.value) % step == 0:
        return
    message = f"{flag.called} of {flag.value}: {release.shown} has no attention kernel for such blocks on a GPU"
    yield FlagProblem(codes.FLAG_CHOICE, message, f"take a multiple of {step}", severity=_severity(release))


def _no_choice(release: EngineRelease, flag: GivenFlag, problem: ValueProblem) -> FlagProblem:
    close = nearest(str(flag.value), problem.choices)
    listed = ", ".join(problem.choices[:MAX_LISTED]) + (", …" if len(problem.choices) > MAX_LISTED else "")
    hint = f"did you mean `{close}`? There are: {listed}" if close else f"use one of: {listed}"
    message = f"{release.shown} has no `{_shown(flag.value)}` for {flag.called}"
    return FlagProblem(codes.FLAG_CHOICE, message, hint, severity=_severity(release))


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
