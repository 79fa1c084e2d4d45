"""The options of `size` against the flags that the release of the engine has, by the rules that documents get."""

from collections.abc import Iterator, Mapping
from typing import Any

from opsdecl.catalog.config_quantization import named_quantization
from opsdecl.compile.flag_findings import (
    EngineRelease,
    FlagProblem,
    GivenFlag,
    problems_of,
    release_of,
    version_problem,
)
from opsdecl.diag import Diagnostic
from opsdecl.sizing.engines import engine_and_version, parse_version
from opsdecl.sizing.types import Settings

OPTIONS: Mapping[str, tuple[str, str, Any]] = {
    "dtype": ("--dtype", "dtype", "auto"),
    "kv_cache_dtype": ("--kv-cache-dtype", "kv-cache-dtype", "auto"),
    "block_size": ("--block-size", "block-size", None),
    "data": ("--data-parallel", "data-parallel-size", 1),
    "expert": ("--expert-parallel", "enable-expert-parallel", False),
}
"""Fields of `Settings`: the option, the flag of the engine, and the value that is no question to it."""


def check_flags(engine: str, settings: Settings, quantization: str) -> tuple[Diagnostic, ...]:
    """`engine` as `vllm==0.15.1`; nothing is said of an engine without tables. `quantization` is empty where it was not
    given."""
    name, version = engine_and_version(engine)
    release = release_of(name, version) if parse_version(engine) else None
    if release is None:
        return ()
    outside = version_problem(release)
    problems = [*([outside] if outside else []), *_options(release, settings), *_loader(release, quantization)]
    return tuple(
        Diagnostic(each.code, each.message, hint=each.hint, severity_override=each.severity) for each in problems
    )


def _options(release: EngineRelease, settings: Settings) -> Iterator[FlagProblem]:
    for field, (option, flag, default) in OPTIONS.items():
        value = getattr(settings, field)
        if value != default:
            yield from problems_of(release, GivenFlag(flag, value, f"`{option}`", "--engine"))


def _loader(release: EngineRelease, name: str) -> Iterator[FlagProblem]:
    """A name that says how wide weights are is an answer here, also where this release has no loader of that name."""
    if name and named_quantization(name) is None:
        yield from problems_of(release, GivenFlag("quantization", name, "`--quantization`", "--engine"))
