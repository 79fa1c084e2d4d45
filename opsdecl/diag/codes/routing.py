"""OD442: what a platform cannot do for requests."""

from opsdecl.diag.types import Code

BEYOND_ROUTING = Code(
    "OD442",
    "A Route asks for what its platform cannot do",
    "What routes requests here has no way to honour the field. It would be dropped in silence, and requests would go "
    "elsewhere than the Route says.\n\n"
    "Choose the `platform.routing` that the finding names, or remove the field.",
    "kind: Route\nspec:\n  fallbacks: [{llm: small}]",
)

CODES: tuple[Code, ...] = (BEYOND_ROUTING,)
