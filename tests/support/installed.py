"""The worked example's staging over platforms with less and with more installed: the same documents, other settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.project import example_files

ENVIRONMENT = "environments/staging/environment.yaml"
PLATFORM = "{metrics: prometheus-adapter, monitoring: prometheus-operator, routing: gateway-api}"
ADAPTED = "metrics: prometheus-adapter"
ADAPTER = "  monitoring: {adapterMetrics: [vllm_num_requests_waiting]}\n"
TARGET = 'main: {type: git, remote: ".", branch: rendered/staging}'
_OPERATORS = "scaling: keda, monitoring: prometheus-operator, tuning: katib, queueing: kueue, secrets: external-secrets"
_STORED = """
  autoscaling: {prometheus: "http://prometheus.monitoring:9090"}
  secrets:
    hf-token: {store: vault, remoteKey: ml/hf, property: token}
    s3-models: {store: vault, remoteKey: ml/s3-models}
    s3-data: {store: vault, remoteKey: ml/s3-data}
    git-bot: {store: vault, remoteKey: ml/git-bot}"""
_WITHOUT = "---\napiVersion: opsdecl.dev/v1\nkind: Route\nmetadata: {name: %s}\n$delete: true\n"
NO_ROUTES = "".join(_WITHOUT % name for name in ("arrivals", "assistant", "payments"))
CANARY = """\
---
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: eta}
spec: {rollout: {strategy: canary, steps: [{weight: 10, pause: 10m}]}}
"""
WATCHED = """\
---
apiVersion: opsdecl.dev/v1
kind: Monitor
metadata: {name: documents, namespace: documents, owner: team-documents}
spec: {watch: {llms: [extract]}}
"""
"""KEDA asks Prometheus, so somebody must have the model scraped."""
UNGUARDED = """\
---
apiVersion: opsdecl.dev/v1
kind: LLM
metadata: {name: assistant}
spec: {guardrails: null}
"""
"""KServe and pools send requests past guardrails, which is refused (OD446)."""


@dataclass(frozen=True, slots=True)
class Installed:
    """`platform` of the Environment and what follows it; documents that say otherwise than staging."""

    name: str
    platform: str
    overlay: str
    definitions: Mapping[str, tuple[str, ...]]
    """CRDs by row of tools/crds.tsv; all of the row where it names none."""


NATIVE = Installed("native", "{metrics: prometheus-adapter}", NO_ROUTES, {})
_BY_OPERATORS = {
    "keda": ("scaledobjects",),
    "external-secrets": ("externalsecrets",),
    "katib": (),
    "prometheus-operator": ("podmonitors", "prometheusrules"),
}
EVERYTHING = Installed(
    "everything",
    "{routing: gateway-api, rollouts: argo-rollouts, multiNode: leader-worker-set, training: kubeflow-trainer, "
    f"trainingRuntimes: {{sklearn: torch-distributed}}, {_OPERATORS}}}{_STORED}",
    CANARY + WATCHED,
    {
        **_BY_OPERATORS,
        "gateway-api": ("httproutes",),
        "argo-rollouts": (),
        "kubeflow-trainer": ("trainjobs",),
    },
)
POOLS = Installed(
    "pools",
    f"{{routing: inference-extension, training: kuberay, {_OPERATORS}}}{_STORED}",
    WATCHED + UNGUARDED,
    {**_BY_OPERATORS, "gateway-api": ("httproutes",), "gateway-api-inference-extension": (), "kuberay": ("rayjobs",)},
)
"""Requests by pools of the inference extension, beside which there are no canaries."""
KSERVE = Installed(
    "kserve",
    f"{{serving: kserve, multiNode: leader-worker-set, training: kuberay, {_OPERATORS}}}{_STORED}",
    NO_ROUTES + WATCHED + UNGUARDED,
    {**_BY_OPERATORS, "kserve": ("inferenceservices", "llminferenceservices"), "kuberay": ("rayjobs",)},
)
"""KServe has neither routes of ours nor canaries, and starts a new pod first, for which GPUs are kept free."""
ALL = (NATIVE, EVERYTHING, POOLS, KSERVE)


def staging_on(installed: Installed, target: str = TARGET) -> dict[str, str]:
    """Files of the example by path, with an environment of that name: staging's documents on that platform."""
    text = example_files()[ENVIRONMENT]
    for old, new in (
        ("name: staging", f"name: {installed.name}"),
        ("[base, training, public]", "[base, training, public, staging]"),
        (PLATFORM, installed.platform),
        (TARGET, target),
        ("nodes: 1, gpusPerNode: 8, labels", "nodes: 1, gpusPerNode: 8, reserve: 4, labels"),
        (ADAPTER, ADAPTER if ADAPTED in installed.platform else ""),
    ):
        assert old in text
        text = text.replace(old, new)
    folder = f"environments/{installed.name}"
    own = {f"{folder}/environment.yaml": text, f"{folder}/documents.yaml": installed.overlay}
    return {**example_files(), **own}
