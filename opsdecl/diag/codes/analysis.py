"""OD465 and following, OD490 and OD491: whose pods are looked at, and canaries that are judged by their metrics."""

from opsdecl.diag.types import Code, Severity

NOT_BEHIND_SERVICE = Code(
    "OD465",
    "One Service does not reach every pod once",
    "`scrape.by: service` looks up the pods behind the Service of a model. Where new versions come by canary there are "
    "two Services, of which none has all pods, and a Service that an operator makes is not found by its name: numbers "
    "would be missing, or counted twice.\n\n"
    "Let pods be found themselves, which is what happens without `by`.",
    "scrape: {by: service}   # of a model with rollout: {strategy: canary}",
)

NOBODY_TO_ASK = Code(
    "OD466",
    "Nobody to ask about a canary",
    "`rollout.analysis` lets Argo Rollouts ask Prometheus about the pods of a new version, and the environment names "
    "no Prometheus that could be asked.\n\n"
    "Set `monitoring.prometheus` of the Environment, or remove the analysis and watch canaries by hand.",
    "rollout: {strategy: canary, analysis: {errors: 1%}}   # and the environment has no monitoring.prometheus",
)
CANARY_NOT_MEASURED = Code(
    "OD467",
    "The engine does not measure what its canary is judged by",
    "A canary is judged by metrics of its engine, in the release that its Runtime names. This one is not among them, "
    "or nothing of that kind can be taken of it, so every look would find nothing, and the canary would wait for a "
    "person.\n\n"
    "Ask for what the engine measures.",
    "kind: Model\nspec:\n  runtime: triton\n  rollout: {strategy: canary, analysis: {latency: {p95: 1s}}}",
)
CANARY_NOT_SCRAPED = Code(
    "OD468",
    "Nobody collects the metrics of the canary",
    "The analysis finds the series of a model by the labels that its Monitor gives them, and no Monitor of the "
    "environment has it scraped.\n\n"
    "Watch the model in a Monitor.",
    "rollout: {strategy: canary, analysis: {errors: 1%}}   # and no Monitor watches the model",
)

NO_GOOD_LOOK = Code(
    "OD490",
    "A step that a canary passes without one good look",
    "An analysis between two shares ends after `looks`, and is passed unless more than `tolerated` of them find too "
    "much, or more than `tolerated` find nothing. With so few looks all of them can be of these two sorts, and the "
    "canary gets its next share though nothing good was seen of it.\n\n"
    "Look more often, or tolerate less.",
    "steps: [{weight: 10, analysis: {errors: 1%, looks: 2}}, {weight: 50}]   # tolerated is 1",
)
LOOKS_TOO_EARLY = Code(
    "OD491",
    "A look that comes before there is enough to see",
    "A look covers the time `over`. It comes sooner than that after the canary got its share, so a part of what it "
    "sees is from the share before, with fewer requests, or there is nothing yet.\n\n"
    "Leave `delay` out: what `pause` leaves of `over` is waited for by itself.",
    "steps: [{weight: 50, pause: 1m, analysis: {errors: 1%, delay: 0s}}]   # over is 5m",
    Severity.WARNING,
)

CODES: tuple[Code, ...] = (
    NOT_BEHIND_SERVICE,
    NOBODY_TO_ASK,
    CANARY_NOT_MEASURED,
    CANARY_NOT_SCRAPED,
    NO_GOOD_LOOK,
    LOOKS_TOO_EARLY,
)
