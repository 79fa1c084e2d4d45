"""What a plan says of a model's memory: only what moves, the drop in percent, and what does not fit."""

from opsdecl.diff.types import Estimate, KvCache, MemoryPerGpu, ModelChange, ModelFit, ModelLength
from opsdecl.view.plan.html import render_html
from opsdecl.view.plan.models import is_unmoved, model_lines
from tests.support.plans import DIGEST, believable_plan


def estimate(point: float, spread: float = 0.0) -> Estimate:
    return Estimate(low=point - spread, point=point, high=point + spread)


def fit(verdict: str = "fits", *, cache: float = 40.0, requests: float = 10.0, longest: int = 131072) -> ModelFit:
    memory = MemoryPerGpu(
        total=estimate(79.2),
        requested=estimate(72.9),
        weights=estimate(30.0),
        activation=estimate(1.0),
        non_torch=estimate(1.0),
        graphs=estimate(0.9),
        cache=estimate(cache, 2.0),
    )
    tokens = estimate(cache * 10_000)
    return ModelFit.model_validate(
        {
            "verdict": verdict,
            "gpu": "h100-80gb",
            "gpu_count": 1,
            "per_gpu": memory,
            "kv": KvCache(bytes_per_token=100_000, tokens=tokens, max_concurrency=estimate(requests), needed=1.0),
            "max_model_len": ModelLength(requested=32768, largest_that_fits=estimate(longest)),
        }
    )


def texts(before: ModelFit | None, after: ModelFit | None, turned_by: str = "") -> list[tuple[str, str, str]]:
    change = ModelChange(address="LLM.chat", before=before, after=after, turned_by=turned_by)
    return [(line.title, line.text, line.end) for line in model_lines(change)]


def test_nothing_is_said_where_nothing_moves() -> None:
    assert texts(fit(), fit(cache=40.1)) == []
    assert is_unmoved(ModelChange(address="LLM.chat", before=fit(), after=fit()))


def test_what_moves_is_shown_on_both_sides_with_its_error_and_its_share() -> None:
    memory, cache = texts(fit(), fit(cache=20.0, requests=2.5))
    assert memory == (
        "memory/GPU",
        "weights 30.0 · activation 1.0 · KV 40.0 → 20.0 (±2.0) of 72.9 GiB",
        "fits",
    )
    assert cache == ("KV cache", "400,000 → 200,000 tokens · full-length requests 10.0 → 2.5", "▼ 75 %")


def test_a_new_model_has_one_side() -> None:
    memory, cache = texts(None, fit("tight"))
    assert memory[2] == "may not fit"
    assert cache[1:] == ("400,000 tokens · full-length requests 10.0", "")


def test_what_does_not_fit_says_how_far_it_reaches_and_what_turned_it() -> None:
    found = texts(fit(), fit("does-not-fit", cache=2.0, requests=0.4, longest=12288), "runtime.version")
    assert found[0][2] == "does not fit"
    assert ("longest context", "32,768 tokens asked for, 12,288 tokens fit", "") in found
    assert ("because of", "runtime.version: without that change it would fit", "") in found


def test_a_misfit_that_nobody_touched_is_shown_all_the_same() -> None:
    assert texts(fit("does-not-fit"), fit("does-not-fit"))[0][2] == "does not fit"


def test_why_nothing_could_be_reckoned() -> None:
    unknown = ModelFit(reason="the shape of its model is not known")
    assert texts(fit(), unknown) == [("memory", "not reckoned: the shape of its model is not known", "")]
    assert texts(unknown, unknown) == []
    assert texts(fit(), None) == []


def test_the_page_shows_the_memory_of_a_change_and_colours_its_verdict() -> None:
    sample = believable_plan()
    address = sample.documents[0].address
    row = ModelChange(address=address, before=fit(), after=fit("does-not-fit", cache=2.0, requests=0.4, longest=1))
    html = render_html(sample.model_copy(update={"models": (row,)}), digest=DIGEST)
    assert 'KV 40.0 → 2.0 (±2.0) of 72.9 GiB <b class="bad">does not fit</b>' in html
    assert 'full-length requests 10.0 → 0.4 <b class="doubtful">▼ 96 %</b>' in html
    assert "memory/GPU" not in render_html(sample, digest=DIGEST)
