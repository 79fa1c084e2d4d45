"""Engine flags of an environment's documents: each against the release that the Runtime names, at its own line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import SpecAddress, format_path
from opsdecl.catalog import engines
from opsdecl.catalog.engine_types import FlagFacts
from opsdecl.compile.flag_findings import (
    EngineRelease,
    FlagProblem,
    GivenFlag,
    look_up,
    problems_of,
    release_of,
    version_problem,
)
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Diagnostic, Place, Related, SpecPath
from opsdecl.diag.codes import knowledge as codes

RUNTIME_ARGS: SpecPath = ("spec", "args")
OWN_ARGS: SpecPath = ("spec", "engine", "args")
PREFILL_ARGS: SpecPath = ("spec", "prefill", "engine", "args")
FIELDS: Mapping[SpecPath, Mapping[str, str]] = {
    ("spec", "parsers", "tool"): {"vllm": "tool-call-parser", "sglang": "tool-call-parser"},
    ("spec", "parsers", "reasoning"): {"vllm": "reasoning-parser", "sglang": "reasoning-parser"},
    ("spec", "sampling"): {"vllm": "override-generation-config", "sglang": "preferred-sampling-params"},
    ("spec", "engine", "quantization"): {"vllm": "quantization", "sglang": "quantization"},
    ("spec", "engine", "kvCacheDtype"): {"vllm": "kv-cache-dtype", "sglang": "kv-cache-dtype"},
    ("spec", "engine", "dtype"): {"vllm": "dtype", "sglang": "dtype"},
    ("spec", "engine", "prefixCaching"): {"vllm": "enable-prefix-caching"},
    ("spec", "accelerator", "nodes"): {"vllm": "nnodes", "sglang": "nnodes"},
    ("spec", "parallelism", "data"): {"vllm": "data-parallel-size", "sglang": "dp-size"},
    ("spec", "parallelism", "expert"): {"vllm": "enable-expert-parallel"},
}
"""Typed fields that only some releases can do, or whose choices change, and the flag that each becomes."""
UNSET: Sequence[Any] = (None, "auto", {}, 1)


class _Written(Struct, frozen=True):
    """A flag where it is written. `field` is true for typed fields of the language."""

    name: str
    value: Any
    address: SpecAddress
    path: SpecPath
    field: bool = False


def engine_flags(scene: Scene) -> Iterator[Diagnostic]:
    """Every Runtime with its own flags, then every model with its flags and fields on the Runtime that it names."""
    for document in scene.documents.values():
        if document.address.kind == "Runtime" and (engine := _release(document.effective["spec"])) is not None:
            yield from _version(scene, document, engine)
            yield from _all(scene, engine, _map(document, RUNTIME_ARGS), ())
        elif document.address.kind == "LLM" and (engine := _release(document.effective.get("runtime", {}))) is not None:
            yield from _all(scene, engine, [*_map(document, OWN_ARGS), *_fields(document, engine)], _shared(document))
            # They override the model's, so that a flag of both is no conflict.
            yield from _all(scene, engine, _map(document, PREFILL_ARGS), ())


def _release(runtime: Mapping[str, Any]) -> EngineRelease | None:
    return release_of(runtime.get("engine", ""), runtime.get("version", ""))


def _version(scene: Scene, document: CompiledDocument, engine: EngineRelease) -> Iterator[Diagnostic]:
    problem = version_problem(engine)
    if problem is not None:
        at = scene.place(document.address, ("spec", "version"))
        yield Diagnostic(problem.code, problem.message, at=at, hint=problem.hint, subject=str(document.address))


def _map(document: CompiledDocument, path: SpecPath) -> list[_Written]:
    """The flags of the map at a path of the document."""
    found: Any = document.effective
    for part in path:
        found = found.get(part, {})
    return [_Written(name, value, document.address, (*path, name)) for name, value in found.items()]


def _shared(document: CompiledDocument) -> list[_Written]:
    """Flags of the Runtime that the document does not override."""
    own = document.effective["spec"].get("engine", {}).get("args", {})
    args = document.effective["runtime"].get("args", {})
    path: SpecPath = ("runtime", "args")
    return [_Written(name, value, document.address, (*path, name)) for name, value in args.items() if name not in own]


def _fields(document: CompiledDocument, engine: EngineRelease) -> Iterator[_Written]:
    for path, flags in FIELDS.items():
        value: Any = document.effective
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if engine.name in flags and value is not False and value not in UNSET:
            yield _Written(flags[engine.name], value, document.address, path, field=True)
    if engine.name == "vllm" and document.effective["spec"].get("engine", {}).get("prefixCaching") is False:
        path = ("spec", "engine", "prefixCaching")
        yield _Written("enable-prefix-caching", False, document.address, path, field=True)
    if document.effective["spec"].get("tracing") is not None:
        yield _Written("otlp-traces-endpoint", "the collector", document.address, ("spec", "tracing"), field=True)


def _all(
    scene: Scene, engine: EngineRelease, written: list[_Written], shared: Sequence[_Written]
) -> Iterator[Diagnostic]:
    plugins = {engines.plain_name(engine.name, flag.name) for flag in (*written, *shared)}
    for flag in written:
        given = GivenFlag(flag.name, flag.value, _called(flag), "the Runtime", replaceable=not flag.field)
        yield from (_placed(scene, flag, problem) for problem in problems_of(engine, given, plugins))
    yield from _conflicts(scene, engine, written, shared)


def _conflicts(
    scene: Scene, engine: EngineRelease, written: Sequence[_Written], shared: Sequence[_Written]
) -> Iterator[Diagnostic]:
    """Two names of one flag in one map, or one in the document and another in its Runtime."""
    first: dict[str, _Written] = {}
    for flag in (*shared, *(each for each in written if not each.field)):
        found, _ = look_up(engine, flag.name)
        if not isinstance(found, FlagFacts) or "." in flag.name:
            continue
        other = first.setdefault(found.name, flag)
        if other is not flag and flag not in shared:
            message = f"`{flag.name}` and `{other.name}` both set the flag `{found.name}`"
            hint = f"keep one of them; here `{other.name}` is enough to override the Runtime's"
            related = Related("the other one", scene.place(other.address, other.path))
            shown = hint if other in shared else "keep one of them"
            problem = FlagProblem(codes.FLAG_CONFLICT, message, shown, of_name=True)
            yield replace(_placed(scene, flag, problem), related=(related,))


def _called(flag: _Written) -> str:
    """A flag as it is written, or the field that stands for it."""
    return f"`{format_path(flag.path[1:])}` (the flag `{flag.name}`)" if flag.field else f"`{flag.name}`"


def _placed(scene: Scene, flag: _Written, problem: FlagProblem) -> Diagnostic:
    place = scene.place(flag.address, flag.path)
    if problem.of_name and place.path[-1:] == flag.path[-1:]:
        place = Place(place.file, place.document, place.path, "key")
    return Diagnostic(
        problem.code,
        problem.message,
        at=place,
        hint=problem.hint,
        severity_override=problem.severity,
        subject=str(flag.address),
    )
