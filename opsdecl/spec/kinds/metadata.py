"""Who a document is: its name, where it lives, and who answers for it."""

from collections.abc import Mapping

from pydantic import Field

from opsdecl.spec.kinds.declare import Part, effect
from opsdecl.spec.kinds.names import DnsLabel, Items, LabelKey, LabelValue, NonEmpty


class Metadata(Part):
    """What every document says of itself."""

    name: DnsLabel = Field(description="Name of the document; unique within its kind and environment.")
    owner: NonEmpty | None = Field(
        default=None,
        description="Team or person who answers for it.",
        json_schema_extra=effect("metadata", "somebody else answers for it"),
    )
    labels: Mapping[LabelKey, LabelValue] = Field(
        default={},
        description="Labels of every object that comes from the document.",
        json_schema_extra=effect("metadata", "objects are labelled differently"),
    )
    annotations: Mapping[LabelKey, str] = Field(
        default={},
        description="Annotations of every object that comes from the document.",
        json_schema_extra=effect("metadata", "objects are annotated differently"),
    )


class ServedMetadata(Metadata):
    """Metadata of documents that become objects in a namespace."""

    namespace: DnsLabel | None = Field(
        default=None,
        description="Namespace of its objects, one of the environment's; the environment's first where absent.",
        json_schema_extra=effect("replace", "its objects move to another namespace"),
    )
    object_name: DnsLabel | None = Field(
        default=None,
        description="Base of its objects' names, where that must differ from the document's name.",
        json_schema_extra=effect("replace", "its objects get other names"),
    )
    moved_from: Items[DnsLabel] = Field(
        default=(),
        description="Earlier names of the document, the first one first; its objects keep the name that they had.",
        json_schema_extra=effect("none", "only says where the document came from"),
    )
