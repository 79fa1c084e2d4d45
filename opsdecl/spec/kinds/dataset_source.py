"""Where data comes from: one branch for each kind of place."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from opsdecl.spec.kinds.declare import Part, branch, branch_by_type
from opsdecl.spec.kinds.names import Digest, DnsSubdomain, GcsUri, HubUri, Revision, S3Uri, WebUrl
from opsdecl.spec.kinds.scalars import ImageReference
from opsdecl.spec.kinds.variables import SecretReference, WholeSecret

_FOLDER_DIGEST = (
    "sha256 over the sorted lines of `sha256sum` of all files; protected environments demand one, and it is checked."
)


class S3Data(Part):
    """A folder of an object store."""

    type: Literal["s3"] = Field(description="Copied from an object store.")
    uri: S3Uri = Field(description="Folder that holds the data: `s3://bucket/path`.")
    digest: Digest | None = Field(default=None, description=f"Digest of the folder: {_FOLDER_DIGEST}")
    endpoint: WebUrl | None = Field(default=None, description="Address of the object store where it is not AWS.")
    credentials: WholeSecret | None = Field(
        default=None, description="Secret with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`."
    )


class GcsData(Part):
    """A folder of a bucket of Google Cloud."""

    type: Literal["gcs"] = Field(description="Copied from a bucket of Google Cloud.")
    uri: GcsUri = Field(description="Folder that holds the data: `gs://bucket/path`.")
    digest: Digest | None = Field(default=None, description=f"Digest of the folder: {_FOLDER_DIGEST}")
    credentials: WholeSecret | None = Field(
        default=None, description="Secret with the key of a service account as `gcloud-application-credentials.json`."
    )


class HubData(Part):
    """A dataset of a model hub."""

    type: Literal["hf"] = Field(description="Downloaded from a model hub.")
    uri: HubUri = Field(description="Address of the dataset: `hf://organisation/name`.")
    revision: Revision | None = Field(
        default=None, description="Commit of the dataset's repository; protected environments demand one."
    )
    token: SecretReference | None = Field(default=None, description="Access token for gated or private datasets.")


class OciData(Part):
    """Data packed as an image, mounted as an image volume."""

    type: Literal["oci"] = Field(description="Mounted from an image that holds the data.")
    image: ImageReference = Field(description="Image that holds the data; protected environments demand a digest.")
    path: str = Field(default="", description="Folder within the image; its root where absent.")


class ClaimData(Part):
    """Data that lies on a volume already."""

    type: Literal["pvc"] = Field(description="Read from an existing volume.")
    claim: DnsSubdomain = Field(description="PersistentVolumeClaim that holds the data.")
    path: str = Field(default="", description="Folder within the volume; its root where absent.")
    digest: Digest | None = Field(
        default=None, description="Digest that the data is known by; protected environments demand one. Not checked."
    )


class GitLfsData(Part):
    """Files of a git repository, those in large file storage included."""

    type: Literal["git-lfs"] = Field(description="Cloned from a git repository.")
    url: WebUrl = Field(description="Address of the repository.")
    revision: Revision | None = Field(
        default=None, description="Commit to check out; protected environments demand one."
    )


class HttpData(Part):
    """One file from the web."""

    type: Literal["http"] = Field(description="Downloaded from the web.")
    url: WebUrl = Field(description="Address of the file.")
    digest: Digest = Field(description="Digest of the file; another file is refused.")


DataSource = Annotated[
    Annotated[S3Data, branch("s3")]
    | Annotated[GcsData, branch("gcs")]
    | Annotated[HubData, branch("hf")]
    | Annotated[OciData, branch("oci")]
    | Annotated[ClaimData, branch("pvc")]
    | Annotated[GitLfsData, branch("git-lfs")]
    | Annotated[HttpData, branch("http")],
    Discriminator(branch_by_type),
]
