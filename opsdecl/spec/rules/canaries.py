"""Rules of canaries: their shares, and what is asked of them on the way."""

from collections.abc import Iterator
from itertools import pairwise

from opsdecl.diag import SpecPath
from opsdecl.diag.codes import analysis as codes_of_analysis
from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.analysis import Questions, StepAnalysis
from opsdecl.spec.kinds.llm import LLM
from opsdecl.spec.kinds.model import Model
from opsdecl.spec.kinds.serving import CanaryStep
from opsdecl.spec.rules.percentiles import percentiles
from opsdecl.spec.rules.types import DocumentRule, Finding, doubles


def canary(document: LLM | Model) -> Iterator[Finding]:
    chosen, path = document.spec.rollout, ("spec", "rollout")
    if chosen.traffic_percent is not None and chosen.steps:
        message = "`rollout.trafficPercent` is one step, so `steps` cannot stand beside it"
        yield Finding(codes.EXCLUSIVE_FIELDS, (*path, "trafficPercent"), message, "write it as the first step", True)
    if chosen.strategy == "canary" and chosen.traffic_percent is None and not chosen.steps:
        message = "nothing says which share of the requests the canary gets"
        hint = "add `steps: [{weight: 10, pause: 10m}, {weight: 50, pause: 10m}]`"
        yield Finding(codes.MISSING_FIELD, (*path, "strategy"), message, hint)
    for index, (before, after) in enumerate(pairwise(chosen.steps), 1):
        if after.weight <= before.weight:
            message = f"the share of this step is {after.weight}, and that of the one before {before.weight}"
            hint = "let each step give the canary more than the one before"
            yield Finding(codes.BOUNDS_REVERSED, (*path, "steps", index, "weight"), message, hint)
    for index, step in enumerate(chosen.steps):
        if step.hold and step.pause is not None:
            message = "this step waits for a person, so `pause` cannot end it"
            yield Finding(
                codes.EXCLUSIVE_FIELDS, (*path, "steps", index, "pause"), message, "remove `pause`, or `hold`", True
            )


def analysis(document: LLM | Model) -> Iterator[Finding]:
    for path, chosen in document.spec.rollout.asked:
        yield from _questions(("spec", "rollout", *path), chosen)
    for index, step in enumerate(document.spec.rollout.steps):
        if step.analysis is not None:
            yield from _step_analysis(("spec", "rollout", "steps", index, "analysis"), step, step.analysis)


def _questions(path: SpecPath, chosen: Questions) -> Iterator[Finding]:
    latencies = {"ttft": chosen.ttft, "interTokenLatency": chosen.inter_token_latency, "latency": chosen.latency}
    if chosen.errors is None and not any(latencies.values()) and not chosen.metrics:
        message = "the analysis asks nothing of a canary"
        yield Finding(codes.ONE_OF_FIELDS, path, message, "add `errors: 1%`, a latency, or `metrics`")
    for name, objective in latencies.items():
        if objective is not None:
            yield from percentiles((*path, name), objective)
    named = ("ttft", "inter-token", "latency")
    own = ("errors", *(f"{name}-{percentile}" for name in named for percentile in ("p50", "p90", "p95", "p99")))
    for index, name in doubles((*own, *(one.name for one in chosen.metrics))):
        message = f"`{name}` is the name of something else that is looked at"
        at = (*path, "metrics", index - len(own), "name")
        yield Finding(codes.DUPLICATE_ENTRY, at, message, "give it another name")
    for index, one in enumerate(chosen.metrics):
        if (one.above is None) == (one.below is None):
            message = f"`{one.name}` has {'no bound' if one.above is None else 'two bounds'}, and one is needed"
            yield Finding(codes.ONE_OF_FIELDS, (*path, "metrics", index), message, "write `above: …` or `below: …`")


def _step_analysis(path: SpecPath, step: CanaryStep, chosen: StepAnalysis) -> Iterator[Finding]:
    if chosen.looks <= 2 * chosen.tolerated:
        message = (
            f"of {_times(chosen.looks)}, {chosen.tolerated} may find too much and {chosen.tolerated} may find nothing, "
            "so the canary could go on though none was good"
        )
        hint = f"set `looks` to {2 * chosen.tolerated + 1} or more, or `tolerated` to {(chosen.looks - 1) // 2}"
        yield Finding(codes_of_analysis.NO_GOOD_LOOK, (*path, "looks"), message, hint)
    paused = step.pause.seconds if step.pause is not None else 0.0
    after = paused + chosen.first_look_s(paused)
    if chosen.delay is not None and after < chosen.over.seconds:
        message = f"the first look covers {chosen.over}, and the canary has had this share for {round(after)} s by then"
        hint = f"remove `delay`, which is then {round(max(0.0, chosen.over.seconds - paused))} s"
        yield Finding(codes_of_analysis.LOOKS_TOO_EARLY, (*path, "delay"), message, hint)


def _times(looks: int) -> str:
    return f"{looks} look{'s' if looks > 1 else ''}"


_ROLLOUT = (("spec", "rollout"),)
RULES: tuple[DocumentRule, ...] = (
    DocumentRule(frozenset({"LLM", "Model"}), _ROLLOUT, canary),
    DocumentRule(frozenset({"LLM", "Model"}), _ROLLOUT, analysis),
)
