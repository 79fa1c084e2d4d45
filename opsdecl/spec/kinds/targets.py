"""Where an environment goes: a branch, a cluster, or a Pulumi stack."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field

from opsdecl.spec.kinds.declare import Part, branch, branch_by_type
from opsdecl.spec.kinds.names import DnsLabel, DnsSubdomain, Items, NonEmpty
from opsdecl.spec.kinds.scalars import Duration


class Prune(Part):
    """How much may be removed in one go."""

    budget: int = Field(default=10, ge=0, description="Most objects that one apply may remove.")
    protect: Items[NonEmpty] = Field(
        default=("PersistentVolumeClaim",), description="Kinds of objects that are never removed."
    )
    protect_namespaces: Items[DnsLabel] = Field(
        default=(), description="Namespaces that are never removed, and in which nothing is."
    )


class ArgoCd(Part):
    """An Argo CD Application beside the manifests."""

    namespace: DnsLabel = Field(default="argocd", description="Namespace of the Application.")
    project: DnsSubdomain = Field(default="default", description="Argo CD project of the Application.")
    repository: NonEmpty | None = Field(
        default=None, description="Address by which Argo CD reads the branch; the remote's where absent."
    )
    server: NonEmpty = Field(
        default="https://kubernetes.default.svc", description="Cluster that the Application writes to."
    )
    automated: bool = Field(default=False, description="Whether Argo CD applies new commits unasked.")


class Flux(Part):
    """A Flux GitRepository and Kustomization beside the manifests."""

    namespace: DnsLabel = Field(default="flux-system", description="Namespace of the Flux objects.")
    repository: NonEmpty | None = Field(
        default=None, description="Address by which Flux reads the branch; the remote's where absent."
    )
    interval: Duration = Field(default=Duration("5m", 300.0), description="Time between two looks at the branch.")
    secret: DnsSubdomain | None = Field(default=None, description="Secret with the repository's credentials.")


class GitTarget(Part):
    """Manifests as commits on a branch of a git remote."""

    type: Literal["git"] = Field(description="A branch of a git remote.")
    remote: NonEmpty = Field(default=".", description="Path, URL or name of the remote; `.` is this repository.")
    branch: NonEmpty | None = Field(
        default=None, description="Branch that holds the manifests; `rendered/<environment>` where absent."
    )
    folder: str = Field(default="", description="Folder of the branch that holds the manifests; its root where empty.")
    push: bool = Field(default=False, description="Whether commits are pushed to the remote.")
    format: Literal["plain"] = Field(default="plain", description="How the manifests are laid out.")
    argocd: ArgoCd | None = Field(default=None, description="Writes an Argo CD Application beside the manifests.")
    flux: Flux | None = Field(default=None, description="Writes Flux objects beside the manifests.")
    prune: Prune = Field(default=Prune(), description="How much may be removed in one go.")


class ClusterTarget(Part):
    """Objects applied to a cluster directly."""

    type: Literal["cluster"] = Field(description="A Kubernetes cluster.")
    context: NonEmpty | None = Field(
        default=None, description="Context of the kubeconfig. Never taken from whatever is current."
    )
    in_cluster: bool = Field(
        default=False, description="Whether the service account of the pod that opsdecl runs in is used instead."
    )
    namespace: DnsLabel | None = Field(
        default=None, description="Namespace of the release's records; the environment's first where absent."
    )
    plans: Literal["dry-run", "read"] = Field(
        default="dry-run", description="Whether plans may ask the API server for dry runs, or only get and list."
    )
    force: Items[NonEmpty] = Field(
        default=(),
        description="Fields that are taken from other managers: address, space, and the path as the refusal shows it.",
    )
    wait_at_most: Duration | None = Field(
        default=None,
        description="Most time that an apply waits for an object to become ready; as long as its own probes and "
        "deadlines allow where absent.",
    )
    revisions: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="How many revisions are kept: as far back can `rollback` go, and `trace` tell what answered.",
    )
    prune: Prune = Field(default=Prune(), description="How much may be removed in one go.")


class PulumiTarget(Part):
    """Resources of a Pulumi stack."""

    type: Literal["pulumi"] = Field(description="A Pulumi stack.")
    backend: NonEmpty | None = Field(
        default=None,
        description="URL of the state's backend: `file://…`, `s3://…`, `azblob://…`, `gs://…` or `https://…`; "
        "PULUMI_BACKEND_URL or the last `pulumi login` where absent.",
    )
    stack: NonEmpty | None = Field(
        default=None, description="Name of the stack, or `organization/name`; the environment's name where absent."
    )
    secrets_provider: NonEmpty | None = Field(
        default=None,
        description="What seals secrets of a new stack: `passphrase`, or the URL of a cloud's key; the backend's own "
        "way where absent.",
    )
    kube_context: NonEmpty | None = Field(
        default=None, description="Context of the kubeconfig. Never taken from whatever is current."
    )
    kubeconfig: NonEmpty | None = Field(
        default=None, description="Path of the kubeconfig; KUBECONFIG or `~/.kube/config` where absent."
    )
    namespace: DnsLabel | None = Field(
        default=None, description="Namespace of objects that name none; the environment's first where absent."
    )
    render_yaml_to_directory: NonEmpty | None = Field(
        default=None,
        description="Folder that the provider writes manifests to, instead of a cluster; relative to the project.",
    )
    refresh: bool = Field(
        default=True,
        description="Whether plans look at the live objects too, or only at what the stack's state says of them.",
    )
    wait_at_most: Duration | None = Field(
        default=None,
        description="Most time that an apply waits for an object to become ready; as long as its own probes and "
        "deadlines allow where absent.",
    )
    revisions: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="How many revisions are kept: as far back can `rollback` go, and `trace` tell what answered.",
    )
    prune: Prune = Field(default=Prune(), description="How much may be removed in one go.")


TargetSettings = Annotated[
    Annotated[GitTarget, branch("git")]
    | Annotated[ClusterTarget, branch("cluster")]
    | Annotated[PulumiTarget, branch("pulumi")],
    Discriminator(branch_by_type),
]
