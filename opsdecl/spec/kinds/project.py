"""Kind Project: the project's identity, once per repository."""

from typing import Literal

from pydantic import Field

from opsdecl.spec.kinds.declare import Kind, Part, effect
from opsdecl.spec.kinds.document import Document
from opsdecl.spec.kinds.metadata import Metadata
from opsdecl.spec.kinds.names import NonEmpty, VersionRequirement


class ProjectSpec(Part):
    """What holds for the whole project."""

    requires: VersionRequirement | None = Field(default=None, description="Versions of opsdecl that may be used.")
    default_environment: NonEmpty | None = Field(default=None, description="Environment of commands that name none.")


class Project(Document):
    """The project's identity; its name is part of every release and stays for good."""

    kind: Literal["Project"] = Field(description="Kind of the document.")
    metadata: Metadata = Field(description="Name (the permanent id of the project), owner, labels.")
    spec: ProjectSpec = Field(
        default=ProjectSpec(),
        description="What holds for the whole project.",
        json_schema_extra=effect("none", "only the tool behaves differently"),
    )


EXAMPLE = """\
apiVersion: opsdecl.dev/v1
kind: Project
metadata: {name: acme-ml}
spec:
  requires: ">=0.1"
  defaultEnvironment: dev
"""

KIND = Kind("Project", Project, "The project's identity, once per repository.", EXAMPLE)
