"""Compare the two CEL libraries: conformance by group, start-up, cost of an evaluation.

`python -m benchmarks.cel`. Needs cel-python and common-expression-language; prints Markdown for the decision record.
"""

import importlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

CASES = Path(__file__).parents[1] / "tests" / "unit" / "policy" / "conformance.yaml"
Evaluate = Callable[[str, dict[str, Any]], Any]
SPEED = "object.spec.template.spec.containers.all(c, has(c.resources.limits))"


def cases() -> Iterator[tuple[str, str, Any]]:
    """Group, expression, expected."""
    for group, rows in YAML(typ="safe").load(CASES.read_text("utf-8"))["groups"].items():
        for expression, expected in rows:
            yield group, expression, expected


def variables() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(CASES.read_text("utf-8"))["variables"]
    return found


def with_rust() -> Evaluate:
    cel = importlib.import_module("cel")
    evaluate: Evaluate = cel.evaluate
    return evaluate


def with_python() -> Evaluate:
    celpy = importlib.import_module("celpy")
    environment = celpy.Environment()

    def evaluate(expression: str, values: dict[str, Any]) -> Any:
        program = environment.program(environment.compile(expression))
        return program.evaluate({name: celpy.json_to_cel(value) for name, value in values.items()})

    return evaluate


def with_ours() -> Evaluate:
    from opsdecl.cel.engine import compile_expression

    return lambda expression, values: compile_expression(expression).run(values)


def answer(evaluate: Evaluate, expression: str) -> Any:
    try:
        result = evaluate(expression, variables_once())
    except Exception:
        return "error"
    return bool(result) if str(result) in ("True", "False") else f"not a truth value: {result!r}"


def variables_once(_kept: list[dict[str, Any]] = []) -> dict[str, Any]:  # noqa: B006
    if not _kept:
        _kept.append(variables())
    return _kept[0]


def conformance(name: str, evaluate: Evaluate) -> None:
    groups: dict[str, list[int]] = {}
    wrong: list[str] = []
    for group, expression, expected in cases():
        got = answer(evaluate, expression)
        passed = got == expected and type(got) is type(expected)
        tally = groups.setdefault(group, [0, 0])
        tally[0] += passed
        tally[1] += 1
        if not passed:
            wrong.append(f"  - {group}: `{expression}` gives {got}, not {expected}")
    print(f"\n{name}: {sum(a for a, _ in groups.values())} of {sum(b for _, b in groups.values())}")
    print("  " + " · ".join(f"{group} {passed}/{all_}" for group, (passed, all_) in groups.items()))
    print("\n".join(wrong))


def milliseconds(action: Callable[[], object], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        action()
    return (time.perf_counter() - started) / times * 1e3


def import_time(statement: str) -> float:
    """Best of three fresh interpreters, in milliseconds."""
    code = f"import time; t = time.perf_counter(); {statement}; print((time.perf_counter() - t) * 1e3)"
    return min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3))


def deployment(labels: int) -> dict[str, Any]:
    """A Deployment of ordinary size."""
    container: dict[str, Any] = {"name": "main", "image": "x", "args": [f"--flag-{i}=1" for i in range(20)]}
    container |= {"resources": {"limits": {"cpu": "8"}}}
    keys = {f"key-{i}": f"value-{i}" for i in range(labels)}
    template = {"metadata": {"labels": keys}, "spec": {"containers": [container]}}
    return {"metadata": {"name": "chat", "labels": keys}, "spec": {"replicas": 2, "template": template}}


def speed() -> None:
    cel, celpy = importlib.import_module("cel"), importlib.import_module("celpy")
    whole = deployment(12)
    small: dict[str, Any] = {"spec": {"template": {"spec": {"containers": [{"resources": {"limits": {}}}]}}}}
    rust, environment = cel.compile(SPEED), celpy.Environment()
    python = environment.program(environment.compile(SPEED))
    ready = cel.Context(variables={"object": small})
    as_cel = {"object": celpy.json_to_cel(whole)}
    rows = {
        "import, rust as published": import_time("import cel"),
        "import, rust extension only": import_time("from opsdecl.cel.engine import load_library; load_library()"),
        "import, python": import_time("import celpy; celpy.Environment()"),
        "compile, rust": milliseconds(lambda: cel.compile(SPEED), 500),
        "compile, python": milliseconds(lambda: environment.compile(SPEED), 50),
        "evaluate whole object, rust": milliseconds(lambda: rust.execute({"object": whole}), 500),
        "evaluate projected object, rust": milliseconds(lambda: rust.execute({"object": small}), 500),
        "evaluate prepared context, rust": milliseconds(lambda: rust.execute(ready), 500),
        "evaluate converted object, python": milliseconds(lambda: python.evaluate(as_cel), 100),
        "convert whole object, python": milliseconds(lambda: celpy.json_to_cel(whole), 100),
    }
    print("\n| what | ms |\n| --- | --- |")
    for what, taken in rows.items():
        print(f"| {what} | {taken:.3f} |")


RULES = (
    "has(object.metadata.labels) && 'opsdecl.dev/owner' in object.metadata.labels",
    "object.metadata.name.size() <= 63",
    "object.metadata.name.matches('^[a-z0-9-]+$')",
    "has(object.metadata.namespace) && object.metadata.namespace != 'default'",
    "!has(object.spec.replicas) || object.spec.replicas >= 1",
    "!has(object.spec.replicas) || object.spec.replicas <= 64",
    "!has(object.spec.type) || object.spec.type != 'LoadBalancer'",
    "!has(object.spec.template) || !has(object.spec.template.spec.hostNetwork)",
    "!has(object.spec.template) || object.spec.template.spec.automountServiceAccountToken == false",
    "!has(object.spec.template) || object.spec.template.spec.containers.all(c, c.image.contains('@sha256:'))",
    "!has(object.spec.template) || object.spec.template.spec.containers.all(c, has(c.resources.limits))",
    "!has(object.spec.template) || object.spec.template.spec.containers.all(c, 'memory' in c.resources.limits)",
    "!has(object.spec.template) || object.spec.template.spec.containers.all(c, c.securityContext.runAsNonRoot)",
    "!has(object.spec.template) || object.spec.template.spec.containers.all(c, !has(c.securityContext.privileged))",
    "!has(object.spec.template) || object.spec.template.spec.containers.exists(c, has(c.readinessProbe))",
    "!has(object.spec.template) || object.spec.template.spec.terminationGracePeriodSeconds <= 600",
    "!has(object.spec.minAvailable) || object.spec.minAvailable >= 1",
    "!has(object.spec.ports) || object.spec.ports.all(p, p.port != 22)",
    "!has(object.spec.maxReplicas) || object.spec.minReplicas <= object.spec.maxReplicas",
    "object.metadata.labels.exists(k, k.startsWith('app.kubernetes.io/'))",
)
KINDS = ("Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget")
KINDS_WITHOUT_RULES = ("NetworkPolicy", "ServiceAccount", "PersistentVolumeClaim", "ConfigMap")


def rendered(documents: int) -> Any:
    """Eight objects for each document, no two alike."""
    from opsdecl.addr import Address, ObjectKey, Release, SpecAddress
    from opsdecl.render.types import Manifest, ManifestSet

    def manifest(kind: str, name: str) -> Any:
        data = {"apiVersion": "v1", "kind": kind, **_object(kind, name)}
        address = Address(SpecAddress("LLM", name), "main", kind.lower())
        return Manifest(address, ObjectKey("v1", kind, "assist", name), "", data, {})

    all_kinds = (*KINDS, *KINDS_WITHOUT_RULES)
    manifests = tuple(manifest(kind, f"model-{n}") for n in range(documents) for kind in all_kinds)
    return ManifestSet(Release("acme", "prod", "main"), manifests, ())


def _object(kind: str, name: str) -> dict[str, Any]:
    labels = {f"app.kubernetes.io/{key}": name for key in ("name", "instance", "component", "part-of")}
    metadata = {"name": name, "namespace": "assist", "labels": {**labels, "opsdecl.dev/owner": "team"}}
    specs: dict[str, Any] = {
        "Deployment": {"replicas": 2, "template": {"metadata": metadata, "spec": _pod()}},
        "Service": {"type": "ClusterIP", "ports": [{"port": 8000}], "selector": labels},
        "HorizontalPodAutoscaler": {"minReplicas": 2, "maxReplicas": 6},
        "PodDisruptionBudget": {"minAvailable": 1},
    }
    return {"metadata": metadata, "spec": specs.get(kind, {})}


def _pod() -> dict[str, Any]:
    container = {
        "name": "main",
        "image": "registry.test/vllm@sha256:abcd",
        "args": [f"--flag-{n}=1" for n in range(30)],
        "env": [{"name": f"NAME_{n}", "value": "1"} for n in range(10)],
        "resources": {"limits": {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "1"}},
        "securityContext": {"runAsNonRoot": True},
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}},
    }
    return {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 60, "containers": [container]}


def policies(objects: tuple[str, ...]) -> Any:
    """One policy with all the rules."""
    rules = [{"name": f"rule-{n}", "expression": text} for n, text in enumerate(RULES)]
    return compiled("Policy", "house", {"level": "deny", "match": {"objects": list(objects)}, "rules": rules})


def compiled(kind: str, name: str, spec: dict[str, Any]) -> Any:
    from opsdecl.addr import SpecAddress
    from opsdecl.compile.types import CompiledDocument

    value = {"metadata": {"name": name}, "spec": spec}
    return CompiledDocument(SpecAddress(kind, name), None, value, value, (), {}, "")


def at_scale() -> None:
    """20 rules over 8,000 objects, cold, and what one call of the library for each pair takes (from a sample)."""
    from opsdecl.policy.evaluate import evaluate_policies

    manifests, environment = rendered(1000), compiled("Environment", "prod", {})
    print(f"\n{len(RULES)} rules, {len(manifests.manifests)} objects, goal 1 s cold")
    for what, objects in {"four of eight kinds": KINDS, "every kind": (*KINDS, *KINDS_WITHOUT_RULES)}.items():
        started = time.process_time()
        found = evaluate_policies([policies(objects)], [], manifests, environment, lambda address, path: None)
        print(f"  {what}: {time.process_time() - started:.2f} s of CPU, {len(found)} findings")
    cel = importlib.import_module("cel")
    programs, sample = [cel.compile(rule) for rule in RULES], manifests.manifests[:160]
    started = time.process_time()
    for manifest in sample:
        for program in programs:
            program.execute({"object": manifest.data})
    whole = (time.process_time() - started) / len(sample) * len(manifests.manifests)
    print(f"  one call for each pair: {whole:.1f} s of CPU (from {len(sample)} objects)")


def main() -> None:
    at_scale()
    conformance("common-expression-language (Rust)", with_rust())
    conformance("cel-python", with_python())
    conformance("opsdecl.policy (Rust library, with two functions replaced)", with_ours())
    speed()


if __name__ == "__main__":
    main()
