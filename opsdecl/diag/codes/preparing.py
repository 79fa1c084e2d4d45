"""OD473-OD478: steps of datasets on Ray, and caches of datasets on nodes."""

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

CODES: tuple[Code, ...] = (NO_RAY, RAY_KEPT, RAY_UNCOUNTED)
