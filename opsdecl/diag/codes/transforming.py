"""OD481: transformers of classic models."""

from opsdecl.diag.types import Code

TRANSFORMER_BEFORE_CANARY = Code(
    "OD481",
    "A transformer before a canary",
    "A canary gets a share of the requests that come to the model's address. Where the model has a transformer, this "
    "address is the transformer's, and the model behind it is asked at another: nothing would share that out.\n\n"
    "Use another strategy of the rollout, or prepare requests in the model's own server.",
    "kind: Model\nspec:\n  transformer: {image: …}\n  rollout: {strategy: canary, …}   # rollouts: argo-rollouts",
)

CODES: tuple[Code, ...] = (TRANSFORMER_BEFORE_CANARY,)
