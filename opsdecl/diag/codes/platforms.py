"""OD39x: what the platform of an environment, as it is installed, is asked for."""

from opsdecl.diag.types import Code, Severity

SECRET_KEY_MISSING = Code(
    "OD390",
    "A key that the Secret will not have",
    "External Secrets makes the Secret with the one key that `spec.secrets` of the Environment says: `key`, or the "
    "name of the `property`. A pod that asks for another key never starts.\n\n"
    "Use that key, set `key` where the secret is declared, or leave out both `key` and `property`: then each property "
    "of the stored value becomes a key.",
    "secrets:\n  hf: {store: vault, remoteKey: ml/hf, property: token}\n---\ntoken: {secret: hf, key: value}",
)
SECRET_NOT_DECLARED = Code(
    "OD391",
    "A Secret that the environment does not declare",
    "Secrets of this environment come from a store (platform.secrets is `external-secrets`), and this one is not "
    "declared. It is taken to exist in the namespace already; where it does not, the pods wait for it.\n\n"
    "Declare it at spec.secrets of the Environment, or make it by hand.",
    "platform: {secrets: external-secrets}\n---\ntoken: {secret: hf-token, key: token}   # not in spec.secrets",
    Severity.NOTE,
)
SECRET_UNUSED = Code(
    "OD392",
    "A declared Secret that nobody uses",
    "A Secret is fetched into the namespaces whose documents use it. No document does, so nothing is rendered for "
    "it.\n\n"
    "Use it in a document, or remove it.",
    "secrets:\n  hf-token: {store: vault, remoteKey: ml/hf}   # and no document names it",
    Severity.WARNING,
)

CODES: tuple[Code, ...] = (
    SECRET_KEY_MISSING,
    SECRET_NOT_DECLARED,
    SECRET_UNUSED,
)
