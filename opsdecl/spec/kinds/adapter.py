"""Kind Adapter: a low-rank adapter (LoRA) that models of its base load beside their own weights."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from opsdecl.spec.kinds.card import Card
from opsdecl.spec.kinds.declare import Kind, Part, branch, branch_by_shape, branch_by_type, effect, reference
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.metadata import Metadata
from opsdecl.spec.kinds.names import CatalogName, DnsLabel, DnsSubdomain, HubUri, Items, NonEmpty, Revision
from opsdecl.spec.kinds.scalars import ImageReference
from opsdecl.spec.kinds.variables import SecretReference
from opsdecl.spec.kinds.weights import InlineModel

_ANOTHER = effect("behaviour", "another adapter answers")

BaseModel = Annotated[
    Annotated[CatalogName, branch("text")] | Annotated[InlineModel, branch("mapping")],
    Discriminator(branch_by_shape),
]


class HubAdapter(Part):
    """An adapter that is downloaded from a model hub when a pod starts."""

    type: Literal["hub"] = Field(description="Downloaded from a model hub.")
    uri: HubUri = Field(description="Address of the adapter: `hf://organisation/name`.", json_schema_extra=_ANOTHER)
    revision: Revision | None = Field(
        default=None,
        description="Commit of the adapter's repository; protected environments demand one.",
        json_schema_extra=effect("behaviour", "another revision of the adapter answers"),
    )
    token: SecretReference | None = Field(
        default=None, description="Access token for gated or private adapters; the model's own where absent."
    )


class PvcAdapter(Part):
    """An adapter that lies on a volume already."""

    type: Literal["pvc"] = Field(description="Read from an existing volume.")
    claim: DnsSubdomain = Field(description="PersistentVolumeClaim that holds the adapter.", json_schema_extra=_ANOTHER)
    path: str = Field(
        default="", description="Folder within the volume; its root where absent.", json_schema_extra=_ANOTHER
    )


class OciAdapter(Part):
    """An adapter packed as an image, mounted as an image volume."""

    type: Literal["oci"] = Field(description="Mounted from an image that holds the adapter.")
    image: ImageReference = Field(description="Image that holds the adapter.", json_schema_extra=_ANOTHER)
    path: str = Field(
        default="", description="Folder within the image; its root where absent.", json_schema_extra=_ANOTHER
    )


class TrainedAdapter(Part):
    """An adapter that a training of this environment makes, read from its volume once its run is done."""

    type: Literal["training"] = Field(description="Made by a training of this environment.")
    training: DnsLabel = Field(
        description="Training whose run makes the adapter, by `lora` or `qlora`.",
        json_schema_extra=_ANOTHER | reference("Training"),
    )


AdapterSource = Annotated[
    Annotated[HubAdapter, branch("hub")]
    | Annotated[PvcAdapter, branch("pvc")]
    | Annotated[OciAdapter, branch("oci")]
    | Annotated[TrainedAdapter, branch("training")],
    Discriminator(branch_by_type),
]


class AdapterSpec(Part):
    """What an adapter was made for, and where it is."""

    base: BaseModel = Field(
        description="The model that the adapter was trained on: an entry of the catalogue, or its address on a hub.",
        json_schema_extra=effect("metadata", "it is said to belong to another model") | reference("catalog/models"),
    )
    source: AdapterSource = Field(
        description="Where the adapter comes from.", json_schema_extra=effect("behaviour", "another adapter answers")
    )
    rank: int = Field(
        ge=1,
        description="Rank of its matrices, `r` of its adapter_config.json; engines reserve memory by it.",
        json_schema_extra=effect("rolling", "the engine reserves room for another rank"),
    )
    targets: Items[NonEmpty] = Field(
        default=(),
        description="Modules that it changes, `target_modules` of its adapter_config.json; not checked where absent.",
        json_schema_extra=effect("metadata", "it is said to change other modules"),
    )
    card: Card | None = Field(
        default=None,
        description="What people must know of the adapter before they rely on it.",
        json_schema_extra=effect("metadata", "the adapter's card says something else"),
    )


class Adapter(Document):
    """A low-rank adapter that models of its base load beside their own weights."""

    kind: Literal["Adapter"] = Field(description="Kind of the document.")
    metadata: Metadata = Field(description="Name, owner, labels.")
    spec: AdapterSpec = Field(description="What the adapter was made for, and where it is.")


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Adapter
metadata: {name: legal, owner: team-assist}
spec:
  base: llama-3.1-8b-instruct
  source:
    type: hub
    uri: hf://acme/llama-3.1-8b-legal
    revision: 0123456789abcdef0123456789abcdef01234567
  rank: 16
  targets: [q_proj, k_proj, v_proj, o_proj]
"""

KIND = Kind("Adapter", Adapter, "A low-rank adapter (LoRA) for models of its base.", EXAMPLE)
