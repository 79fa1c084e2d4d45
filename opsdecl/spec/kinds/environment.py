"""Kind Environment: where documents go, what is installed there, and what there is to run on."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Kind, Part, effect, excludes, merge_key, reference
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.metadata import Metadata
from opsdecl.spec.kinds.names import (
    AbsolutePath,
    Cidr,
    DnsLabel,
    DnsSubdomain,
    GpuName,
    Items,
    KubernetesVersion,
    LabelKey,
    LabelValue,
    MetricName,
    NonEmpty,
    PositiveNumber,
    Scalar,
    WebUrl,
)
from opsdecl.spec.kinds.scalars import CpuQuantity, Duration, ImageReference, Quantity, WholeSeconds
from opsdecl.spec.kinds.scheduling import Toleration
from opsdecl.spec.kinds.serving import AccessPeer
from opsdecl.spec.kinds.targets import GitTarget, TargetSettings
from opsdecl.spec.kinds.tracing import Collector
from opsdecl.spec.kinds.training import Framework

ApprovalClass = Literal["data-loss", "removal", "replace", "behaviour", "capacity", "rolling", "reload", "metadata"]


class Platform(Part):
    """What is installed on the cluster, and so how things are rendered."""

    serving: Literal["native", "kserve"] = Field(default="native", description="What runs model servers.")
    scaling: Literal["none", "hpa", "keda"] = Field(default="hpa", description="What scales replicas.")
    metrics: Literal["none", "prometheus-adapter"] = Field(
        default="none", description="What offers engine metrics to the autoscaler."
    )
    monitoring: Literal["none", "prometheus-operator"] = Field(default="none", description="What collects metrics.")
    routing: Literal["none", "gateway-api", "inference-extension"] = Field(
        default="none", description="What routes requests between versions."
    )
    filters: Literal["none", "envoy-gateway"] = Field(
        default="none", description="What lets a program of your own check requests at the Gateways."
    )
    training: Literal["job", "jobset", "kubeflow-trainer", "kuberay"] = Field(
        default="job", description="What runs training."
    )
    training_runtimes: Mapping[Framework, DnsSubdomain] = Field(
        default={},
        description="ClusterTrainingRuntimes of Kubeflow Trainer by framework, where not those that it ships.",
    )
    preparation: Literal["job", "kuberay"] = Field(
        default="job",
        description="What steps of datasets may run on beside Jobs; `training: kuberay` says as much.",
    )
    tuning: Literal["job", "katib"] = Field(default="job", description="What searches hyperparameters.")
    multi_node: Literal["none", "leader-worker-set"] = Field(
        default="none", description="What keeps the pods of a replica together that spans several nodes."
    )
    devices: Literal["device-plugin", "dra"] = Field(
        default="device-plugin",
        description="How pods get GPUs: as an extended resource of a device plugin, or as devices that they claim "
        "(Dynamic Resource Allocation).",
    )
    queueing: Literal["none", "kueue"] = Field(default="none", description="What queues work for scarce GPUs.")
    secrets: Literal["native", "external-secrets"] = Field(default="native", description="Where secrets come from.")
    rollouts: Literal["native", "argo-rollouts"] = Field(default="native", description="What exchanges versions.")


class NodeDisk(Part):
    """A disk of each node of a pool."""

    path: AbsolutePath = Field(
        description="Folder of each node that caches fill and nothing else uses, such as a mounted NVMe disk; it must "
        "be there.",
    )
    size: Quantity = Field(description="Room in it, which all caches of the pool share.")


class Pool(Part):
    """Nodes of one make."""

    gpu: GpuName | None = Field(
        default=None,
        description="GPU of the nodes, an entry of the catalogue or a slice of one; none where absent.",
        json_schema_extra=reference("catalog/gpus"),
    )
    sharing: int = Field(
        default=1,
        ge=1,
        le=48,
        description="Pods that take turns on one GPU (time slicing); `gpusPerNode` then counts turns.",
    )
    nodes: int = Field(ge=0, description="Nodes in the pool.")
    gpus_per_node: int = Field(default=0, ge=0, description="GPUs of each node.")
    reserve: int = Field(
        default=0, ge=0, description="GPUs that are kept free, so that a rollout starts a pod before it stops one."
    )
    labels: Mapping[LabelKey, LabelValue] = Field(default={}, description="Labels by which pods find the nodes.")
    tolerations: Items[Toleration] = Field(
        default=(), description="Taints of the nodes that pods must put up with.", json_schema_extra=merge_key("key")
    )
    disk: NodeDisk | None = Field(
        default=None, description="Disk of each node for the caches of datasets; there are none where absent."
    )
    driver: NonEmpty | None = Field(default=None, description="Version of the GPU driver.")
    price_per_hour: PositiveNumber | None = Field(
        default=None,
        description="Price of one GPU for an hour, in the budget's currency; the catalogue's in USD where absent.",
    )


class Quota(Part):
    """What a namespace may use."""

    gpus: int | None = Field(default=None, ge=0, description="Most GPUs.")
    cpu: CpuQuantity | None = Field(default=None, description="Most CPU that pods reserve together.")
    memory: Quantity | None = Field(default=None, description="Most memory that pods reserve together.")
    pools: Mapping[DnsLabel, int] = Field(
        default={}, description="Most GPUs of each pool, where several have some and Kueue counts them."
    )
    queue: DnsLabel = Field(
        default="runs", description="Name of the namespace's LocalQueue, where the environment owns it."
    )


class Capacity(Part):
    """What there is to run on."""

    pools: Mapping[DnsLabel, Pool] = Field(default={}, description="Node pools by name.")
    quotas: Mapping[DnsLabel, Quota] = Field(default={}, description="Quotas by namespace.")


class Budget(Part):
    """What the environment may cost."""

    monthly: PositiveNumber = Field(
        description="Most that a month may cost: fewest replicas above it are an error, the expected cost a warning."
    )
    currency: Literal["USD", "EUR", "GBP", "CHF", "JPY"] = Field(default="USD", description="Currency of all prices.")


class ExternalSecret(Part):
    """A Secret that External Secrets fills from a store."""

    store: DnsSubdomain = Field(description="Store that holds the value.")
    store_kind: Literal["ClusterSecretStore", "SecretStore"] = Field(
        default="ClusterSecretStore",
        description="Whether the store serves all namespaces, or is one of the same name in each of them.",
    )
    remote_key: NonEmpty = Field(description="Key within the store.")
    property: NonEmpty | None = Field(
        default=None,
        description="Property of the stored value. Where neither it nor `key` is given, each property becomes a key.",
    )
    key: NonEmpty | None = Field(
        default=None,
        description="Key of the Secret that the value comes under; the property's name where absent.",
    )
    refresh: Duration = Field(
        default=Duration.parse("1h"), description="How often it is fetched again; `0s` fetches it once."
    )


class Autoscaling(Part):
    """Where the scaler of replicas looks, and how often."""

    prometheus: WebUrl = Field(description="Address of Prometheus, as programs in the cluster reach it.")
    interval: WholeSeconds = Field(default=Duration.parse("30s"), description="Time between two looks at a metric.")


class Monitoring(Part):
    """What stands ready for numbers of models."""

    pushgateway: WebUrl | None = Field(
        default=None,
        description="Address of a Pushgateway that Prometheus scrapes, as programs in the cluster reach it; measures "
        "of Monitors hand their numbers to it.",
    )
    prometheus: WebUrl | None = Field(
        default=None,
        description="Address of Prometheus, as programs in the cluster reach it; analyses of canaries ask it, and "
        "where it is absent that of `autoscaling`.",
    )
    adapter_metrics: Items[MetricName] = Field(
        default=(),
        description="Metrics that the metrics adapter offers by its rules, such as `vllm_num_requests_waiting`. Where "
        "given, models are scaled on no others of their engines; what is absent is not checked.",
    )


class EgressPeer(Part):
    """Somewhere that pods may go: addresses, or pods of a namespace, with labels, or both."""

    cidr: Cidr | None = Field(
        default=None,
        description="Addresses outside the cluster: `10.2.0.0/16`; `0.0.0.0/0` for all of them.",
        json_schema_extra=excludes("namespace", "labels"),
    )
    namespace: DnsLabel | None = Field(
        default=None, description="Namespace of the pods.", json_schema_extra=excludes("cidr")
    )
    labels: Mapping[LabelKey, LabelValue] = Field(
        default={}, description="Labels of the pods.", json_schema_extra=excludes("cidr")
    )
    ports: Items[Annotated[int, Field(ge=1, le=65535)]] = Field(
        default=(443,), min_length=1, description="TCP ports there."
    )


class NetworkPolicySettings(Part):
    """Whether calls are restricted."""

    enabled: bool = Field(default=True, description="Whether each model gets a NetworkPolicy.")
    egress: Items[EgressPeer] = Field(
        default=(),
        description="What traced models may reach, where `tracing.egress` keeps them in, beside names, the collector, "
        "their own pods and their judge: hubs, object stores, mirrors.",
    )


class Observe(Part):
    """Where to look at what runs."""

    kube_context: NonEmpty | None = Field(default=None, description="Context of the kubeconfig, read only.")
    prometheus: WebUrl | None = Field(default=None, description="Address of Prometheus.")


class Gateway(Part):
    """A Gateway of the cluster that Routes may use."""

    namespace: DnsLabel = Field(description="Namespace of the Gateway.")
    listeners: Items[DnsSubdomain] = Field(
        default=(), description="Names of its listeners; what Routes name is not checked where absent."
    )
    pods: AccessPeer | None = Field(
        default=None,
        description="Pods that its requests come from, which models let in; those of its namespace where absent.",
    )


class EndpointPicker(Part):
    """The Services that choose a pod for each request, one for each language model."""

    suffix: NonEmpty = Field(default="-epp", description="Their names: that of the model's objects, and this after it.")
    port: int = Field(default=9002, ge=1, le=65535, description="Port on which gateways ask them.")
    failure_mode: Literal["FailClose", "FailOpen"] = Field(
        default="FailClose",
        description="What happens while none answers: requests fail, or go to any pod.",
    )
    sidecar: ImageReference = Field(
        default=ImageReference.parse("ghcr.io/llm-d/llm-d-router-disagg-sidecar:v0.9.0"),
        description="Image of what stands before an engine that decodes, and has prompts worked out by the prefill pod "
        "that was chosen.",
    )


class Gate(Part):
    """What must be measured before something else answers here."""

    evaluation: DnsLabel = Field(
        description="Evaluation whose evidence is demanded, by name; it may run in another environment."
    )
    kinds: Items[Literal["LLM", "Model"]] = Field(
        default=("LLM", "Model"), min_length=1, description="Kinds of documents that the gate looks at."
    )
    documents: Items[NonEmpty] = Field(
        default=(), description="Documents that it looks at, such as `LLM.chat`; all of these kinds where absent."
    )
    classes: Items[ApprovalClass] = Field(
        default=("behaviour",), min_length=1, description="Classes of change that demand evidence; a new document does."
    )
    allow_simulated: bool = Field(
        default=False, description="Whether evidence of simulated runs opens it, for environments to try things in."
    )


class EnvironmentSpec(Part):
    """Where documents go, what is installed there, and what there is to run on."""

    extends: Items[NonEmpty] = Field(
        default=(), description="Folders below `environments/` whose documents are inherited; later ones win."
    )
    protected: bool = Field(default=False, description="Whether revisions must be pinned and images named by digest.")
    targets: Mapping[DnsLabel, TargetSettings] = Field(
        default={"main": GitTarget(type="git")},
        description="Where it goes, in order; a branch of this repository where absent.",
    )
    namespaces: Items[DnsLabel] = Field(
        default=("default",),
        min_length=1,
        description="Namespaces to choose from; the first is the default.",
    )
    kubernetes: KubernetesVersion = Field(
        default="1.37", description="Version of Kubernetes whose schemas the objects must meet."
    )
    platform: Platform = Field(default=Platform(), description="What is installed on the cluster.")
    capacity: Capacity = Field(default=Capacity(), description="What there is to run on.")
    budget: Budget | None = Field(default=None, description="What the environment may cost.")
    gateways: Mapping[DnsSubdomain, Gateway] = Field(
        default={}, description="Gateways that Routes may use, by name; Routes are checked against them."
    )
    endpoint_picker: EndpointPicker = Field(
        default=EndpointPicker(),
        description="What chooses a pod for each request; for platform.routing `inference-extension`.",
    )
    variables: Mapping[NonEmpty, Scalar] = Field(
        default={}, description="Values that documents use as `${{ vars.name }}`."
    )
    secrets: Mapping[DnsSubdomain, ExternalSecret] = Field(
        default={}, description="Secrets that come from a store; needs platform.secrets `external-secrets`."
    )
    approvals: Mapping[ApprovalClass, Items[NonEmpty]] = Field(
        default={}, description="Groups that must approve a change, by its class."
    )
    gates: Mapping[DnsLabel, Gate] = Field(
        default={}, description="What must be measured before something else answers here, by name."
    )
    partition_by: Literal["none", "owner", "label"] = Field(
        default="none",
        description="How the environment is cut into partitions, each with its own lock, records and history: not at "
        "all, by the owner of a document, or by a label.",
    )
    partition_label: LabelKey | None = Field(
        default=None, description="Label of documents that names their partition; needs `partitionBy: label`."
    )
    owns_cluster_scope: bool = Field(
        default=False,
        description="Whether objects outside namespaces belong to this environment: with platform.queueing `kueue` "
        "the queues of its quotas, and the volumes of datasets' caches.",
    )
    image_registry: str = Field(default="", description="Registry that takes the place of docker.io.")
    autoscaling: Autoscaling | None = Field(
        default=None, description="Where KEDA looks for metrics; needs platform.scaling `keda`."
    )
    monitoring: Monitoring = Field(default=Monitoring(), description="What stands ready for numbers of models.")
    network_policy: NetworkPolicySettings = Field(
        default=NetworkPolicySettings(), description="Whether calls are restricted."
    )
    observe: Observe = Field(default=Observe(), description="Where to look at what runs.")
    tracing: Collector | None = Field(default=None, description="The collector that takes traces of language models.")


class Environment(Document):
    """Where documents go, what is installed there, and what there is to run on."""

    kind: Literal["Environment"] = Field(description="Kind of the document.")
    metadata: Metadata = Field(description="Name, owner, labels.")
    spec: EnvironmentSpec = Field(
        default=EnvironmentSpec(),
        description="Where documents go, what is installed there, and what there is to run on.",
        json_schema_extra=effect("none", "what it changes is shown at the documents that it touches"),
    )


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Environment
metadata: {name: prod, owner: platform}
spec:
  extends: [base]
  protected: true
  targets:
    main: {type: git, branch: rendered/prod, prune: {budget: 10, protect: [PersistentVolumeClaim]}}
  namespaces: [assist, risk]
  platform: {scaling: hpa, metrics: prometheus-adapter}
  capacity:
    pools:
      h100:
        gpu: h100-80gb
        nodes: 4
        gpusPerNode: 8
        labels: {pool: h100}
        tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
        disk: {path: /mnt/nvme/caches, size: 3Ti}
        pricePerHour: 6.88
    quotas: {assist: {gpus: 16}}
  budget: {monthly: 40000, currency: USD}
  variables: {region: eu-west-1}
  approvals: {behaviour: [ml-leads], data-loss: [platform]}
  gates:
    quality: {evaluation: churn-quality, documents: [Model.churn]}
"""

KIND = Kind("Environment", Environment, "Where documents go, and what there is to run on.", EXAMPLE)
