"""How long a pod takes until it serves, and until it has left: ranges, from what the document says of its weights."""

from collections.abc import Mapping

from opsdecl.compile.lower.native.drain import CLASSIC_DEFAULT, ENDPOINTS, LLM_DEFAULT, SHUTDOWN
from opsdecl.compile.lower.native.probes import UNKNOWN_SIZE_BUDGET
from opsdecl.fleet.types import Seconds
from opsdecl.sizing.loading import ENGINE_START_S, load_time_of
from opsdecl.spec.kinds.scalars import Duration
from opsdecl.spec.types import Json

CLASSIC: Seconds = (10.0, 120.0)
"""Servers of classic models: small files, no compilation."""


def load_of(effective: Mapping[str, Json]) -> Seconds:
    """Of a language model as sizing reckons it; where its size is not known, up to the time that its probe allows."""
    if "engine" not in effective["spec"] and "model" not in effective["spec"]:
        return CLASSIC
    return load_time_of(effective) or (ENGINE_START_S[0], UNKNOWN_SIZE_BUDGET)


def drain_of(effective: Mapping[str, Json], kind: str) -> Seconds:
    """A pod holds its GPUs for the pause before the signal, and at most for the grace after it."""
    said = (effective["spec"].get("drain") or {}).get("longestGeneration")
    longest = Duration.parse(said).seconds if said else LLM_DEFAULT if kind == "LLM" else CLASSIC_DEFAULT
    return ENDPOINTS + longest, ENDPOINTS + longest + SHUTDOWN
