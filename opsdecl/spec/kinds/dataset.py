"""Kind Dataset: data with its source, how it is prepared, what must hold of it, and who may use it how long."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.dataset_checks import CHECKED, Checks, Column
from opsdecl.spec.kinds.dataset_source import DataSource
from opsdecl.spec.kinds.declare import Example, Kind, Part, effect, merge_key, reference
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.metadata import ServedMetadata
from opsdecl.spec.kinds.names import DnsLabel, DnsSubdomain, Items, NonEmpty
from opsdecl.spec.kinds.run import NEXT_RUN, RunningSpec
from opsdecl.spec.kinds.scalars import Duration, ImageReference, Quantity, WholeSeconds
from opsdecl.spec.kinds.serving import Resources
from opsdecl.spec.kinds.variables import EnvVars
from opsdecl.spec.kinds.weights import AccessMode

_OTHER_DATA = effect("behaviour", "what is trained on it or compared with it sees other data")
_SAYS = effect("metadata", "something else is said of the data")
_VOLUME = effect("data-loss", "the volume of the data is made anew")

DataFormat = Literal["csv", "jsonl", "parquet", "text", "images", "webdataset", "custom"]
PersonalData = Literal["none", "pseudonymised", "personal", "special-category"]


class RayWorkers(Part):
    """A cluster of Ray for the time of the step."""

    workers: int = Field(ge=1, le=1000, description="Pods beside the head, which works as well.")
    resources: Resources | None = Field(
        default=None, description="CPU and memory of each worker; those of the step, which the head has, where absent."
    )


class Step(Part):
    """One step of preparation: a program that reads a folder and writes another."""

    name: DnsLabel = Field(description="Name of the step.")
    image: ImageReference = Field(description="Image of the program; it needs a shell at /bin/sh.")
    command: Items[str] = Field(
        min_length=1,
        description="Command of the container. It reads below $DATA_INPUT and writes below $DATA_OUTPUT.",
    )
    args: Items[str] = Field(default=(), description="Arguments of the command.")
    env: EnvVars = Field(default={}, description="Environment variables of the container.")
    shards: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="Pods that share the work; each finds its number in $SHARD, from 0, and their count in $SHARDS.",
    )
    parallel: int | None = Field(
        default=None,
        ge=1,
        description="Most pods at a time; all shards where absent.",
        json_schema_extra=NEXT_RUN,
    )
    ray: RayWorkers | None = Field(
        default=None,
        description="Runs the step on a cluster of Ray of its own: the command starts once, on the head, and Ray takes "
        "its work to the workers; needs KubeRay. Excludes `shards`.",
        json_schema_extra=NEXT_RUN,
    )
    resources: Resources = Field(
        default=Resources(), description="CPU and memory of each pod.", json_schema_extra=NEXT_RUN
    )
    time_limit: WholeSeconds = Field(
        default=Duration.parse("24h"), description="After this time the run ends as failed.", json_schema_extra=NEXT_RUN
    )
    retries: int = Field(
        default=2, ge=0, description="How often pods that fail are tried again.", json_schema_extra=NEXT_RUN
    )

    @property
    def at_once(self) -> int:
        """Most pods at a time."""
        return self.ray.workers + 1 if self.ray is not None else min(self.parallel or self.shards, self.shards)


class DataStorage(Part):
    """The volume that holds fetched and prepared data: an existing claim, or one made for the dataset."""

    claim: DnsSubdomain | None = Field(
        default=None,
        description="Existing PersistentVolumeClaim to use; excludes the fields that make a new one.",
        json_schema_extra=_VOLUME,
    )
    size: Quantity | None = Field(
        default=None,
        description="Size of the volume that is made.",
        json_schema_extra=effect("data-loss", "a volume cannot shrink, it is made anew", rule="shrink"),
    )
    storage_class: DnsSubdomain | None = Field(
        default=None,
        description="Storage class of the volume that is made; the cluster's default where absent.",
        json_schema_extra=_VOLUME,
    )
    access_mode: AccessMode = Field(
        default="ReadWriteMany",
        description="How nodes may mount the volume that is made; shards on several nodes need `ReadWriteMany`.",
        json_schema_extra=_VOLUME,
    )


class NodeCache(Part):
    """A copy of the prepared data on the disk of each node of a pool, for runs that have their GPUs there."""

    pool: DnsLabel = Field(
        description="Pool of the environment whose nodes keep a copy; it has `labels` and a `disk`.",
        json_schema_extra=reference("pools"),
    )
    size: Quantity = Field(description="Most that one version of the data may take; a larger one is not copied.")
    keep: int = Field(
        default=1,
        ge=0,
        le=10,
        description="Earlier versions that stay on each node beside the current one, for runs that still read them; "
        "older ones are removed before another is copied. What a cache that left the specs has copied stays until "
        "somebody removes it.",
    )

    @property
    def most_bytes(self) -> int:
        """On one node, with the versions that stay."""
        return self.size.bytes * (1 + self.keep)


class Split(Part):
    """A part of the data with a purpose."""

    path: NonEmpty = Field(description="Files of the part, as a pattern below the prepared data.")


class DatasetSpec(RunningSpec):
    """Where data comes from, how it is prepared, and what is said and demanded of it."""

    source: DataSource = Field(description="Where the data comes from.", json_schema_extra=_OTHER_DATA)
    version: NonEmpty | None = Field(
        default=None,
        description="Version of the data, for people; another one is fetched and prepared anew.",
        json_schema_extra=_OTHER_DATA,
    )
    format: DataFormat = Field(description="Format of the prepared files.", json_schema_extra=_OTHER_DATA)
    schema_: Mapping[NonEmpty, Column] = Field(
        default={},
        alias="schema",
        description="Columns of the prepared data, by name; the checks hold it.",
        json_schema_extra=CHECKED,
    )
    splits: Mapping[NonEmpty, Split] = Field(
        default={}, description="Parts of the data by purpose, such as `train` and `test`.", json_schema_extra=_SAYS
    )
    storage: DataStorage | None = Field(
        default=None,
        description="Volume for fetched and prepared data; not needed where data is mounted and used as it is.",
        json_schema_extra=_VOLUME,
    )
    cache: NodeCache | None = Field(
        default=None,
        description="Copies of the prepared data on nodes' own disks; runs that have their GPUs there read those.",
        json_schema_extra=effect("capacity", "nodes keep other copies"),
    )
    prepare: Items[Step] = Field(
        default=(),
        description="Steps of preparation, one after the other; each reads what the one before wrote.",
        json_schema_extra=merge_key("name") | _OTHER_DATA,
    )
    checks: Checks | None = Field(
        default=None, description="What must hold of the prepared data.", json_schema_extra=CHECKED
    )
    license: NonEmpty | None = Field(
        default=None, description="Licence of the data, by its short name.", json_schema_extra=_SAYS
    )
    personal_data: PersonalData = Field(
        default="none", description="Whether the data says something of people.", json_schema_extra=_SAYS
    )
    retention: Duration | None = Field(
        default=None, description="How long the data may be kept; in days: `730d`.", json_schema_extra=_SAYS
    )


class Dataset(Document):
    """Data with its source, how it is prepared, and what must hold of it."""

    kind: Literal["Dataset"] = Field(description="Kind of the document.")
    metadata: ServedMetadata = Field(description="Name, owner, labels.")
    spec: DatasetSpec = Field(description="Where data comes from, how it is prepared, and what must hold of it.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {name: claims, namespace: risk, owner: team-risk}
spec:
  source:
    type: s3
    uri: s3://data/claims/2026-10
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    credentials: {secret: s3-data}
  format: parquet
  schema:
    id: {type: string}
    amount: {type: number}
  splits: {train: {path: "train/*.parquet"}, test: {path: "test/*.parquet"}}
  storage: {size: 200Gi}
  prepare:
    - name: clean
      image: ghcr.io/acme/claims-prepare:1.4.0
      command: [python, -m, claims.clean]
      shards: 4
      resources: {cpu: "4", memory: 16Gi}
    - name: features
      image: ghcr.io/acme/claims-features:2.1.0
      command: [python, -m, claims.features]
      ray: {workers: 8, resources: {cpu: "16", memory: 64Gi}}
      resources: {cpu: "4", memory: 16Gi}
  cache: {pool: h100, size: 120Gi}
  checks:
    image: ghcr.io/acme/data-checks:2026.10
    files: "train/*.parquet"
    rows: {min: 100000}
    columns: {amount: {min: 0}}
    duplicates: {columns: [id]}
  license: proprietary
  personalData: pseudonymised
  retention: 730d
"""

DRIFT = Example(
    "Data that must not have drifted, neither from another dataset nor from what this one held the month before:",
    """\
apiVersion: opsdecl.dev/v1
kind: Dataset
metadata: {name: payments, namespace: risk, owner: team-risk}
spec:
  source:
    type: s3
    uri: s3://data/payments
    digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  version: "2026-10"
  format: csv
  schema: {id: {type: string}, amount: {type: number}, country: {type: string}}
  storage: {size: 200Gi}
  checks:
    image: ghcr.io/acme/data-checks:2026.11
    files: "**/*.csv"
    duplicates: {columns: [id]}
    drift:
      - reference: {dataset: payments-2025}
      - reference:
          earlier:
            digest: sha256:5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5
            version: "2026-09"
        columns: [amount]
        method: wasserstein
        above: 0.3
""",
)

KIND = Kind("Dataset", Dataset, "Data with its source, its preparation, and what must hold of it.", EXAMPLE, (DRIFT,))
