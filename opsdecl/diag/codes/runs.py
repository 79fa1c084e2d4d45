"""OD35x: data and training, whose work is done in runs."""

from opsdecl.diag.types import Code, Severity

REMOVED_ON_BRANCH = Code(
    "OD353",
    "Run that is removed, and made again from a branch",
    "`run.removeAfter` lets Kubernetes remove a run some time after its end. Where the environment goes to a branch, "
    "Argo CD or Flux compares the branch with the cluster, finds the run missing, and starts it again: the work would "
    "be repeated for ever.\n\n"
    "Remove the field; runs that ended stay, and cost nothing. Environments with targets of other types can use it, "
    "since those keep a ledger.",
    "spec:\n  run: {removeAfter: 7d}   # and the environment has a target of type git",
)
UNPINNED_DATA = Code(
    "OD354",
    "Unpinned data",
    "The environment is protected, and nothing fixes the bytes that are read: the same address gives other data "
    "tomorrow. What was trained on it can then neither be explained nor made again.\n\n"
    "Add a digest, or the commit for a hub or a git repository, or name the image by digest. The digest of a folder "
    "is that of the sorted output of sha256sum:\n"
    "    find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum",
    "kind: Dataset\nspec:\n  source: {type: s3, uri: s3://data/claims}   # no digest, in a protected environment",
)
NO_RETENTION = Code(
    "OD355",
    "Personal data without an end",
    "The dataset says that it holds data of people, and not how long it may be kept. Whoever deletes it must know "
    "when, and rules for such data demand an end.\n\n"
    "Add `retention`, in days.",
    "kind: Dataset\nspec:\n  personalData: personal   # and no retention",
    Severity.WARNING,
)

DATA_ELSEWHERE = Code(
    "OD356",
    "Data in another namespace",
    "A pod mounts volumes of its own namespace only, so a training can read a dataset only where it lies.\n\n"
    "Move one of them into the namespace of the other.",
    "kind: Training\nmetadata: {name: tune, namespace: risk}\nspec: {datasets: [claims]}   # which lies in assist",
)
NOTHING_KEPT = Code(
    "OD357",
    "Run on nodes that can be taken away, and nothing kept",
    "The training may run on nodes that a cloud takes back at any time, and it keeps nothing on the way: a pod that is "
    "started again begins from the start, and may never reach the end.\n\n"
    "Add `checkpoints`, which the program goes on from.",
    "kind: Training\nspec: {spot: true}   # and no checkpoints",
    Severity.WARNING,
)

CODES: tuple[Code, ...] = (REMOVED_ON_BRANCH, UNPINNED_DATA, NO_RETENTION, DATA_ELSEWHERE, NOTHING_KEPT)
