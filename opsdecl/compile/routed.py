"""What a Route knows of the models that it reaches, and which share of its requests each of them gets."""

from collections.abc import Iterator, Mapping, Sequence

from opsdecl.addr import SpecAddress
from opsdecl.compile.roles import PREFILL
from opsdecl.compile.rollout import nodes_of
from opsdecl.compile.types import CompiledDocument
from opsdecl.compile.watched import engine_of
from opsdecl.spec.types import Json

WHOLE = 100
ROUTED_KINDS: Mapping[str, str] = {"llm": "LLM", "model": "Model"}
"""Kinds that answer, by the field that names one."""
POOLED_ENGINES = frozenset(("vllm", "sglang"))
"""Engines whose load an endpoint picker can read."""


def routed_facts(document: CompiledDocument) -> Mapping[str, Json]:
    """The part of a model that decides what its Route is rendered to. None of these names is that of a field of the
    model, so that a plan does not call it a change of the model."""
    metadata, spec = document.effective["metadata"], document.effective["spec"]
    served = {
        "namespace": metadata["namespace"],
        "names": list(spec.get("servedNames") or (document.address.name,)),
        "engine": engine_of(document)[0],
    }
    canary = spec["rollout"]["strategy"] == "canary"
    role = "leader-worker-set" if nodes_of(spec.get("accelerator")) > 1 else "rollout" if canary else "deployment"
    split = {"split": True} if spec.get(PREFILL) else {}
    return {"served": {**served, "canary": canary, "workload": role, **split}}


def address_of(destination: Mapping[str, Json]) -> SpecAddress:
    """Of an entry of `backends`, `shadow` or `fallbacks`, which names one model."""
    field = next(field for field in ROUTED_KINDS if field in destination)
    return SpecAddress(ROUTED_KINDS[field], destination[field])


def sends_to(route: CompiledDocument, model: SpecAddress) -> bool:
    """Whether a document is a Route with the model among its backends."""
    backends = route.effective["spec"].get("backends", ()) if route.address.kind == "Route" else ()
    return any(address_of(backend) == model for backend in backends)


def destinations(spec: Mapping[str, Json], *fields: str) -> Iterator[tuple[str, int, Mapping[str, Json]]]:
    """Field, place in it and entry, of a Route's effective `spec`."""
    for field in fields:
        for index, entry in enumerate(spec.get(field, ())):
            yield field, index, entry


def shares_of(spec: Mapping[str, Json]) -> Mapping[str, Json]:
    """What `backends` and `shadow` come to by model, as plans show it: `{"backends": {"LLM.chat": {"share": …}}}`."""
    backends = {_shown(each): {"share": f"{weight_of(each, spec['backends'])}%"} for each in spec["backends"]}
    copies = {str(address_of(each)): {"share": f"{each['percent']}%"} for each in spec.get("shadow", ())}
    return {"backends": backends} | ({"shadow": copies} if copies else {})


def weight_of(backend: Mapping[str, Json], backends: Sequence[Mapping[str, Json]]) -> int:
    """In percent."""
    return int(backend.get("weight", WHOLE if len(backends) == 1 else 0))


def _shown(backend: Mapping[str, Json]) -> str:
    adapter = backend.get("adapter")
    return f"{address_of(backend)}" + (f" with {adapter}" if adapter else "")
