"""A model of an environment -> what sizing says of it: the verdict, what is wrong, and the value that decides it."""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from opsdecl.catalog.architectures import Architecture
from opsdecl.catalog.encoder_families import family_of_name, unsized
from opsdecl.catalog.types import GpuFacts
from opsdecl.diag import Code, Diagnostic, has_errors
from opsdecl.diag.codes import encoders
from opsdecl.diag.codes import knowledge as codes
from opsdecl.sizing.budget import size
from opsdecl.sizing.engines import rules_for
from opsdecl.sizing.reckon import reckon
from opsdecl.sizing.remedies import cheapest_change, remedies_for
from opsdecl.sizing.rules import check, verdict_findings
from opsdecl.sizing.served import FACETS, Served
from opsdecl.sizing.shortage import LEAST_USEFUL_LENGTH, shortage_of
from opsdecl.sizing.types import Assessment, Gpu, Objection, Range, Request, Settings, Sizing
from opsdecl.sizing.weights import checkpoint

AMD_CAPABILITY = (9, 0)
SAID_ELSEWHERE = frozenset((codes.UNKNOWN_ENGINE,))
"""Of a document's engine, checks of its flags say so already."""
DECIDED_BY: Mapping[Code, str] = {
    codes.HEADS_NOT_DIVISIBLE: "tensor",
    codes.KV_HEADS_NOT_DIVISIBLE: "tensor",
    codes.FEED_NOT_DIVISIBLE: "tensor",
    codes.BLOCKS_NOT_DIVISIBLE: "tensor",
    codes.CAPABILITY_TOO_LOW: "gpu",
    codes.TOO_FEW_GPUS: "gpu_count",
    codes.PARALLEL_OVER_SLICES: "tensor",
    codes.UTILIZATION_ABOVE_FREE: "utilization",
    codes.GRAPHS_WITHOUT_ROOM: "utilization",
    codes.CONTEXT_TOO_LONG: "max_model_len",
    codes.UNKNOWN_QUANTIZATION: "quantization",
    encoders.NOT_SERVED: "engine",
    encoders.ENCODER_APART: "pipeline",
}
"""The value to look at first, by what was found; the model elsewhere."""
_FIELDS = {deciding.flag: ".".join(map(str, deciding.field[1:])) for deciding in FACETS.values() if deciding.flag}
_FLAG = re.compile(rf"\b(?:{'|'.join(sorted(_FIELDS, key=len, reverse=True))})\b|\btensor-parallel(?= \d)")


class Shapes(Protocol):
    """Where the shapes of models and the facts of GPUs come from."""

    def find(self, name: str) -> Architecture | None: ...

    def gpu(self, name: str) -> GpuFacts | None: ...


def request_of(served: Served, shapes: Shapes) -> Request | str:
    """A text says why there is none."""
    architecture = shapes.find(served.model)
    if architecture is None:
        return unsized(family_of_name(served.model)) or "the shape of its model is not known"
    gpu = gpu_of(shapes.gpu(served.gpu))
    if gpu is None:
        return f"GPU {served.gpu} is not known"
    gpu = replace(gpu, per_node=served.reach.per_node, nodes=served.reach.nodes)
    return with_draft(Request(architecture, gpu, served.gpu_count, served.engine, served.settings), shapes)


def with_draft(request: Request, shapes: Shapes) -> Request | str:
    """What speculative decoding loads besides: a model of its own, or layers on top. A text says which is not known."""
    drafting = request.settings.drafting
    if drafting is None or request.settings.draft_layers:
        return request
    if not drafting.model:
        layers = max(1, request.architecture.draft_layers)
        return replace(request, settings=replace(request.settings, draft_layers=layers))
    draft = shapes.find(drafting.model)
    if draft is None:
        return f"the shape of its draft model `{drafting.model}` is not known"
    return replace(request, draft=draft)


def figures(request: Request) -> Assessment:
    """The verdict and all figures; what is wrong is left out."""
    return _assessment(request, _concluded(request, reckon(request), check(request)))


def assess(request: Request) -> Assessment:
    """With the cheapest change that helps as the hint of what is wrong."""
    sizing = _concluded(request, reckon(request), checked := check(request))
    example = cheapest_change(request, sizing) if sizing.short_of not in ("", "rules") else ""
    findings = (*checked, *verdict_findings(request, sizing, example))
    objections = tuple(_objection(found, request, sizing) for found in findings if _counts(found))
    return replace(_assessment(request, replace(sizing, findings=findings)), objections=objections)


def _assessment(request: Request, sizing: Sizing) -> Assessment:
    whole = checkpoint(request, rules_for(request)).point
    return Assessment(sizing.verdict, checkpoint_gib=round(whole, 2), sizing=sizing)


def judged(request: Request, before: Sequence[Diagnostic] = (), others: Sequence[Gpu] = ()) -> Sizing:
    """Arithmetic, rules and remedies together. `others` are GPUs to try besides the one that is asked for."""
    return explained(request, reckon(request), before, others)


def explained(
    request: Request, reckoned: Sizing, before: Sequence[Diagnostic] = (), others: Sequence[Gpu] = ()
) -> Sizing:
    """The same where the arithmetic is done."""
    sizing = _concluded(request, reckoned, checked := check(request))
    remedies = remedies_for(request, sizing, others) if sizing.verdict != "fits" else ()
    example = remedies[0].change if remedies else ""
    findings = (*before, *checked, *verdict_findings(request, sizing, example))
    return replace(sizing, remedies=remedies, findings=findings)


def _concluded(request: Request, sized: Sizing, checked: Sequence[Diagnostic]) -> Sizing:
    """What a rule refuses does not start, however much memory there is."""
    if has_errors(checked):
        return replace(sized, verdict="does-not-fit", short_of="rules")
    shortage = shortage_of(request, sized)
    return replace(sized, short_of=shortage.of) if shortage is not None else sized


def _counts(found: Diagnostic) -> bool:
    return found.code not in SAID_ELSEWHERE


def _objection(found: Diagnostic, request: Request, sizing: Sizing) -> Objection:
    facet = DECIDED_BY.get(found.code, "model")
    if found.code in (codes.DOES_NOT_FIT, codes.TIGHT_FIT):
        facet = _short_of(request, sizing)
    if found.code is codes.CAPABILITY_TOO_LOW and request.settings.quantization is not None:
        facet = "quantization"
    return Objection(found.code, in_fields(found.message), in_fields(found.hint), facet)


def _short_of(request: Request, sizing: Sizing) -> str:
    """The context where a shorter one fits, the number of sequences where their states do not, else the GPU."""
    shortage = shortage_of(request, sizing)
    if shortage is not None and shortage.of == "states":
        return "max_num_seqs"
    return "max_model_len" if sizing.largest.high >= LEAST_USEFUL_LENGTH else "gpu"


def turned_by(before: Request, after: Request) -> str | None:
    """The one value whose change makes the model fit no longer; None where no single one does."""
    for facet in _differing(before, after):
        if size(_with(after, before, facet)).verdict != "does-not-fit":
            return facet
    return None


def _differing(before: Request, after: Request) -> list[str]:
    found = [facet for facet, name in _OUTER.items() if getattr(before, name) != getattr(after, name)]
    inner = Settings.__struct_fields__
    return found + [name for name in inner if getattr(before.settings, name) != getattr(after.settings, name)]


_OUTER = {"engine": "engine", "model": "architecture", "gpu": "gpu", "gpu_count": "gpu_count"}


def _with(after: Request, before: Request, facet: str) -> Request:
    """The request after, with one value as it was before."""
    if facet in _OUTER:
        return replace(after, **{_OUTER[facet]: getattr(before, _OUTER[facet])})
    return replace(after, settings=replace(after.settings, **{facet: getattr(before.settings, facet)}))


def in_fields(text: str) -> str:
    """Flags of the command line as the fields that people write in documents."""
    return _FLAG.sub(lambda found: _FIELDS.get(found[0], "parallelism.tensor"), text)


def gpu_of(facts: GpuFacts | None) -> Gpu | None:
    if facts is None:
        return None
    major, _, minor = facts.compute_capability.partition(".")
    nvidia = major.isdigit()
    return Gpu(
        name=facts.name,
        total=Range(facts.seen[0], facts.memory_gib, facts.seen[1]),
        capability=(int(major), int(minor or 0)) if nvidia else AMD_CAPABILITY,
        is_slice=bool(facts.slice_of),
        vendor="nvidia" if nvidia else "amd",
        price_per_hour=facts.price_per_hour,
    )
