"""Object names: `<base>[-variant][-role]`, within Kubernetes' limits, and stable when a document is renamed."""

import hashlib
import re

from opsdecl.addr import MAIN
from opsdecl.spec.kinds.metadata import ServedMetadata

DNS_LABEL = 63
"""Longest Service name, label value, host name of a pod."""
GROUP_LABEL = 48
"""Longest name of a group of pods: its pods carry it, their number and a hash of ten digits in one label."""
_HASH = 8
_NOT_LABEL = re.compile(r"[^A-Za-z0-9_.-]+")


def base_name(metadata: ServedMetadata) -> str:
    """objectName, or the first name that the document ever had, or its name."""
    return metadata.object_name or (metadata.moved_from[0] if metadata.moved_from else metadata.name)


def object_name(base: str, suffix: str = "", variant: str = MAIN, limit: int = DNS_LABEL) -> str:
    """`chat`, `chat-cache`, `chat-canary-cache`; too long a name is cut and ends in a hash of the whole."""
    parts = (base, "" if variant == MAIN else variant, suffix)
    return shorten("-".join(part for part in parts if part), limit)


def group_name(base: str) -> str:
    """`chat-group`: the operator makes a headless Service of this name, so it cannot be that of the model's own."""
    return object_name(base, "group", limit=GROUP_LABEL)


def shorten(name: str, limit: int = DNS_LABEL) -> str:
    """The name itself where it fits; else its beginning and a hash, so that different names stay different."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - _HASH - 1].rstrip('-.')}-{text_hash(name)}"


def text_hash(text: str) -> str:
    """Eight hexadecimal digits that follow the content."""
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH]


def label_value(text: str) -> str:
    """Any text as a label value: other characters become dashes, and length is bounded."""
    cleaned = _NOT_LABEL.sub("-", text).strip("-_.")
    return shorten(cleaned, DNS_LABEL)
