"""Fields that are accepted by their kind and yet do nothing in this place: rows with the deciding field.

Each row names the field, and a predicate that answers the reason or None. Documents, the environment and the runtime
arrive as models; the stage that has them all asks the rows, and decides between an error and a note.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from opsdecl.diag import SpecPath
from opsdecl.spec.kinds.dataset import Dataset
from opsdecl.spec.kinds.declare import Part
from opsdecl.spec.kinds.environment import Environment
from opsdecl.spec.kinds.llm import LLM
from opsdecl.spec.kinds.model import Model
from opsdecl.spec.kinds.monitor import Monitor
from opsdecl.spec.kinds.run import KEPT_BY
from opsdecl.spec.kinds.runtime import Runtime
from opsdecl.spec.kinds.training import Training
from opsdecl.spec.kinds.tuning import Tuning
from opsdecl.spec.kinds.weights import HubSource, PvcCache

Served = LLM | Model
Reason = str | None
Predicate = Callable[[Any, Environment, Runtime | None], Reason]

_PARSING_ENGINES = ("vllm", "sglang")


class NoEffectRule(Struct, frozen=True):
    """A field, and when it does nothing. `hint` says what to do about it."""

    kind: str
    path: SpecPath
    predicate: Predicate
    hint: str

    def applies(self, model: Any, environment: Environment, runtime: Runtime | None = None) -> Reason:
        """Why the field does nothing here (`platform.routing is `none``), None where it works or is not set."""
        return self.predicate(model, environment, runtime) if is_set(model, self.path) else None


def is_set(model: Any, path: SpecPath) -> bool:
    """Whether the document itself gives a value at a path; defaults do not count."""
    for part in path:
        if not isinstance(model, Part):
            return False
        names = {field.alias or name: name for name, field in type(model).model_fields.items()}
        attribute = names.get(str(part))
        if attribute is None or attribute not in model.model_fields_set:
            return False
        model = getattr(model, attribute)
    return True


def no_effect_rules(kind: str) -> tuple[NoEffectRule, ...]:
    """The rows of a kind, in the order of the fields."""
    return tuple(rule for rule in NO_EFFECT if rule.kind == kind)


def _not_canary(model: Served, environment: Environment, runtime: Runtime | None) -> Reason:
    """Of a canary that the platform cannot do, the strategy itself is the error."""
    strategy = model.spec.rollout.strategy
    return None if strategy == "canary" else f"rollout.strategy is `{strategy}`"


def _not_rolling(model: Served, environment: Environment, runtime: Runtime | None) -> Reason:
    strategy = model.spec.rollout.strategy
    return None if strategy == "rolling" else f"rollout.strategy is `{strategy}`"


def _not_scaled(model: Served, environment: Environment, runtime: Runtime | None) -> Reason:
    is_off = model.spec.replicas.is_range and environment.spec.platform.scaling == "none"
    return f"platform.scaling is `none` in {environment.metadata.name}" if is_off else None


def _range_not_scaled(model: Served, environment: Environment, runtime: Runtime | None) -> Reason:
    replicas = model.spec.replicas
    if replicas.count is None and replicas.is_range and replicas.target is None:
        return "replicas.target is not set, so nothing scales"
    return _not_scaled(model, environment, runtime)


def _not_keda(model: Served, environment: Environment, runtime: Runtime | None) -> Reason:
    scaling, replicas = environment.spec.platform.scaling, model.spec.replicas
    if scaling != "keda":
        return f"platform.scaling is `{scaling}` in {environment.metadata.name}"
    return None if replicas.is_range and replicas.target else "replicas.target is not set, so nothing scales"


def _never_zero(model: Served, environment: Environment, runtime: Runtime | None) -> Reason:
    lowest = model.spec.replicas.lowest
    return _not_keda(model, environment, runtime) or (f"replicas.min is {lowest}, never 0" if lowest else None)


def _keda_not_chosen(model: Environment, environment: Environment, runtime: Runtime | None) -> Reason:
    scaling = model.spec.platform.scaling
    return None if scaling == "keda" else f"platform.scaling is `{scaling}`"


def _cache_claimed(model: LLM, environment: Environment, runtime: Runtime | None) -> Reason:
    cache = model.spec.weights.cache
    return "weights.cache.claim names an existing volume" if isinstance(cache, PvcCache) and cache.claim else None


def _cache_unused(model: LLM, environment: Environment, runtime: Runtime | None) -> Reason:
    weights = model.spec.weights
    if weights.source.type in ("pvc", "oci") and weights.cache.type != "none":
        return f"weights.source.type is `{weights.source.type}`, so nothing is fetched"
    return None


def _hub_not_asked(model: LLM, environment: Environment, runtime: Runtime | None) -> Reason:
    """A store of one's own has an endpoint too, which has nothing to do with the hub."""
    weights = model.spec.weights
    unasked = isinstance(weights.source, HubSource) and weights.offline
    return "weights.offline is true, so the hub is never asked" if unasked else None


def _no_revision_chosen(model: LLM, environment: Environment, runtime: Runtime | None) -> Reason:
    source = model.spec.weights.source.type
    return None if source == "hub" else f"weights.source.type is `{source}`, so no revision is chosen"


def _no_parsers(model: LLM, environment: Environment, runtime: Runtime | None) -> Reason:
    if runtime is None or runtime.spec.engine in _PARSING_ENGINES:
        return None
    return f"the engine `{runtime.spec.engine}` of runtime `{runtime.metadata.name}` has no such setting"


def _no_collector(model: LLM, environment: Environment, runtime: Runtime | None) -> Reason:
    named = environment.spec.tracing is not None
    return None if named else f"the environment {environment.metadata.name} names no collector"


def _one_gpu(model: LLM, environment: Environment, runtime: Runtime | None) -> Reason:
    accelerator = model.spec.accelerator
    if accelerator is None:
        return "the model has no accelerator"
    if model.spec.prefill is not None:
        return None
    return "accelerator.count is 1, so no GPUs talk to each other" if accelerator.gpus == 1 else None


def _not_replicated(model: Any, environment: Environment, runtime: Runtime | None) -> Reason:
    return "pods of a run are no replicas of each other"


def _not_queued(model: Training, environment: Environment, runtime: Runtime | None) -> Reason:
    queueing = environment.spec.platform.queueing
    return None if queueing == "kueue" else f"platform.queueing is `{queueing}` in {environment.metadata.name}"


def _not_reckoned(model: Training, environment: Environment, runtime: Runtime | None) -> Reason:
    framework = model.spec.framework
    return f"`{framework}` has no such setting" if framework in ("sklearn", "xgboost") else None


def _removes_nothing(kind: str) -> Predicate:
    """Of runs that an operator keeps whatever the document says."""

    def predicate(model: Training | Tuning, environment: Environment, runtime: Runtime | None) -> Reason:
        setting, operators = KEPT_BY[kind]
        chosen: str = getattr(environment.spec.platform, setting)
        return f"platform.{setting} is `{chosen}`, which removes no run" if chosen in operators else None

    return predicate


def _chosen_by_katib(model: Tuning, environment: Environment, runtime: Runtime | None) -> Reason:
    name = environment.metadata.name
    is_katib = environment.spec.platform.tuning == "katib"
    return f"platform.tuning is `katib` in {name}, and Katib chooses values without an image" if is_katib else None


def _output_claimed(model: Training | Tuning, environment: Environment, runtime: Runtime | None) -> Reason:
    return "output.claim names an existing volume" if model.spec.output.claim else None


def _storage_claimed(model: Dataset, environment: Environment, runtime: Runtime | None) -> Reason:
    storage = model.spec.storage
    return "storage.claim names an existing volume" if storage is not None and storage.claim else None


def _account_exists(model: Served, environment: Environment, runtime: Runtime | None) -> Reason:
    account = model.spec.service_account
    return "serviceAccount.name is an existing account" if account and account.name else None


def _no_network_policy(model: Served, environment: Environment, runtime: Runtime | None) -> Reason:
    name = environment.metadata.name
    return None if environment.spec.network_policy.enabled else f"networkPolicy.enabled is false in {name}"


def _not_kept_in(model: Environment, environment: Environment, runtime: Runtime | None) -> Reason:
    spec = model.spec
    keeps = spec.tracing is not None and spec.tracing.egress is not None
    return None if keeps or not spec.network_policy.egress else "without `tracing.egress` nothing keeps models in"


def _no_adapter(model: Environment, environment: Environment, runtime: Runtime | None) -> Reason:
    platform = model.spec.platform
    if platform.scaling != "hpa":
        return f"platform.scaling is `{platform.scaling}`, which asks no metrics adapter"
    return "platform.metrics is `none`" if platform.metrics == "none" else None


def _secrets_native(model: Environment, environment: Environment, runtime: Runtime | None) -> Reason:
    secrets = model.spec.platform.secrets
    return f"platform.secrets is `{secrets}`" if secrets == "native" and model.spec.secrets else None


def _no_picker(model: Environment, environment: Environment, runtime: Runtime | None) -> Reason:
    routing = model.spec.platform.routing
    return None if routing == "inference-extension" else f"platform.routing is `{routing}`, and picks no pods"


def _not_by_label(model: Environment, environment: Environment, runtime: Runtime | None) -> Reason:
    by = model.spec.partition_by
    return None if by == "label" else f"partitionBy is `{by}`"


def _no_trainer(model: Environment, environment: Environment, runtime: Runtime | None) -> Reason:
    training = model.spec.platform.training
    return None if training == "kubeflow-trainer" else f"platform.training is `{training}`"


def _owns_nothing(model: Environment, environment: Environment, runtime: Runtime | None) -> Reason:
    queueing = model.spec.platform.queueing
    caches = any(pool.disk is not None for pool in model.spec.capacity.pools.values())
    if not model.spec.owns_cluster_scope or caches or (queueing == "kueue" and model.spec.capacity.quotas):
        return None
    if queueing == "kueue":
        return "capacity.quotas is empty, so there is no queue to make"
    return f"platform.queueing is `{queueing}`, and nothing else lies outside namespaces"


def _of_operator(what: str, *operators: str) -> Predicate:
    """Of trainings whose pods an operator makes, and what it does instead."""

    def predicate(model: Training, environment: Environment, runtime: Runtime | None) -> Reason:
        training = environment.spec.platform.training
        return f"platform.training is `{training}`, {what}" if training in operators else None

    return predicate


def _asks_no_prometheus(model: Environment, environment: Environment, runtime: Runtime | None) -> Reason:
    return "this version of opsdecl asks no Prometheus yet"


def _looks_itself(model: Environment, environment: Environment, runtime: Runtime | None) -> Reason:
    every = all(target.type == "cluster" for target in model.spec.targets.values())
    return "every target is a cluster, and looked at itself" if every else None


def _not_operated(model: Monitor, environment: Environment, runtime: Runtime | None) -> Reason:
    monitoring = environment.spec.platform.monitoring
    return f"platform.monitoring is `{monitoring}`, so no monitor object finds pods" if monitoring == "none" else None


def _operated() -> tuple[NoEffectRule, ...]:
    """Fields of trainings that operators have no place for."""
    retried = _of_operator("whose runtimes say how often pods are tried again", "kubeflow-trainer")
    ranked = _of_operator("whose runtimes say how important pods are", "kubeflow-trainer")
    return (
        NoEffectRule("Training", ("spec", "retries"), retried, "remove the field, and set it in the runtime"),
        NoEffectRule("Training", ("spec", "scheduling", "priorityClass"), ranked, "set it in the runtime"),
        NoEffectRule("Training", ("spec", "run", "removeAfter"), _removes_nothing("Training"), "remove the field"),
    )


def _served(kind: str) -> tuple[NoEffectRule, ...]:
    """Rows of the fields that all served kinds share."""
    rollout, replicas = ("spec", "rollout"), ("spec", "replicas")
    canary = "set rollout.strategy to `canary` and platform.rollouts to argo-rollouts, or remove it"
    rolling = "set rollout.strategy to `rolling`, or remove the field"
    return (
        NoEffectRule(kind, (*rollout, "trafficPercent"), _not_canary, canary),
        NoEffectRule(kind, (*rollout, "steps"), _not_canary, canary),
        NoEffectRule(kind, (*rollout, "keepStable"), _not_canary, canary),
        NoEffectRule(kind, (*rollout, "analysis"), _not_canary, canary),
        NoEffectRule(kind, (*rollout, "maxSurge"), _not_rolling, rolling),
        NoEffectRule(kind, (*rollout, "maxUnavailable"), _not_rolling, rolling),
        NoEffectRule(kind, (*replicas, "target"), _not_scaled, "give min and max a range and the platform a scaler"),
        NoEffectRule(kind, (*replicas, "max"), _range_not_scaled, "give a target, or write `count` instead"),
        NoEffectRule(kind, (*replicas, "wake"), _never_zero, "set replicas.min to 0, or remove the field"),
        NoEffectRule(kind, (*replicas, "cooldown"), _never_zero, "set replicas.min to 0, or remove the field"),
        NoEffectRule(kind, (*replicas, "fallback"), _not_keda, "remove the field"),
        NoEffectRule(kind, ("spec", "serviceAccount", "annotations"), _account_exists, "annotate the account itself"),
        NoEffectRule(kind, ("spec", "access"), _no_network_policy, "set networkPolicy.enabled, or remove the field"),
    )


def _of_prefill(why: Predicate) -> Predicate:
    """The same of the pods that prefill, with what they have of the model."""

    def reason(model: LLM, environment: Environment, runtime: Runtime | None) -> Reason:
        own = model.model_copy(update={"spec": model.spec.for_prefill})
        found = why(own, environment, runtime) if model.spec.prefill is not None else None
        return f"prefill.{found}" if found and found.startswith("replicas.") else found

    return reason


def _prefill() -> tuple[NoEffectRule, ...]:
    """The rows of `replicas` for prefill pods."""
    return tuple(
        NoEffectRule("LLM", ("spec", "prefill", *row.path[1:]), _of_prefill(row.predicate), row.hint)
        for row in _served("LLM")
        if row.path[:2] == ("spec", "replicas")
    )


def _runs(kind: str) -> tuple[NoEffectRule, ...]:
    """Rows of the fields that all kinds of runs share."""
    spread = ("spec", "scheduling", "topologySpread")
    return (NoEffectRule(kind, spread, _not_replicated, "remove the field"),)


NO_EFFECT: tuple[NoEffectRule, ...] = (
    *_served("LLM"),
    *_prefill(),
    *_served("Model"),
    NoEffectRule("LLM", ("spec", "model", "revision"), _no_revision_chosen, "remove it, the source holds the weights"),
    NoEffectRule("LLM", ("spec", "weights", "source", "token"), _hub_not_asked, "remove the token, or offline"),
    NoEffectRule("LLM", ("spec", "weights", "source", "endpoint"), _hub_not_asked, "remove the endpoint, or offline"),
    NoEffectRule("LLM", ("spec", "weights", "cache"), _cache_unused, "remove the cache"),
    NoEffectRule("LLM", ("spec", "weights", "cache", "size"), _cache_claimed, "remove it, or the claim"),
    NoEffectRule("LLM", ("spec", "weights", "cache", "storageClass"), _cache_claimed, "remove it, or the claim"),
    NoEffectRule("LLM", ("spec", "weights", "cache", "accessMode"), _cache_claimed, "remove it, or the claim"),
    NoEffectRule("LLM", ("spec", "parsers"), _no_parsers, "use another engine, or remove the field"),
    NoEffectRule("LLM", ("spec", "chatTemplate"), _no_parsers, "use another engine, or remove the field"),
    NoEffectRule("LLM", ("spec", "sampling"), _no_parsers, "use another engine, or remove the field"),
    NoEffectRule("LLM", ("spec", "engine", "kvCacheDtype"), _no_parsers, "use another engine, or remove the field"),
    NoEffectRule("LLM", ("spec", "rdma"), _one_gpu, "remove the field"),
    NoEffectRule("LLM", ("spec", "tracing"), _no_collector, "give the Environment `tracing: {endpoint: …}`"),
    NoEffectRule("Environment", ("spec", "secrets"), _secrets_native, "name Secrets that exist on the cluster"),
    NoEffectRule("Environment", ("spec", "networkPolicy", "egress"), _not_kept_in, "remove the field"),
    NoEffectRule(
        "Environment",
        ("spec", "monitoring", "adapterMetrics"),
        _no_adapter,
        "set platform.metrics, or remove the field",
    ),
    NoEffectRule("Environment", ("spec", "autoscaling"), _keda_not_chosen, "set platform.scaling to `keda`"),
    NoEffectRule(
        "Environment",
        ("spec", "endpointPicker"),
        _no_picker,
        "set platform.routing to `inference-extension`, or remove it",
    ),
    NoEffectRule("Environment", ("spec", "partitionLabel"), _not_by_label, "set partitionBy to `label`, or remove it"),
    NoEffectRule("Environment", ("spec", "observe", "prometheus"), _asks_no_prometheus, "remove the field"),
    NoEffectRule("Environment", ("spec", "observe", "kubeContext"), _looks_itself, "remove the field"),
    NoEffectRule(
        "Environment", ("spec", "platform", "trainingRuntimes"), _no_trainer, "set training to `kubeflow-trainer`"
    ),
    NoEffectRule("Environment", ("spec", "ownsClusterScope"), _owns_nothing, "remove the field"),
    NoEffectRule("Monitor", ("spec", "scrape", "by"), _not_operated, "remove the field"),
    *_operated(),
    *_runs("Dataset"),
    *_runs("Training"),
    *_runs("Evaluation"),
    NoEffectRule("Training", ("spec", "queue"), _not_queued, "set platform.queueing to `kueue`, or remove the field"),
    NoEffectRule(
        "Training", ("spec", "optimizer"), _not_reckoned, "remove the field: tell the program in `parameters`"
    ),
    NoEffectRule("Training", ("spec", "activationCheckpointing"), _not_reckoned, "remove the field"),
    NoEffectRule("Training", ("spec", "output", "size"), _output_claimed, "remove it, or the claim"),
    NoEffectRule("Training", ("spec", "output", "storageClass"), _output_claimed, "remove it, or the claim"),
    NoEffectRule("Training", ("spec", "output", "accessMode"), _output_claimed, "remove it, or the claim"),
    NoEffectRule("Tuning", ("spec", "image"), _chosen_by_katib, "remove the field, or set platform.tuning to job"),
    NoEffectRule("Tuning", ("spec", "run", "removeAfter"), _removes_nothing("Tuning"), "remove the field"),
    NoEffectRule("Tuning", ("spec", "output", "size"), _output_claimed, "remove it, or the claim"),
    NoEffectRule("Tuning", ("spec", "output", "storageClass"), _output_claimed, "remove it, or the claim"),
    NoEffectRule("Tuning", ("spec", "output", "accessMode"), _output_claimed, "remove it, or the claim"),
    NoEffectRule("Dataset", ("spec", "storage", "size"), _storage_claimed, "remove it, or the claim"),
    NoEffectRule("Dataset", ("spec", "storage", "storageClass"), _storage_claimed, "remove it, or the claim"),
    NoEffectRule("Dataset", ("spec", "storage", "accessMode"), _storage_claimed, "remove it, or the claim"),
)
