"""Flags of engines against what the Runtime's release of the engine has: names, values, choices."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.addr import SpecAddress, format_path
from opsdecl.catalog import engines
from opsdecl.catalog.engine_types import FlagFacts, Gone, NotYet, Replacement, Standing, Unknown
from opsdecl.compile.flag_values import ValueProblem, is_choice, value_problem
from opsdecl.compile.scene import Scene
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Code, Diagnostic, Place, Related, Severity, SpecPath
from opsdecl.diag.codes import knowledge as codes
from opsdecl.diag.nearest import nearest

RUNTIME_ARGS: SpecPath = ("spec", "args")
OWN_ARGS: SpecPath = ("spec", "engine", "args")
MAX_LISTED = 12
NEGATING = frozenset({"vllm"})
"""Engines to which false is written as `--no-…`."""
SHOWN = {"vllm": "vLLM", "sglang": "SGLang"}
REGISTERED: Mapping[str, str] = {
    "tool-call-parser": "tool-parser-plugin",
    "reasoning-parser": "reasoning-parser-plugin",
    "quantization": "",
}
"""Flags whose choices a plugin may add to, and the flag that loads one: without it the known choices are all."""
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


class _Engine(Struct, frozen=True):
    """The engine of a Runtime, and how its version stands to the releases that were read."""

    name: str
    version: str
    standing: Standing

    @property
    def shown(self) -> str:
        return f"{SHOWN[self.name]} {self.version}"

    @property
    def certain(self) -> bool:
        return self.standing.fit in ("known", "between")


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
        if document.address.kind == "Runtime" and (engine := _engine(document.effective["spec"])) is not None:
            yield from _version(scene, document, engine)
            yield from _all(scene, engine, _map(document, RUNTIME_ARGS), ())
        elif document.address.kind == "LLM" and (engine := _engine(document.effective.get("runtime", {}))) is not None:
            yield from _all(scene, engine, [*_map(document, OWN_ARGS), *_fields(document, engine)], _shared(document))


def _engine(runtime: Mapping[str, Any]) -> _Engine | None:
    name = runtime.get("engine", "")
    if not engines.has_table(name):
        return None
    return _Engine(name, runtime["version"], engines.standing(name, runtime["version"]))


def _version(scene: Scene, document: CompiledDocument, engine: _Engine) -> Iterator[Diagnostic]:
    if not engine.certain:
        relation = "newer" if engine.standing.fit == "newer" else "older"
        yield Diagnostic(
            codes.ENGINE_VERSION_NOT_READ,
            f"{engine.shown} is {relation} than every release whose flags are known",
            at=scene.place(document.address, ("spec", "version")),
            hint=f"flags are compared with {engine.standing.used}; check the rest yourself",
            subject=str(document.address),
        )


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


def _fields(document: CompiledDocument, engine: _Engine) -> Iterator[_Written]:
    for path, flags in FIELDS.items():
        value: Any = document.effective
        for part in path:
            value = value.get(part) if isinstance(value, Mapping) else None
        if engine.name in flags and value is not False and value not in UNSET:
            yield _Written(flags[engine.name], value, document.address, path, field=True)
    if engine.name == "vllm" and document.effective["spec"].get("engine", {}).get("prefixCaching") is False:
        path = ("spec", "engine", "prefixCaching")
        yield _Written("enable-prefix-caching", False, document.address, path, field=True)


def _all(scene: Scene, engine: _Engine, written: list[_Written], shared: Sequence[_Written]) -> Iterator[Diagnostic]:
    plugins = {engines.plain_name(engine.name, flag.name) for flag in (*written, *shared)}
    for flag in written:
        yield from _one(scene, engine, flag, plugins)
    yield from _conflicts(scene, engine, written, shared)


def _one(scene: Scene, engine: _Engine, flag: _Written, plugins: set[str]) -> Iterator[Diagnostic]:
    """Findings of one flag by itself."""
    found, negated = _look_up(engine, flag.name)
    if isinstance(found, Unknown):
        yield _unknown(scene, engine, flag, found)
    elif isinstance(found, Gone):
        yield _removed(scene, engine, flag, found)
    elif isinstance(found, NotYet):
        yield _not_yet(scene, engine, flag, found)
    else:
        if found.deprecated:
            hint = _instead(engine, found.name) or "do without it before the Runtime's version is raised"
            message = f"{_called(flag)} is deprecated in {engine.shown}"
            yield _finding(scene, codes.FLAG_DEPRECATED, flag, message, hint, key=True)
        if not negated and "." not in flag.name:
            yield from _value(scene, engine, flag, found, plugins)


def _look_up(engine: _Engine, name: str) -> tuple[engines.FlagAnswer, bool]:
    return _answer(engine.name, engine.version, name)


@lru_cache(maxsize=4096)
def _answer(engine: str, version: str, name: str) -> tuple[engines.FlagAnswer, bool]:
    """The flag that a name stands for, and whether it is its opposite. `compilation-config.mode` is part of a flag."""
    plain = engines.plain_name(engine, name).partition(".")[0]
    found = engines.flag(engine, version, plain)
    if isinstance(found, Unknown) and plain.startswith("no-"):
        positive = engines.flag(engine, version, plain.removeprefix("no-"))
        if isinstance(positive, Gone | NotYet) or (isinstance(positive, FlagFacts) and positive.type == "pair"):
            return positive, True
    return found, False


def _unknown(scene: Scene, engine: _Engine, flag: _Written, found: Unknown) -> Diagnostic:
    hint = f"did you mean `{found.nearest}`?" if found.nearest else "remove it, or correct the name"
    message = f"{engine.shown} has no flag `{found.name}`"
    severity = None if engine.certain else Severity.WARNING
    return _finding(scene, codes.UNKNOWN_FLAG, flag, message, hint, key=True, severity=severity)


def _removed(scene: Scene, engine: _Engine, flag: _Written, found: Gone) -> Diagnostic:
    hint = _hint(engine, found.replaced_by) or _similar(engine, found.name)
    message = f"{_called(flag)} is gone from {engine.shown}: it was there until {found.last}"
    return _finding(scene, codes.FLAG_REMOVED, flag, message, hint, key=True)


def _not_yet(scene: Scene, engine: _Engine, flag: _Written, found: NotYet) -> Diagnostic:
    message = f"{engine.shown} cannot do {_called(flag)}: it comes with {found.since}"
    hint = f"raise the Runtime to {found.since} or later, or remove it"
    return _finding(scene, codes.FLAG_NOT_YET, flag, message, hint, key=True)


def _instead(engine: _Engine, name: str) -> str:
    return _hint(engine, engines.replacement(engine.name, name))


def _hint(engine: _Engine, replaced: Replacement | None) -> str:
    """What to write in this release; a replacement that is gone as well hands on to its own."""
    if replaced is None or not replaced.flag:
        return replaced.hint if replaced else ""
    found = engines.flag(engine.name, engine.version, replaced.flag)
    if isinstance(found, Gone):
        return _hint(engine, found.replaced_by)
    return replaced.hint or f"write `{replaced.flag}` instead"


def _similar(engine: _Engine, name: str) -> str:
    close = nearest(name, engines.flags(engine.name, engine.version))
    return f"remove it, or see whether `{close}` is what you need" if close else "remove it"


def _value(scene: Scene, engine: _Engine, flag: _Written, facts: FlagFacts, plugins: set[str]) -> Iterator[Diagnostic]:
    severity = None if engine.certain else Severity.WARNING
    problem = value_problem(flag.name, flag.value, facts, negates=engine.name in NEGATING)
    if problem is None and _must_be_known(flag, facts, plugins):
        problem = ValueProblem("", "", tuple(str(choice) for choice in facts.choices))
    if problem is None:
        return
    if problem.choices:
        yield _no_choice(scene, engine, flag, problem, severity)
    else:
        message = f"{_called(flag)} {problem.what} in {engine.shown}"
        hint = "raise the Runtime's version, or remove the field" if flag.field else problem.hint
        yield _finding(scene, codes.FLAG_VALUE, flag, message, hint, severity=severity)


def _must_be_known(flag: _Written, facts: FlagFacts, plugins: set[str]) -> bool:
    """A name that only a plugin could have registered, and no flag loads one."""
    loads = REGISTERED.get(facts.name)
    registered = loads is not None and bool(facts.choices) and loads not in plugins
    return registered and isinstance(flag.value, str) and not is_choice(flag.value, facts)


def _no_choice(
    scene: Scene, engine: _Engine, flag: _Written, problem: ValueProblem, severity: Severity | None
) -> Diagnostic:
    close = nearest(str(flag.value), problem.choices)
    listed = ", ".join(problem.choices[:MAX_LISTED]) + (", …" if len(problem.choices) > MAX_LISTED else "")
    hint = f"did you mean `{close}`? There are: {listed}" if close else f"use one of: {listed}"
    message = f"{engine.shown} has no `{_shown(flag.value)}` for {_called(flag)}"
    return _finding(scene, codes.FLAG_CHOICE, flag, message, hint, severity=severity)


def _conflicts(
    scene: Scene, engine: _Engine, written: Sequence[_Written], shared: Sequence[_Written]
) -> Iterator[Diagnostic]:
    """Two names of one flag in one map, or one in the document and another in its Runtime."""
    first: dict[str, _Written] = {}
    for flag in (*shared, *(each for each in written if not each.field)):
        found, _ = _look_up(engine, flag.name)
        if not isinstance(found, FlagFacts) or "." in flag.name:
            continue
        other = first.setdefault(found.name, flag)
        if other is not flag and flag not in shared:
            message = f"`{flag.name}` and `{other.name}` both set the flag `{found.name}`"
            hint = f"keep one of them; here `{other.name}` is enough to override the Runtime's"
            related = Related("the other one", scene.place(other.address, other.path))
            shown = hint if other in shared else "keep one of them"
            yield replace(_finding(scene, codes.FLAG_CONFLICT, flag, message, shown, key=True), related=(related,))


def _called(flag: _Written) -> str:
    """A flag as it is written, or the field that stands for it."""
    return f"`{format_path(flag.path[1:])}` (the flag `{flag.name}`)" if flag.field else f"`{flag.name}`"


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _finding(
    scene: Scene,
    code: Code,
    flag: _Written,
    message: str,
    hint: str,
    *,
    key: bool = False,
    severity: Severity | None = None,
) -> Diagnostic:
    place = scene.place(flag.address, flag.path)
    if key and place.path[-1:] == flag.path[-1:]:
        place = Place(place.file, place.document, place.path, "key")
    subject = str(flag.address)
    return Diagnostic(code, message, at=place, hint=hint, severity_override=severity, subject=subject)
