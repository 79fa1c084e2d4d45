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

CODES: tuple[Code, ...] = (NOT_BEHIND_SERVICE,)
