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

METRIC_NOT_COLLECTED = Code(
    "OD393",
    "Scaling on a metric that nobody collects",
    "KEDA asks Prometheus for the metrics of the engine. There must be an address to ask, and a Monitor that has the "
    "model scraped: its series are found by the labels that the Monitor gives them. Without either the query finds "
    "nothing, and the number of replicas stays as it is.\n\n"
    "Set spec.autoscaling.prometheus of the Environment and let a Monitor watch the model, or scale on cpu or memory.",
    "platform: {scaling: keda}\n---\nreplicas: {min: 1, max: 4, target: {metric: waiting-requests, value: 4}}",
)
SCALING_IMPOSSIBLE = Code(
    "OD394",
    "Scaling that the platform cannot do",
    "What scales replicas here cannot do what the document asks for. At 0 replicas there is no engine that could be "
    "measured, so something else must say that requests came in; what has no value to fall back from has no "
    "fallback; a share of the CPU needs a reservation to be a share of.\n\n"
    "The message names the field. `wake` starts the first replica from 0, on a query of Prometheus.",
    "replicas: {min: 0, max: 4, target: {metric: waiting-requests, value: 4}}   # and no wake",
)

BEYOND_KSERVE = Code(
    "OD395",
    "What KServe cannot do",
    "The environment serves models with KServe, and the document asks for something that KServe has no field for, or "
    "does another way: it would be ignored, or stop a rollout for ever.\n\n"
    "The message says what. Change it, or set platform.serving of the Environment to native, which renders all of the "
    "document.",
    "platform: {serving: kserve}\n---\nkind: LLM\nspec:\n  rollout: {strategy: recreate}",
)

PREFILL_NOT_CHOSEN = Code(
    "OD396",
    "Prefill pods that nothing chooses",
    "Whoever sends a request on must choose two pods for it: one that works the prompt out, and one that takes the KV "
    "cache over and answers. A Service chooses one, and the Gateway API knows Services only. An endpoint picker of the "
    "inference extension chooses both, and so does KServe's scheduler.\n\n"
    "Set platform.routing of the Environment to inference-extension, or platform.serving to kserve, or remove "
    "`prefill`.",
    "platform: {serving: native, routing: none}\n---\nkind: LLM\nspec:\n  prefill: {replicas: {count: 2}}",
)
BEYOND_SPLIT = Code(
    "OD397",
    "What a model with prefill pods cannot do",
    "The document asks for something that does not go together with prefill pods here: another engine, a replica over "
    "several nodes, a canary, or scaling by a metric of the whole model. It would be ignored, or do harm.\n\n"
    "The message names it. Change it, or remove `prefill`.",
    "kind: LLM\nspec:\n  rollout: {strategy: canary, trafficPercent: 10}\n  prefill: {replicas: {count: 2}}",
)
BEYOND_DEVICES = Code(
    "OD398",
    "What claimed devices cannot give",
    "GPUs of this environment are claimed as devices (platform.devices is `dra`), and something asks for what such a "
    "claim has no place for: a GPU that the driver does not name, turns on a shared GPU, an extended resource, pods "
    "that another operator's template makes, quotas that count extended resources.\n\n"
    "The message says what. Change it, or set platform.devices of the Environment to device-plugin.",
    "platform: {devices: dra}\n---\naccelerator: {gpu: l4, resource: example.com/gpu}",
)

CODES: tuple[Code, ...] = (
    SECRET_KEY_MISSING,
    SECRET_NOT_DECLARED,
    SECRET_UNUSED,
    METRIC_NOT_COLLECTED,
    SCALING_IMPOSSIBLE,
    BEYOND_KSERVE,
    PREFILL_NOT_CHOSEN,
    BEYOND_SPLIT,
    BEYOND_DEVICES,
)
