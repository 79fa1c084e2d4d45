"""Flags of engines: typed settings in a fixed order, then the maps of the runtime and the document."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from opsdecl.compile.types import Traced
from opsdecl.diag import SpecPath


class Flag(NamedTuple):
    """`value` None: not set; True: the flag alone; False: as the engine negates it; mappings are passed as JSON."""

    name: str
    value: Any
    path: SpecPath


def settle_flags(
    typed: Iterable[Flag],
    inherited: Mapping[str, Any],
    own: Mapping[str, Any],
    *,
    negation: str = "",
    dashes: bool = True,
) -> tuple[Traced, ...]:
    """Typed flags first, in their order; then the document's map over the runtime's, by name.

    A typed field wins over both maps; a document that sets a field and its flag is refused before it comes here.
    `negation` is the prefix of a flag that is false (`no-`); engines without one get nothing for false. `dashes`: the
    engine knows no underscores in names.
    """
    fixed = {flag.name: flag for flag in typed if flag.value is not None}
    free = _free(inherited, ("runtime", "args"), dashes) | _free(own, ("spec", "engine", "args"), dashes)
    chosen = [*fixed.values(), *(free[name] for name in sorted(free) if name not in fixed)]
    return tuple(argument for flag in chosen for argument in _arguments(flag, negation))


def compact_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def plain_flag(name: str) -> str:
    """As engines write it: without leading dashes, words joined by dashes."""
    return name.lstrip("-").replace("_", "-")


def _free(flags: Mapping[str, Any], path: SpecPath, dashes: bool) -> dict[str, Flag]:
    """By the name as the engine writes it."""
    plain = {name: plain_flag(name) if dashes else name.lstrip("-") for name in flags}
    return {plain[name]: Flag(plain[name], value, (*path, name)) for name, value in flags.items()}


def _arguments(flag: Flag, negation: str) -> Iterable[Traced]:
    """One argument `--name=value`; a list follows its flag value by value, as argparse's `nargs` wants it."""
    name, value, path = flag
    if value is True:
        yield Traced(f"--{name}", path)
    elif value is False:
        if negation:
            yield Traced(f"--{negation}{name}", path)
    elif isinstance(value, tuple | list):
        yield Traced(f"--{name}", path)
        yield from (Traced(str(item), path) for item in value)
    else:
        yield Traced(f"--{name}={compact_json(value) if isinstance(value, Mapping) else value}", path)
