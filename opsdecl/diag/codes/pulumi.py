"""OD6xx from 70 on, of targets of type pulumi: its command line, provider, backend, and what the engine says."""

from opsdecl.diag.types import Code, Severity

PULUMI_MISSING = Code(
    "OD670",
    "Pulumi is not installed",
    "A target of type pulumi is read and written by Pulumi's own engine, and its command line was found neither on the "
    "PATH nor in the tools' cache. Plans with `--base` need neither.\n\n"
    "Run `opsdecl doctor --install-pulumi`, or install Pulumi by hand: "
    "https://www.pulumi.com/docs/iac/download-install/. In a clone of opsdecl `make tools` builds it.",
    "targets: {main: {type: pulumi, backend: file://~/state}}",
)
PULUMI_TOO_OLD = Code(
    "OD671",
    "Pulumi is too old",
    "The Pulumi that was found lacks what opsdecl relies on, such as going on with independent resources after a "
    "failure. Nothing was read or changed.\n\n"
    "Update it, or put a newer one first on the PATH.",
    "pulumi v3.100.0",
)
PROVIDER_MISSING = Code(
    "OD672",
    "Pulumi's Kubernetes provider is not installed",
    "The engine speaks to Kubernetes through a plugin, of exactly the version of the Python package "
    "`pulumi-kubernetes`. It was not found, and could not be fetched. Nothing was changed.\n\n"
    "Install it with the command of the hint, where it can reach the internet, or from a file with `--file`.",
    "pulumi plugin install resource kubernetes v4.25.0",
)
WRONG_PASSPHRASE = Code(
    "OD673",
    "the stack's secrets cannot be opened",
    "The stack names a secrets provider, and what it needs is missing or another one than when the stack was made: "
    "the passphrase, or the right to use the cloud's key. Nothing was changed, so that no state is written that others "
    "cannot read.\n\n"
    "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to what the stack was made with.",
    'error: constructing secrets manager of type "passphrase": incorrect passphrase',
)
STACK_LOCKED = Code(
    "OD674",
    "the stack is locked by somebody else",
    "Another update of the stack is going on, or one was killed and left its lock behind. opsdecl breaks a lock only "
    "where its holder was a process of this machine that is gone. Nothing was changed.\n\n"
    "Wait for the holder that the message names. If it is no more, run `opsdecl unlock --force`.",
    "created by ci@runner-7 (pid 4711) at 2026-03-01T09:12:00Z",
)
STATE_BROKEN = Code(
    "OD675",
    "the stack's state cannot be read",
    "What the backend holds for the stack is no state that Pulumi understands, so what exists is unknown. Guessing "
    "could create things twice or remove them. Nothing was changed.\n\n"
    "Restore the state from the backend's backups, which lie beside it in `.pulumi/backups`, or repair it with "
    "`pulumi state repair`. Where a folder holds the state and Pulumi says `EOF`, a killed `pulumi` has left an "
    "empty `.attrs` file beside the stack's own: remove it, it says nothing about the state.",
    "snapshot integrity failure; refusing to use it",
)
PROVIDER_CRASHED = Code(
    "OD676",
    "Pulumi or its provider crashed",
    "A process of Pulumi ended in the middle of its work. What was done up to there is in the stack's state or in "
    "opsdecl's own record of it.\n\n"
    "Run the command again: it looks at what was done and goes on from there. Report it to Pulumi if it stays.",
    "the resource plugin for kubernetes exited unexpectedly",
)
UNKNOWN_STACK = Code(
    "OD677",
    "there is no such stack",
    "The backend has no stack of this name, or somebody removed it in the meantime. The first apply makes it.\n\n"
    "Check `stack` and `backend` of the target; `pulumi stack ls --all` lists the stacks there are.",
    "no stack named 'prod' found",
)
BACKEND_UNREACHABLE = Code(
    "OD678",
    "the backend of Pulumi's state did not answer",
    "The state could not be read: the address is wrong, the network or the credentials fail, or the folder does not "
    "exist. What the stack holds is unknown, and never taken for nothing.\n\n"
    "Check `backend` of the target, or PULUMI_BACKEND_URL, and log in with `pulumi login`.",
    "open bucket file:///no/such/folder: no such file or directory",
)
RESOURCE_FAILED = Code(
    "OD679",
    "Pulumi could not apply an object",
    "The engine or the API server refused an object. What does not depend on it was applied all the same.\n\n"
    "Mend what the message names, and apply again.",
    "spec.template.spec.containers[0].image: Required value",
)
RESOURCE_LEFT_OUT = Code(
    "OD680",
    "an object was left out, since another failed",
    "It needs an object that could not be applied, or it would have been deleted and something else failed.\n\n"
    "Mend the failures, and apply again.",
    "LLM.chat/main/deployment needs LLM.chat/main/cache",
)
PREVIEW_DIFFERS = Code(
    "OD681",
    "Pulumi would do something else",
    "Pulumi's own preview of the same resources names another action than this plan. Both sides are shown, since one "
    "of them is wrong about what will happen.\n\n"
    "Look at the object with `pulumi preview --diff`. `apply` refuses nothing for it: the plan's action is what is "
    "asked for, the engine's is what would be done.",
    "plan: update, Pulumi: replace",
    Severity.WARNING,
)
NUMBER_TOO_LARGE = Code(
    "OD682",
    "Pulumi cannot hold this number",
    "Pulumi stores every number as a double, which holds integers exactly only up to 2^53. A larger one would reach "
    "the cluster with other digits.\n\n"
    "Use a smaller number, a unit (`9Pi`), or a target of type git or cluster.",
    "terminationGracePeriodSeconds: 9007199254740993",
)
FOREIGN_RESOURCES = Code(
    "OD683",
    "the stack holds resources that are not ours",
    "A stack of opsdecl holds nothing but one release, because an apply deletes from a stack whatever its program does "
    "not declare. This one holds resources that some other program made. Nothing was changed.\n\n"
    "Name a stack of its own in the target, or move the resources with `pulumi state move`.",
    "aws:s3/bucket:Bucket logs",
)
REPAIRED = Code(
    "OD684",
    "an interrupted apply was cleared up",
    "An earlier apply was stopped in the middle, by a signal, a crash or a lost connection. Before this one, what it "
    "had done was taken into the stack's state, and what it had only announced was taken off it.\n\n"
    "Nothing needs to be done; the messages say what was found.",
    "LLM.chat/main/service had been created",
    Severity.NOTE,
)
ENGINE_FAILED = Code(
    "OD685",
    "Pulumi failed",
    "The engine ended with an error that opsdecl does not know. What was done up to there is in the stack's state.\n\n"
    "Mend what Pulumi's words in the message name, and run the command again: it goes on from there.",
    "error: an unknown failure",
)
RECORDS_BROKEN = Code(
    "OD686",
    "the release's records beside the stack cannot be used",
    "opsdecl keeps revisions and documents of a release in a second stack, `<stack>.opsdecl`. It is damaged, or was "
    "written by a newer opsdecl.\n\n"
    "Update opsdecl, or restore that stack from the backend's backups. Removing it loses the history and nothing else.",
    "formatVersion 2",
)
LOCK_BROKEN = Code(
    "OD687",
    "a lock without a holder was taken away",
    "The stack was locked by a process of this machine that is gone, so nobody could have been working with it.\n\n"
    "Nothing needs to be done.",
    "created by ci@runner-7 (pid 4711)",
    Severity.NOTE,
)
PULUMI_SETTINGS = Code(
    "OD688",
    "the target does not say where its objects go",
    "A target of type pulumi needs the context of a kubeconfig, `kubeContext`, or a folder that manifests are rendered "
    "to, `renderYamlToDirectory`, and not both. Whatever context happens to be current is never taken.\n\n"
    "Set one of the two.",
    "targets: {main: {type: pulumi}}",
)

PREVIEW_AGREES = Code(
    "OD689",
    "Pulumi would do the same",
    "Pulumi's own preview of the same resources names the same action for each object as this plan.\n\n"
    "Nothing needs to be done.",
    "1 create, 2 update, 41 same",
    Severity.NOTE,
)

EJECT_UNSETTLED = Code(
    "OD690",
    "the stack was left in the middle of an update",
    "The state names resources that an update had begun to create, change or remove when it was stopped. A program "
    "written from it could not preview without changes. Nothing was written.\n\n"
    "Let an apply clear it up, and eject again.",
    "`LLM.chat/main/service` (creating)",
)
EJECTED_BEHIND = Code(
    "OD691",
    "the ejected program has what was applied, not what the specs say",
    "The program declares the stack as it is, so that its preview shows no changes. The specs say something else by "
    "now, or somebody else applied the stack, and that is not in it.\n\n"
    "Apply first, and eject into another folder, where the program should have it.",
    "stack `prod` is not as the specs say: `LLM.chat/main/deployment`",
    Severity.WARNING,
)
NO_STACK = Code(
    "OD693",
    "there is no stack to take it from",
    "Only a target of type pulumi has a stack that can be written down as a program, or looked through for models."
    "\n\n"
    "Name a target of type pulumi.",
    "opsdecl eject pulumi --env dev program",
)
INSTALL_FAILED = Code(
    "OD692",
    "Pulumi could not be installed",
    "The installer of Pulumi's SDK loads a script and the command line from Pulumi's own hosts and unpacks them. "
    "One of these steps failed.\n\n"
    "Let the machine reach https://get.pulumi.com, or install Pulumi by hand and put it on the PATH.",
    "opsdecl doctor --install-pulumi",
)

NOT_AN_EXPORT = Code(
    "OD694",
    "this is no exported stack",
    "Models are looked for in what `pulumi stack export` writes. The file is something else, is damaged, or cannot be "
    "read. Nothing was written.\n\n"
    "Export the stack again.",
    "opsdecl import pulumi --state stack.json",
)

HANDOVER_UNSETTLED = Code(
    "OD695",
    "a partition was stopped in the middle of an apply, and cannot give or take objects yet",
    "Objects move between the stacks of two partitions. The state of one of them does not say what its last apply did, "
    "so an object could be lost or come twice. Nothing was changed.\n\n"
    "Apply that partition alone: it looks at what was done. Then apply all.",
    "an apply of acme/prod/main/team-a was stopped in the middle",
)
OTHER_RELEASE = Code(
    "OD696",
    "the stack belongs to another release",
    "The records beside the stack are those of another project, environment or partition. An apply would remove what "
    "that one has made. Nothing was changed.\n\n"
    "Name another `stack`. Partitions have stacks called after the target's own: `prod-eu` is that of eu in `prod`, "
    "and could be that of an environment `prod-eu`, too.",
    "stack `prod-eu` belongs to acme/prod/main/eu",
)
OVERTAKEN = Code(
    "OD697",
    "another apply went on meanwhile",
    "Somebody took the stack's lock away while this apply was at work, or began right when it ended, and has written "
    "the release's records since. What this one did is in the cluster or the folder; it was not recorded over what the "
    "other one wrote, so the history has no revision of it.\n\n"
    "Plan again: the plan looks at what both have left. Take a lock away only where its holder is no more.",
    "another apply wrote the records of stack `prod` while this one was at work",
)
CODES: tuple[Code, ...] = (
    PULUMI_MISSING,
    PULUMI_TOO_OLD,
    PROVIDER_MISSING,
    WRONG_PASSPHRASE,
    STACK_LOCKED,
    STATE_BROKEN,
    PROVIDER_CRASHED,
    UNKNOWN_STACK,
    BACKEND_UNREACHABLE,
    RESOURCE_FAILED,
    RESOURCE_LEFT_OUT,
    PREVIEW_DIFFERS,
    NUMBER_TOO_LARGE,
    FOREIGN_RESOURCES,
    REPAIRED,
    ENGINE_FAILED,
    RECORDS_BROKEN,
    LOCK_BROKEN,
    PULUMI_SETTINGS,
    PREVIEW_AGREES,
    EJECT_UNSETTLED,
    EJECTED_BEHIND,
    NO_STACK,
    INSTALL_FAILED,
    NOT_AN_EXPORT,
    HANDOVER_UNSETTLED,
    OTHER_RELEASE,
    OVERTAKEN,
)
