"""Kind Model: a classic predictive model, or a server of one's own."""

from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Example, Kind, Part, effect, excludes, reference
from opsdecl.spec.kinds.document import Document, ServedSpec
from opsdecl.spec.kinds.engine import Accelerator
from opsdecl.spec.kinds.explain import Explain
from opsdecl.spec.kinds.metadata import ServedMetadata
from opsdecl.spec.kinds.names import Digest, DnsLabel, Items, NonEmpty, SourceUri
from opsdecl.spec.kinds.scalars import ImageReference
from opsdecl.spec.kinds.transformer import Transformer
from opsdecl.spec.kinds.variables import EnvVars, WholeSecret

ModelFormat = Literal["sklearn", "xgboost", "lightgbm", "onnx", "tensorflow", "pytorch", "triton", "mlflow", "custom"]


class ModelSource(Part):
    """Where the model's files lie: at an address, or where a training of this environment leaves them."""

    uri: SourceUri | None = Field(
        default=None,
        description="Address of the files: s3://, gs://, pvc://, oci://, https:// or hf://.",
        json_schema_extra=effect("behaviour", "another model answers") | excludes("training"),
    )
    training: DnsLabel | None = Field(
        default=None,
        description="Training that makes the model; pods wait for its run, and another run is another model. The image "
        "of the server needs a shell at /bin/sh.",
        json_schema_extra=effect("behaviour", "another model answers")
        | reference("Training")
        | excludes("uri", "digest", "credentials"),
    )
    digest: Digest | None = Field(
        default=None,
        description="Digest that the files must have; protected environments demand one.",
        json_schema_extra=effect("behaviour", "another model answers"),
    )
    credentials: WholeSecret | None = Field(default=None, description="Secret with the credentials of the store.")


class ModelProbes(Part):
    """How the server says that it lives and that it is ready."""

    readiness: NonEmpty | None = Field(default=None, description="HTTP path that answers 200 when requests may come.")
    liveness: NonEmpty | None = Field(default=None, description="HTTP path that answers 200 while the server lives.")


class ModelSpec(ServedSpec):
    """What a classic model is, and how it is served."""

    format: ModelFormat = Field(
        description="Format of the model's files; `custom` brings its own image.",
        json_schema_extra=effect("behaviour", "another kind of model answers"),
    )
    source: ModelSource | None = Field(
        default=None,
        description="Where the model's files lie; not needed where a custom image holds them.",
        json_schema_extra=effect("rolling", "pods fetch the model another way"),
    )
    runtime: DnsLabel | None = Field(
        default=None,
        description="Runtime that serves it; all formats but `custom` need one.",
        json_schema_extra=effect("behaviour", "another server answers") | reference("Runtime"),
    )
    image: ImageReference | None = Field(
        default=None,
        description="Image of the server; only with the format `custom`.",
        json_schema_extra=effect("behaviour", "another image answers", rule="minor-version"),
    )
    command: Items[str] = Field(
        default=(),
        description="Command of the container; the image's own where absent.",
        json_schema_extra=effect("behaviour", "the server is started differently"),
    )
    args: Items[str] = Field(
        default=(),
        description="Arguments of the container's command.",
        json_schema_extra=effect("behaviour", "the server is started differently"),
    )
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port that the server listens on; the runtime's where absent.",
        json_schema_extra=effect("rolling", "pods listen on another port"),
    )
    env: EnvVars = Field(
        default={},
        description="Environment variables of the server's container.",
        json_schema_extra=effect("rolling", "pods restart with other variables"),
    )
    accelerator: Accelerator | None = Field(
        default=None,
        description="GPUs of each replica; none where absent.",
        json_schema_extra=effect("capacity", "it runs on other GPUs"),
    )
    probes: ModelProbes = Field(
        default=ModelProbes(),
        description="How the server says that it is ready; the runtime's way where absent.",
        json_schema_extra=effect("rolling", "pods are probed differently"),
    )
    transformer: Transformer | None = Field(
        default=None,
        description="Server that callers reach at the model's address, and that asks the model: it prepares requests, "
        "and changes answers on the way back.",
        json_schema_extra=effect("behaviour", "requests and answers are transformed differently"),
    )
    explain: Explain | None = Field(
        default=None,
        description="What explains its answers: a server for one at a time, an evaluation over a table.",
        json_schema_extra=effect("rolling", "pods of the explainer restart"),
    )


class Model(Document):
    """A classic predictive model that is served."""

    kind: Literal["Model"] = Field(description="Kind of the document.")
    metadata: ServedMetadata = Field(description="Name, owner, labels.")
    spec: ModelSpec = Field(description="What the model is, and how it is served.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: fraud, namespace: risk, owner: team-risk}
spec:
  format: xgboost
  source:
    uri: s3://models/fraud/v7
    credentials: {secret: s3-models}
  runtime: mlserver
  resources: {cpu: "2", memory: 4Gi}
  replicas: {count: 2}
  slo: {latency: {p99: 50ms}, availability: 99.95%}
"""

TRAINED = Example(
    "The model that a Training of the same environment makes; it is served once the run is done:",
    """\
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: churn, namespace: risk, owner: team-risk}
spec:
  format: xgboost
  source: {training: churn}
  runtime: mlserver
  resources: {cpu: "2", memory: 4Gi}
""",
)

EXPLAINED = Example(
    "A model with an explainer beside it, on plain Kubernetes and on KServe alike:",
    """\
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: churn, namespace: risk, owner: team-risk}
spec:
  format: sklearn
  source: {uri: "s3://models/churn/v3"}
  runtime: mlserver
  resources: {cpu: "2", memory: 4Gi}
  explain:
    explainer:
      image: ghcr.io/acme/churn-explainer:1.2.0
      args: [--predictor_protocol, v2]
      resources: {cpu: "1", memory: 2Gi}
    attribution: churn-reasons
""",
)

TRANSFORMED = Example(
    "A model behind a transformer, which makes the model's input of what callers send:",
    """\
apiVersion: opsdecl.dev/v1
kind: Model
metadata: {name: scans, namespace: risk, owner: team-risk}
spec:
  format: onnx
  source: {uri: "s3://models/scans/v2"}
  runtime: triton
  resources: {cpu: "2", memory: 4Gi}
  transformer:
    image: ghcr.io/acme/scans-transformer:1.0.0
    args: [--predictor_protocol, v2]
    resources: {cpu: "1", memory: 1Gi}
    replicas: 2
""",
)

KIND = Kind("Model", Model, "A classic predictive model that is served.", EXAMPLE, (TRAINED, TRANSFORMED, EXPLAINED))
