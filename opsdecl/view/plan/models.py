"""What a change means for the memory of a model, in lines: memory of a GPU, KV cache, longest context."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from opsdecl.diff.types import Estimate, KvCache, MemoryPerGpu, ModelChange, ModelFit

Tone = Literal["", "good", "bad", "doubtful"]
VERDICTS: dict[str, tuple[str, Tone]] = {
    "fits": ("fits", "good"),
    "tight": ("may not fit", "doubtful"),
    "does-not-fit": ("does not fit", "bad"),
}
NOTABLE = 0.01
"""Share by which a figure must move before it is called changed."""


class ModelLine(Struct, frozen=True):
    """One line: what it is about, what there is to say, and the verdict or the drop at its end."""

    title: str
    text: str
    end: str = ""
    tone: Tone = ""


def model_lines(model: ModelChange) -> list[ModelLine]:
    """Nothing where nothing moves and the model fits as before. Lines of a role that is apart begin with its name."""
    return [replace(line, title=f"{model.role} {line.title}".lstrip()) for line in _lines(model)]


def _lines(model: ModelChange) -> list[ModelLine]:
    after, before = model.after, model.before
    if after is None or (is_unmoved(model) and after.verdict in ("fits", None)):
        return []
    if after.per_gpu is None or after.kv is None:
        return [ModelLine("memory", f"not reckoned: {after.reason}")] if after.reason else []
    was = before if before is not None and before.per_gpu is not None else None
    lines = [_memory(was, after), *_cache(was, after)]
    if after.max_model_len is not None and after.max_model_len.requested > after.max_model_len.largest_that_fits.point:
        longest = after.max_model_len.largest_that_fits.point
        reach = f"{longest:,.0f} tokens fit" if longest else "not even one token fits"
        lines.append(ModelLine("longest context", f"{after.max_model_len.requested:,} tokens asked for, {reach}"))
    if model.turned_by:
        lines.append(ModelLine("because of", f"{model.turned_by}: without that change it would fit"))
    return lines


def is_unmoved(model: ModelChange) -> bool:
    """Whether both sides say the same, as far as anybody can tell."""
    before, after = model.before, model.after
    if before is None or after is None:
        return before is after
    if (before.verdict, before.gpu, before.gpu_count) != (after.verdict, after.gpu, after.gpu_count):
        return False
    return not any(_moved(one, other) for one, other in zip(_figures(before), _figures(after), strict=True))


def _figures(fit: ModelFit) -> tuple[float, ...]:
    memory, cache = fit.per_gpu, fit.kv
    if memory is None or cache is None:
        return (0.0,) * 4
    return memory.weights.point, memory.cache.point, cache.tokens.point, cache.max_concurrency.point


def _moved(before: float, after: float) -> bool:
    return abs(after - before) > NOTABLE * max(abs(before), abs(after))


def _memory(before: ModelFit | None, after: ModelFit) -> ModelLine:
    now, was = after.per_gpu, before.per_gpu if before else None
    assert now is not None
    parts = [
        f"weights {_gib(was, now, 'weights')}",
        f"activation {_gib(was, now, 'activation')}",
        f"KV {_gib(was, now, 'cache')} (±{_spread(now.cache):.1f})",
    ]
    verdict, tone = VERDICTS.get(after.verdict or "", ("", ""))
    text = " · ".join(parts) + f" of {_gib(was, now, 'requested')} GiB"
    return ModelLine("memory/GPU", text, verdict, tone)


def _gib(before: MemoryPerGpu | None, after: MemoryPerGpu, name: str) -> str:
    now: float = getattr(after, name).point
    was: float = getattr(before, name).point if before else now
    return f"{was:.1f} → {now:.1f}" if _moved(was, now) else f"{now:.1f}"


def _spread(figure: Estimate) -> float:
    return max(figure.high - figure.point, figure.point - figure.low)


def _cache(before: ModelFit | None, after: ModelFit) -> list[ModelLine]:
    now, was = after.kv, before.kv if before else None
    if now is None or now.tokens.point <= 0:
        return []
    tokens = _pair(was.tokens if was else None, now.tokens, "{:,.0f}")
    requests = _pair(was.max_concurrency if was else None, now.max_concurrency, "{:,.1f}")
    drop, tone = _drop(was, now)
    return [ModelLine("KV cache", f"{tokens} tokens · full-length requests {requests}", drop, tone)]


def _pair(before: Estimate | None, after: Estimate, form: str) -> str:
    now = form.format(after.point)
    if before is None or not _moved(before.point, after.point):
        return now
    return f"{form.format(before.point)} → {now}"


def _drop(before: KvCache | None, after: KvCache) -> tuple[str, Tone]:
    """By how much fewer or more of the longest requests run at once."""
    if before is None or not before.max_concurrency.point:
        return "", ""
    was, now = before.max_concurrency.point, after.max_concurrency.point
    if not _moved(was, now):
        return "", ""
    share = round(100 * abs(now - was) / was)
    return (f"▼ {share} %", "doubtful") if now < was else (f"▲ {share:,} %", "good")
