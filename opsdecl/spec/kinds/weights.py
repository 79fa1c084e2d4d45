"""Where a model's bytes come from, and where they stay."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from opsdecl.spec.kinds.declare import Part, branch, branch_by_type, effect, reference
from opsdecl.spec.kinds.names import AbsolutePath, DnsLabel, DnsSubdomain, HubUri, Revision, S3Uri, WebUrl
from opsdecl.spec.kinds.scalars import ImageReference, Quantity
from opsdecl.spec.kinds.variables import SecretReference, WholeSecret

_DROPS_VOLUME = effect("data-loss", "the volume made for the cache is dropped", rule="from-pvc")

AccessMode = Literal["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"]


class InlineModel(Part):
    """A model that is not in the catalogue."""

    uri: HubUri = Field(
        description="Address of the model on the hub: `hf://organisation/name`.",
        json_schema_extra=effect("behaviour", "another model answers"),
    )
    revision: Revision | None = Field(
        default=None,
        description="Commit of the model's repository; protected environments demand one.",
        json_schema_extra=effect("behaviour", "another revision of the model answers"),
    )
    weights: Quantity | None = Field(
        default=None,
        description="Size of the checkpoint, from which start-up time and cache size follow.",
        json_schema_extra=effect("rolling", "start-up probes and sizes follow from it"),
    )


class HubSource(Part):
    """Weights downloaded from a model hub when a pod starts."""

    type: Literal["hub"] = Field(description="Downloaded from a model hub.")
    token: SecretReference | None = Field(default=None, description="Access token for gated or private models.")
    endpoint: WebUrl | None = Field(default=None, description="A mirror to use in place of the public hub.")


class PvcSource(Part):
    """Weights that lie on a volume already."""

    type: Literal["pvc"] = Field(description="Read from an existing volume.")
    claim: DnsSubdomain = Field(description="PersistentVolumeClaim that holds the weights.")
    path: str = Field(default="", description="Folder within the volume; its root where absent.")
    read_only: bool = Field(default=True, description="Whether the volume is mounted read-only.")


class OciSource(Part):
    """Weights packed as an image, mounted as an image volume."""

    type: Literal["oci"] = Field(description="Mounted from an image that holds the weights.")
    image: ImageReference = Field(
        description="Image that holds the weights.",
        json_schema_extra=effect("behaviour", "weights come from another image"),
    )
    path: str = Field(default="", description="Folder within the image; its root where absent.")


class S3Source(Part):
    """Weights in an object store, copied when a pod starts."""

    type: Literal["s3"] = Field(description="Copied from an object store.")
    uri: S3Uri = Field(
        description="Folder that holds the weights: `s3://bucket/path`.",
        json_schema_extra=effect("behaviour", "weights come from another place"),
    )
    endpoint: WebUrl | None = Field(default=None, description="Address of the object store where it is not AWS.")
    credentials: WholeSecret | None = Field(
        default=None, description="Secret with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`."
    )


class TrainedSource(Part):
    """Weights that a training of this environment makes, read from its volume once its run is done."""

    type: Literal["training"] = Field(description="Made by a training of this environment.")
    training: DnsLabel = Field(
        description="Training whose run makes the weights; `model` is what that one fine-tunes.",
        json_schema_extra=effect("behaviour", "another model answers") | reference("Training"),
    )


WeightsSource = Annotated[
    Annotated[HubSource, branch("hub")]
    | Annotated[PvcSource, branch("pvc")]
    | Annotated[OciSource, branch("oci")]
    | Annotated[S3Source, branch("s3")]
    | Annotated[TrainedSource, branch("training")],
    Discriminator(branch_by_type),
]


class NoCache(Part):
    """Weights are kept in the container's own file system."""

    type: Literal["none"] = Field(default="none", description="Nothing is kept.", json_schema_extra=_DROPS_VOLUME)


class EmptyDirCache(Part):
    """A scratch volume that lives as long as the pod."""

    type: Literal["emptyDir"] = Field(description="Kept as long as the pod lives.", json_schema_extra=_DROPS_VOLUME)
    size: Quantity | None = Field(default=None, description="Most that the volume may hold.")


class HostPathCache(Part):
    """A folder of the node, shared by all pods on it."""

    type: Literal["hostPath"] = Field(description="Kept in a folder of the node.", json_schema_extra=_DROPS_VOLUME)
    path: AbsolutePath = Field(description="Folder on the node.")


class PvcCache(Part):
    """A volume that outlives pods: an existing claim, or one made for this model."""

    type: Literal["pvc"] = Field(description="Kept on a volume that outlives pods.", json_schema_extra=_DROPS_VOLUME)
    claim: DnsSubdomain | None = Field(
        default=None,
        description="Existing PersistentVolumeClaim to use; excludes the fields that make a new one.",
        json_schema_extra=effect("data-loss", "the volume made for the cache is dropped", rule="newly-set"),
    )
    size: Quantity | None = Field(
        default=None,
        description="Size of the volume that is made.",
        json_schema_extra=effect("data-loss", "a volume cannot shrink, it is made anew", rule="shrink"),
    )
    storage_class: DnsSubdomain | None = Field(
        default=None,
        description="Storage class of the volume that is made; the cluster's default where absent.",
        json_schema_extra=effect("data-loss", "the cache's volume is made anew"),
    )
    access_mode: AccessMode = Field(
        default="ReadWriteMany",
        description="How nodes may mount the volume that is made; several replicas need `ReadWriteMany`.",
        json_schema_extra=effect("data-loss", "the cache's volume is made anew"),
    )


WeightsCache = Annotated[
    Annotated[NoCache, branch("none")]
    | Annotated[EmptyDirCache, branch("emptyDir")]
    | Annotated[HostPathCache, branch("hostPath")]
    | Annotated[PvcCache, branch("pvc")],
    Discriminator(branch_by_type),
]


class Weights(Part):
    """Where the weights come from, where they stay, and whether the hub may be asked."""

    source: WeightsSource = Field(
        default=HubSource(type="hub"),
        description="Where the weights come from.",
        json_schema_extra=effect("rolling", "pods fetch the weights another way"),
    )
    cache: WeightsCache = Field(
        default=NoCache(),
        description="Where fetched weights stay, so that the next start is quick.",
        json_schema_extra=effect("rolling", "pods keep the weights elsewhere"),
    )
    offline: bool = Field(
        default=False,
        description="Whether the engine must not ask the hub; the weights must then be there already.",
        json_schema_extra=effect("rolling", "pods restart with or without the hub"),
    )
