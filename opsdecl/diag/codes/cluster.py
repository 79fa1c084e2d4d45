"""OD6xx of targets of type cluster: the API server, our rights, objects, locks and records."""

from opsdecl.diag.types import Code, Severity

CLUSTER_UNREACHABLE = Code(
    "OD600",
    "the cluster did not answer",
    "The API server could not be reached, or is not well. What it holds is unknown, so nothing is assumed about it: "
    "an unreachable cluster is never taken for an empty one. Requests that may be repeated were.\n\n"
    "Check the address in the kubeconfig and the network, then run the command again: it continues where it was.",
    "connection refused: https://127.0.0.1:6443",
)
NO_CONTEXT = Code(
    "OD602",
    "no context of the kubeconfig is chosen",
    "A plan or an apply never goes to whatever cluster happens to be current in somebody's shell. The target must name "
    "a context of the kubeconfig, and that context must exist on this machine.\n\n"
    "Set `context` in the environment's target, or `inCluster: true` for the service account of a pod.",
    "targets: {main: {type: cluster}}",
)
KUBECONFIG_BROKEN = Code(
    "OD603",
    "the kubeconfig cannot be used",
    "The kubeconfig, or a certificate or key that it names, cannot be read. No request was sent.\n\n"
    "Look at it with `kubectl config view`, and mend what the message names.",
    "certificate-authority: /etc/no/such/ca.crt",
)
CLUSTER_UNAUTHORISED = Code(
    "OD604",
    "the cluster does not know who we are",
    "The API server refused our credentials, or the program that should give them failed. Tokens expire; a login "
    "plugin may want a new login. opsdecl never asks for passwords.\n\n"
    "Log in again with the tool of your cluster; `kubectl auth whoami` shows whether it worked.",
    "error: You must be logged in to the server (Unauthorized)",
)
CLUSTER_FORBIDDEN = Code(
    "OD605",
    "the cluster does not let us do this",
    "We are known to the API server, but lack a right. The message names the verb and the resource. What cannot be "
    "read is unknown, and never taken for absent.\n\n"
    "Ask for the right, or use an identity that has it. Plans need get and list, and patch and create for dry runs; "
    "with `plans: read` only get and list.",
    'User "ci" cannot patch resource "deployments" in API group "apps"',
)
CLUSTER_TLS = Code(
    "OD606",
    "the cluster's certificate is not trusted",
    "The connection could not be secured: the server's certificate is not signed by the authority that the kubeconfig "
    "names, has expired, or is for another name. Nothing was sent.\n\n"
    "Fetch the kubeconfig again, and check the clock of this machine.",
    "certificate verify failed: unable to get local issuer certificate",
)
CLUSTER_REFUSED = Code(
    "OD607",
    "the API server refused a request",
    "The server answered a request of opsdecl's own bookkeeping with a refusal. Its words are in the message.\n\n"
    "Mend what the server names, and run the command again: what was done is recorded, and the rest follows.",
    'configmaps "opsdecl-3f2a" is forbidden: exceeded quota',
)
OBJECT_REFUSED = Code(
    "OD608",
    "the API server refuses an object",
    "The server looked at the object as it would be and said no: a field that does not exist or has a wrong value, an "
    "admission policy, or a quota. Only the server can know this, which is why plans ask it for a dry run.\n\n"
    "Its words are in the message, and the line is the one that set the field. Change it there.",
    'Deployment.apps "chat" is invalid: spec.template.spec.containers[0].image: Required value',
)
FIELD_CONFLICT = Code(
    "OD609",
    "another manager holds a field",
    "Somebody else set the field with another value, and we never did. Taking it would start a tug of war with whoever "
    "holds it, so nothing of the object was changed.\n\n"
    "Let the other manager drop the field, leave it out of the specs, or take it once with `opsdecl adopt`. A field "
    "that others set again and again goes, with its address, under `force` of the target, so that it is reviewed.",
    'conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
)
LOCK_HELD = Code(
    "OD610",
    "somebody else is applying this release",
    "The release is locked by the Lease that the message names, and its holder renewed it recently. Nothing was "
    "changed.\n\n"
    "Wait for the other apply. A holder that died is followed as soon as its time is over.",
    "Lease opsdecl-3f2a90c1 is held by ci@runner-7",
)
LOCK_LOST = Code(
    "OD611",
    "the lock was lost on the way",
    "The Lease was not renewed in time, because this process or the network stood still, and may belong to somebody "
    "else by now. The apply stopped before its next write.\n\n"
    "Plan again: what was written is shown, and applying again finishes it.",
    "the process was stopped for two minutes",
)
CLUSTER_RECORD = Code(
    "OD612",
    "the records of the release cannot be read",
    "The ConfigMaps that say what the release owns are missing in part, damaged, or of another release. Guessing could "
    "delete objects, so nothing is done.\n\n"
    "Restore them from a backup of the namespace. Without one, remove them, and adopt the objects again.",
    "configmaps opsdecl-3f2a90c1-9be1d0 is gone",
)
CLUSTER_RECORD_NEWER = Code(
    "OD613",
    "the records were written by a newer opsdecl",
    "The release's records have a format that this version does not know. Guessing could remove objects.\n\n"
    "Update opsdecl to at least the version that the message names.",
    '{"formatVersion": 2, "toolVersion": "0.9.0"}',
)
ANOTHERS_OBJECT = Code(
    "OD614",
    "the object belongs to another release or tool",
    "The object exists, and its labels or annotations say that another release, a Helm release, Argo CD, Flux or a set "
    "of kubectl applies it. Two that apply one object would undo each other's changes for ever.\n\n"
    "Give the document another name or namespace, remove it from the other release with `--forget` first, or take it "
    "over on purpose: `opsdecl adopt --from NAME` names whom it is taken from. Charts, applications and Kustomizations "
    "that still list the object would write it again.",
    "applyset.kubernetes.io/part-of: applyset-…-v1",
)
NO_NAMESPACE = Code(
    "OD615",
    "the namespace does not exist",
    "The environment names a namespace that the cluster does not have. opsdecl does not make namespaces unasked: who "
    "may use one, and how much of it, is somebody's decision.\n\n"
    "Create it, with its quotas and rights, and run the command again.",
    'namespaces "assist" not found',
)
KIND_NOT_INSTALLED = Code(
    "OD616",
    "the cluster does not know this kind",
    "The custom resource definition behind the object is not installed (any more). Whether such objects exist cannot "
    "be known, and applying one would fail.\n\n"
    "Install the operator that brings the kind, or set `platform` of the environment to what is installed.",
    'no matches for kind "ScaledObject" in version "keda.sh/v1alpha1"',
)
NOT_ASKED = Code(
    "OD617",
    "the server was not asked",
    "This plan was made with get and list only, so that it does not know what only a dry run tells: refusals by "
    "admission, quotas, conflicts with other managers, and values that the server spells in another way.\n\n"
    "Nothing to do. With `plans: dry-run`, and the right to patch and create, the server is asked.",
    "targets: {main: {type: cluster, context: prod, plans: read}}",
    Severity.NOTE,
)
NOT_DONE = Code(
    "OD618",
    "an object was left out because of another",
    "What this object needs could not be applied, so it was not touched: what runs keeps running. Objects that do not "
    "depend on the failure were applied.\n\n"
    "Mend the failure that the message names, and apply again: only what is missing is done.",
    "LLM.chat/main/deployment waits for LLM.chat/main/cache",
)
NOT_OURS_TO_DELETE = Code(
    "OD619",
    "an object is not deleted, since it may not be ours",
    "Before something is deleted, it must be in the release's inventory, carry our own apply entry, and have no "
    "controller that owns it. One of the three is not so, and nothing was deleted.\n\n"
    "Let go of it with `--forget ADDRESS`, or delete it by hand if it is not needed.",
    "ownerReferences: [{kind: Workflow, controller: true}]",
)
STILL_THERE = Code(
    "OD620",
    "an object is being deleted and does not go",
    "The server took the deletion, and something holds it up: a finalizer whose controller is gone, a volume in use, "
    "or a namespace that is stuck.\n\n"
    "Look at its `metadata.finalizers` and at who should remove them. Apply again once it is gone.",
    "finalizers: [kubernetes.io/pvc-protection]",
)
REPLACEMENT = Code(
    "OD627",
    "An object would be deleted and made anew",
    "A field changes that cannot change after creation, so the apply deletes the object and makes another of the same "
    "name. What runs in it stops in between, all at once, and not pod by pod as in a rolling update.\n\n"
    "Where that is meant, name the object with `--replace ADDRESS`, or apply a reviewed plan that shows it with "
    "`--plan`. Otherwise keep the value, or rename the document.",
    "spec.selector: {matchLabels: {app: other}}   # of a Deployment that exists",
)
IMMUTABLE = Code(
    "OD621",
    "the server does not change this in place",
    "The field cannot change after creation. Only another object in its place can have the new value, and what runs in "
    "the old one stops.\n\n"
    "Where the plan says `replace`, that is what will be done. Otherwise keep the value, or rename the document.",
    "spec.selector: field is immutable",
    Severity.WARNING,
)
NOT_READY = Code(
    "OD622",
    "an object did not become ready",
    "The object was applied, and does not do its work: it failed, or took longer than its own probes and deadlines "
    "allow. The message holds the reason that Kubernetes gives for its pods. A rolling update keeps the pods of the "
    "healthy version until new ones are ready, so what served before still serves, and what only this object needed "
    "was left out.\n\n"
    "Mend what the message names and apply again, or go back with `opsdecl rollback`. `opsdecl status` shows how it "
    "stands now; `--no-wait` applies without looking.",
    "Unschedulable: 0/12 nodes are available: 12 Insufficient nvidia.com/gpu",
)

NOT_OBSERVED = Code(
    "OD623",
    "Nobody knows where the objects run",
    "`opsdecl status` looks at what runs. A git target is applied by somebody else, such as Argo CD or Flux, so the "
    "environment must say on which cluster to look.\n\n"
    "Name a context of the kubeconfig that may read: `observe: {kubeContext: prod-eu-readers}`.",
    "opsdecl status --env prod   # targets: {main: {type: git, branch: rendered/prod}}",
)
NOTHING_TO_UNLOCK = Code(
    "OD624",
    "There is no lock to take away",
    "No release of the environment is held by anybody. Releases on git targets have no lock that could be left.\n\n"
    "Apply again.",
    "opsdecl unlock --env prod",
    Severity.NOTE,
)
LATE_CREATE = Code(
    "OD625",
    "an apply that had lost its lock made an object",
    "A process stood still while it applied, another apply followed it, and then it went on. Kubernetes has no fencing "
    "token that holds across objects, so the one write that was on its way could still land. It carries the number of "
    "its hold of the lock, by which the plan knows it. Everything else that it would have written was stopped.\n\n"
    "Where the specs want the object, the next apply takes it over. Otherwise delete it.",
    "opsdecl.dev/epoch: '7'   # on an object that the records of hold 8 do not know",
    Severity.WARNING,
)
TOO_LONG_AGO = Code(
    "OD626",
    "the revision that changed the object is not kept any more",
    "A release keeps its last 20 revisions. The object is the same in all of them, so nobody knows who changed it "
    "last, and when.\n\n"
    "The specs' own history tells: `git log` of the document's file.",
    "opsdecl blame LLM.chat/main/cache --env prod",
)

NOT_GIVEN_UP = Code(
    "OD630",
    "a program holds the field, and nobody said that it may be taken",
    "`opsdecl adopt` takes fields from people and from client-side `kubectl apply`. The manager here is a program: an "
    "operator, an autoscaler, or another tool that applies objects. It would set the field again.\n\n"
    "Take the field out of the specs, or stop the program from setting it and name it: `--from MANAGER`.",
    "opsdecl adopt --env prod --from helm",
)
NOTHING_TO_ADOPT = Code(
    "OD631",
    "there is nothing to adopt",
    "What exists of the objects that the specs want is the release's own already, and nobody else holds their "
    "fields with another value.\n\n"
    "Nothing to do. What does not exist yet is made by `opsdecl apply`.",
    "opsdecl adopt --env prod",
    Severity.NOTE,
)
ADOPT_ON_CLUSTERS = Code(
    "OD632",
    "only targets of type cluster adopt objects",
    "Objects and fields change hands on an API server. On the branch of a git target nobody but opsdecl owns files of "
    "a release, and Argo CD or Flux take over objects in ways of their own.\n\n"
    "Name a target of type cluster: `--target NAME`.",
    "opsdecl adopt --env prod   # targets: {main: {type: git, branch: rendered/prod}}",
)

CODES: tuple[Code, ...] = (
    NOT_GIVEN_UP,
    NOTHING_TO_ADOPT,
    ADOPT_ON_CLUSTERS,
    CLUSTER_UNREACHABLE,
    NO_CONTEXT,
    KUBECONFIG_BROKEN,
    CLUSTER_UNAUTHORISED,
    CLUSTER_FORBIDDEN,
    CLUSTER_TLS,
    CLUSTER_REFUSED,
    OBJECT_REFUSED,
    FIELD_CONFLICT,
    LOCK_HELD,
    LOCK_LOST,
    CLUSTER_RECORD,
    CLUSTER_RECORD_NEWER,
    ANOTHERS_OBJECT,
    NO_NAMESPACE,
    KIND_NOT_INSTALLED,
    NOT_ASKED,
    NOT_DONE,
    NOT_OURS_TO_DELETE,
    STILL_THERE,
    IMMUTABLE,
    NOT_READY,
    NOT_OBSERVED,
    NOTHING_TO_UNLOCK,
    LATE_CREATE,
    TOO_LONG_AGO,
    REPLACEMENT,
)
