"""OD442, OD443: what a platform cannot do for requests, and for canaries."""

from opsdecl.diag.types import Code

BEYOND_ROUTING = Code(
    "OD442",
    "A Route asks for what its platform cannot do",
    "What routes requests here has no way to honour the field. It would be dropped in silence, and requests would go "
    "elsewhere than the Route says.\n\n"
    "Choose the `platform.routing` that the finding names, or remove the field.",
    "kind: Route\nspec:\n  fallbacks: [{llm: small}]",
)

BEYOND_ROLLOUTS = Code(
    "OD443",
    "A canary that the platform cannot honour",
    "A canary gets a share of the requests only where a controller moves them: Argo Rollouts, through a Route to the "
    "model by the plain Gateway API, and through one that sends to no other model. Elsewhere the new version would get "
    "all requests at once, or none.\n\n"
    "Do what the finding says, or use `strategy: auto`.",
    "rollout: {strategy: canary, trafficPercent: 20}   # platform.rollouts is native",
)

CODES: tuple[Code, ...] = (BEYOND_ROUTING, BEYOND_ROLLOUTS)
