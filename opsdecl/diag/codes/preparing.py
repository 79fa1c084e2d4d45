"""OD473-OD475: steps of datasets on Ray, and caches of datasets on nodes."""

from opsdecl.diag.types import Code, Severity

NO_RAY = Code(
    "OD473",
    "Step on Ray, and no KubeRay",
    "A step of preparation asks for a cluster of Ray, which KubeRay makes, and the environment does not say that "
    "KubeRay is installed. A Job in its place would start the program without the workers that it counts on.\n\n"
    "Say in `platform.preparation` of the Environment that KubeRay is there, or remove `ray` and give the step "
    "`shards`.",
    "prepare:\n  - {name: clean, image: …, command: [python, clean.py], ray: {workers: 4}}\n"
    "# and platform.preparation is job",
)
RAY_KEPT = Code(
    "OD474",
    "Run on Ray that is not removed",
    "`run.removeAfter` lets Kubernetes remove Jobs some time after their end. A RayJob stays: KubeRay takes away its "
    "pods alone, at once.\n\n"
    "Nothing is left running. Remove the RayJob by hand where it is in the way, or remove the field.",
    "spec:\n  run: {removeAfter: 7d}\n  prepare:\n    - {name: clean, …, ray: {workers: 4}}",
    Severity.NOTE,
)
RAY_UNCOUNTED = Code(
    "OD475",
    "Pods of Ray without an amount",
    "Ray gives tasks to a pod by the CPU and the memory that the pod reserves. Where it reserves none, Ray takes all "
    "that its node has as its own, also what other pods there use: more tasks start than fit, and pods are killed for "
    "memory.\n\n"
    "Give the step `resources` with `cpu` and `memory`, and `ray.resources` where workers differ from the head.",
    "prepare:\n  - {name: clean, image: …, command: [python, clean.py], ray: {workers: 4}}   # no resources",
    Severity.WARNING,
)

NO_PLACE_FOR_CACHE = Code(
    "OD476",
    "Cache of data without a place",
    "A cache is a copy of a dataset on the disk of each node of a pool. Pods reach it through a claim of a local "
    "volume, which Pod Security admits under every profile, `restricted` included; a `hostPath` in the pods would "
    "demand namespaces with the profile `privileged`. The volume lies outside namespaces, so the environment has to "
    "own what lies there; the pool has to say where its disk is and by which labels its nodes are found; and the "
    "copies have to come from a volume that several nodes mount.\n\n"
    "Complete the environment or the dataset as the hint says, or remove `cache`: runs then read the volume.",
    "kind: Dataset\nspec:\n  cache: {pool: h100, size: 120Gi}   # and the pool has no disk",
)
CACHE_PASSED_BY = Code(
    "OD477",
    "Run that does not read the cache",
    "The dataset has copies on the nodes of a pool, and this run reads the dataset's volume all the same: it runs on "
    "other nodes, or its pods are made by an operator that starts them before the copy is looked for. It does the same "
    "work, at the speed of the volume.\n\n"
    "Nothing need be done. To have it read the copies, run it on the pool of the cache, or move the cache.",
    "kind: Training\nspec:\n  datasets: [claims]   # whose cache is on pool h100\n  accelerator: {gpu: l4, count: 1}",
    Severity.NOTE,
)
CACHES_TOO_LARGE = Code(
    "OD478",
    "Caches larger than the disk",
    "The caches of a pool share one disk on each of its nodes. Together, with the earlier versions that stay, they may "
    "take more than the environment says it has. A copy for which there is no room is not made, and the runs that wait "
    "for it do not start.\n\n"
    "Lower `cache.size` or `cache.keep`, or move a cache to another pool.",
    "kind: Dataset\nspec:\n  cache: {pool: h100, size: 2Ti, keep: 1}   # and disk.size of the pool is 3Ti",
)

CODES: tuple[Code, ...] = (NO_RAY, RAY_KEPT, RAY_UNCOUNTED, NO_PLACE_FOR_CACHE, CACHE_PASSED_BY, CACHES_TOO_LARGE)
