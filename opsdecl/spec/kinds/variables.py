"""Environment variables of containers, and references to secrets."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Discriminator, Field

from opsdecl.spec.kinds.declare import BRANCH_MARK, Part, branch
from opsdecl.spec.kinds.names import DnsSubdomain, EnvName, NonEmpty


class SecretReference(Part):
    """One key of a Secret that exists in the namespace; the value itself is never written anywhere."""

    secret: DnsSubdomain = Field(description="Name of the Secret.")
    key: NonEmpty = Field(description="Key within the Secret.")


class WholeSecret(Part):
    """A Secret that is used as a whole."""

    secret: DnsSubdomain = Field(description="Name of the Secret.")


class PodField(Part):
    """A value that Kubernetes fills in from the pod."""

    field: NonEmpty = Field(description="Field of the pod, such as `metadata.name` or `status.podIP`.")


def _branch_of_variable(value: object) -> str | None:
    if isinstance(value, str):
        return BRANCH_MARK + "text"
    if isinstance(value, Mapping):
        return BRANCH_MARK + ("field" if "field" in value and "secret" not in value else "secret")
    if isinstance(value, PodField):
        return BRANCH_MARK + "field"
    return BRANCH_MARK + "secret" if isinstance(value, SecretReference) else None


EnvValue = Annotated[
    Annotated[str, branch("text")]
    | Annotated[SecretReference, branch("secret")]
    | Annotated[PodField, branch("field")],
    Discriminator(_branch_of_variable),
]
EnvVars = Mapping[EnvName, EnvValue]
"""Name to value: a text, `{secret, key}`, or `{field}`."""
