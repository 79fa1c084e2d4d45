"""OD465 and following: whose pods are looked at, and canaries that are judged by their metrics."""

from opsdecl.diag.types import Code

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

CODES: tuple[Code, ...] = (NOT_BEHIND_SERVICE, NOBODY_TO_ASK, CANARY_NOT_MEASURED, CANARY_NOT_SCRAPED)
