"""Sizing as text and as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from opsdecl.diag import Diagnostic, Severity
from opsdecl.diag.codes.knowledge import GRAPHS_WITHOUT_ROOM, TIGHT_FIT, UTILIZATION_ABOVE_FREE
from opsdecl.sizing.types import Encoded, Range, Remedy, Sizing
from opsdecl.view.as_json import FORMAT_VERSION
from opsdecl.view.cells import Cell, align, printable
from opsdecl.view.style import ALARM, BOLD, CAUTION, DIM, GREEN, Ink, ink_for

Row = tuple[str, str, Sizing | None, str]
"""Address, role of pods apart from those that answer, figures, and why there are none."""
HOURS_PER_MONTH = 730
OF_FIT = (TIGHT_FIT, GRAPHS_WITHOUT_ROOM, UTILIZATION_ABOVE_FREE)
"""Warnings that say why a model may not fit."""
VERDICTS = {"fits": ("fits", GREEN), "tight": ("tight", CAUTION), "does-not-fit": ("does not fit", ALARM)}


def sizing_json(sizing: Sizing) -> dict[str, Any]:
    """The stable format; `schemas/size.schema.json` describes it."""
    memory, cache, effective = sizing.memory, sizing.cache, sizing.effective
    parts = {
        "totalGiB": memory.total,
        "requestedGiB": memory.requested,
        "weightsGiB": memory.weights,
        "activationGiB": memory.activation,
        "nonTorchGiB": memory.non_torch,
        "cudaGraphGiB": memory.graphs,
        "kvCacheGiB": memory.cache,
    }
    return {
        "formatVersion": FORMAT_VERSION,
        "model": sizing.model,
        "gpu": sizing.gpu,
        "gpuCount": sizing.gpu_count,
        "engine": sizing.engine,
        "parameters": sizing.parameters,
        "perGpu": {name: round(part.point, 3) for name, part in parts.items()},
        "kv": {
            "bytesPerToken": cache.bytes_per_token,
            "tokens": int(cache.tokens.point),
            "maxConcurrency": round(cache.concurrency.point, 2),
            "blockSize": cache.block_size,
            "neededGiB": round(cache.needed_gib, 3),
            **({"encoder": _encoder_json(cache.encoder)} if cache.encoder else {}),
        },
        "maxModelLen": {"requested": sizing.requested_length, "largestThatFits": int(sizing.largest.point)},
        "verdict": sizing.verdict,
        "shortOf": sizing.short_of or None,
        "intervals": {
            "perGpu": {name: _bounds(part, 3) for name, part in parts.items()},
            "kv": {"tokens": _bounds(cache.tokens, 0), "maxConcurrency": _bounds(cache.concurrency, 2)},
            "maxModelLen": {"largestThatFits": _bounds(sizing.largest, 0)},
        },
        "settings": {
            "generation": effective.generation,
            "gpuMemoryUtilization": effective.utilization,
            "maxNumSeqs": effective.max_num_seqs,
            "maxNumBatchedTokens": effective.max_num_batched_tokens,
            "dtype": effective.dtype,
            "kvCacheDtype": effective.kv_cache_dtype,
            "quantization": effective.quantization,
            "enforceEager": effective.enforce_eager,
        },
        "remedies": [_remedy_json(remedy) for remedy in sizing.remedies],
        "findings": [_finding_json(finding) for finding in sizing.findings],
    }


def _encoder_json(encoder: Encoded) -> dict[str, Any]:
    return {
        "tokens": encoder.tokens,
        "counted": encoder.counted,
        "bytesPerToken": encoder.bytes_per_token,
        "countedGiB": round(encoder.gib, 3),
    }


def render_json(sizing: Sizing) -> str:
    return json.dumps(sizing_json(sizing), indent=2) + "\n"


def render_environment_json(documents: Sequence[Row], environment: str) -> str:
    models = [
        {
            "address": address,
            **({"role": role} if role else {}),
            "size": sizing_json(sizing) if sizing else None,
            "reason": reason,
        }
        for address, role, sizing, reason in documents
    ]
    whole = {"formatVersion": FORMAT_VERSION, "environment": environment, "models": models}
    return json.dumps(whole, indent=2) + "\n"


def _bounds(part: Range, digits: int) -> list[float]:
    low, high = round(part.low, digits), round(part.high, digits)
    return [int(low), int(high)] if digits == 0 else [low, high]


def _remedy_json(remedy: Remedy) -> dict[str, Any]:
    return {
        "change": remedy.change,
        "costs": remedy.cost,
        "gpus": remedy.gpus,
        "gpu": remedy.gpu,
        "kvCacheGiB": round(remedy.cache_gib, 2),
        "tokens": remedy.tokens,
        "maxConcurrency": round(remedy.concurrency, 2),
        "pricePerHour": remedy.price_per_hour,
    }


def _finding_json(finding: Diagnostic) -> Mapping[str, Any]:
    return {
        "code": finding.code.id,
        "severity": finding.severity.word,
        "message": finding.message,
        "hint": finding.hint,
    }


def render_sizing(sizing: Sizing, *, color: bool = False) -> str:
    """The verdict first, then where the memory goes, then what would make it fit."""
    ink = ink_for(color)
    word, style = VERDICTS[sizing.verdict]
    decisive = _decisive(sizing)
    lines = [f"{ink(word, style)}   {_headline(sizing, decisive)}"]
    if decisive is not None and decisive.hint and not sizing.remedies:
        lines.append(f"  = help: {printable(decisive.hint)}")
    lines.append("")
    lines += _memory_rows(sizing, ink)
    lines += ["", *_cache_rows(sizing)]
    if sizing.remedies:
        lines += ["", ink("what would make it fit, cheapest first", BOLD), *_remedy_rows(sizing.remedies, ink)]
    elif sizing.verdict != "fits":
        lines += ["", "nothing was found that would make it fit"]
    notes = [line for f in sizing.findings if f is not decisive for line in _note(f)]
    return "\n".join([*lines, *([""] if notes else []), *notes]) + "\n"


def _decisive(sizing: Sizing) -> Diagnostic | None:
    """What decides that it does not fit, or may not: an error where there is one."""
    findings = sorted(sizing.findings, key=lambda finding: -finding.severity)
    of_fit = (f for f in findings if f.severity is Severity.ERROR or f.code in OF_FIT)
    return next(of_fit, None) if sizing.verdict != "fits" else None


def _headline(sizing: Sizing, decisive: Diagnostic | None) -> str:
    gpus = f"{sizing.gpu_count} × {sizing.gpu}" if sizing.gpu_count > 1 else sizing.gpu
    where = f"{sizing.model} on {gpus} under {sizing.engine}"
    if decisive is not None:
        return printable(f"{where}: {decisive.message}")
    tokens, at_once = int(sizing.cache.tokens.point), sizing.cache.concurrency.point
    return printable(f"{where}: {tokens:,} tokens of cache, {at_once:.2f} requests of {sizing.requested_length:,}")


def _note(finding: Diagnostic) -> list[str]:
    said = f"{finding.severity.word}[{finding.code.id}]: {printable(finding.message)}"
    return [said, *([f"  = help: {printable(finding.hint)}"] if finding.hint else [])]


def _memory_rows(sizing: Sizing, ink: Ink) -> list[str]:
    memory = sizing.memory
    named = [
        ("total", memory.total),
        (f"offered, {sizing.effective.utilization:g} of it", memory.requested),
        ("weights", memory.weights),
        ("activations", memory.activation),
        ("outside the framework", memory.non_torch),
        ("CUDA graphs", memory.graphs),
        ("KV cache", memory.cache),
    ]
    heads = [Cell("per GPU, GiB", BOLD), Cell("estimate", DIM), Cell("between", DIM)]
    rows = [
        [Cell(name), Cell(f"{part.point:8.2f}"), Cell(f"{part.low:.2f} … {part.high:.2f}", DIM)] for name, part in named
    ]
    return list(align([heads, *rows], ink))


def _cache_rows(sizing: Sizing) -> list[str]:
    cache, largest = sizing.cache, sizing.largest
    tokens = f"{int(cache.tokens.point):,} ({int(cache.tokens.low):,} … {int(cache.tokens.high):,})"
    at_once = f"{cache.concurrency.point:.2f} ({cache.concurrency.low:.2f} … {cache.concurrency.high:.2f})"
    longest = f"{int(largest.point):,} ({int(largest.low):,} … {int(largest.high):,})"
    return [
        f"KV cache          {tokens} tokens, {cache.bytes_per_token:,} bytes per token",
        f"full-length       {at_once} requests of {sizing.requested_length:,}; one needs {cache.needed_gib:.2f} GiB",
        *_encoder_rows(cache.encoder),
        f"longest that fits {longest} tokens",
    ]


def _encoder_rows(encoder: Encoded | None) -> list[str]:
    """What of a request's need is its encoder's, and where the engine counts more than there can be."""
    if encoder is None:
        return []
    counted = f", counted as {encoder.counted:,}" if encoder.counted != encoder.tokens else ""
    kept = f"{encoder.tokens:,} tokens of the encoder{counted}, {encoder.bytes_per_token:,} bytes per token"
    return [f"cross attention   {kept}: {encoder.gib:.2f} GiB of that"]


def _remedy_rows(remedies: Sequence[Remedy], ink: Ink) -> list[str]:
    return list(align([[Cell("  " + cell) for cell in _remedy_cells(remedy)] for remedy in remedies], ink))


def _remedy_cells(remedy: Remedy) -> tuple[str, str, str, str, str]:
    gpus = "1 GPU" if remedy.gpus == 1 else f"{remedy.gpus} GPUs"
    month = f"${remedy.price_per_hour * HOURS_PER_MONTH:,.0f}/month" if remedy.price_per_hour else ""
    cache = f"KV {remedy.cache_gib:.1f} GiB"
    return remedy.change, cache, f"{remedy.tokens:,} tokens, {remedy.concurrency:.1f} requests", gpus, month


def render_environment(documents: Sequence[Row], *, color: bool = False) -> str:
    """One row per model, and per role of pods apart; what could not be sized says why."""
    ink = ink_for(color)
    heads = ("model", "GPU", "weights", "KV cache", "tokens", "full-length", "longest", "verdict")
    rows = [[Cell(head, BOLD) for head in heads]]
    for address, role, sizing, reason in documents:
        name = f"{address} ({role})" if role else address
        rows.append(_environment_row(name, sizing) if sizing else [Cell(name), Cell(reason, DIM)] + [Cell("")] * 6)
    return "\n".join(align(rows, ink)) + "\n"


def _environment_row(name: str, sizing: Sizing) -> list[Cell]:
    gpus = f"{sizing.gpu_count} × {sizing.gpu}" if sizing.gpu_count > 1 else sizing.gpu
    return [
        Cell(name),
        Cell(gpus),
        Cell(f"{sizing.memory.weights.point:.1f} GiB"),
        Cell(f"{sizing.memory.cache.point:.1f} GiB"),
        Cell(f"{int(sizing.cache.tokens.point):,}"),
        Cell(f"{sizing.cache.concurrency.point:.1f} × {sizing.requested_length:,}"),
        Cell(f"{int(sizing.largest.point):,}"),
        Cell(*VERDICTS[sizing.verdict]),
    ]
