"""A model with an explainer and a language model that is traced, on both platforms: text that people have read once."""

import pytest

from opsdecl.flows.render import as_files
from tests.support.golden import ROOT, expect_golden, expect_only
from tests.support.platforms import platform_tree
from tests.support.project import built
from tests.unit.lower.test_explainer import EXPLAIN

COLLECTOR = (
    "\n  tracing:\n    endpoint: http://collector.observability:4317\n"
    "    egress: {namespace: observability, labels: {app: collector}}\n"
    "  networkPolicy: {egress: [{cidr: 0.0.0.0/0}]}"
)
ROLES = ("deployment", "inference-service", "llm-inference-service", "tracing-egress")


@pytest.mark.parametrize("serving", ["native", "kserve"])
def test_objects(serving: str) -> None:
    tree = platform_tree(
        f"{{serving: {serving}}}{COLLECTOR}",
        fraud=("replicas: {count: 2}\n", f"replicas: {{count: 2}}{EXPLAIN}  access: {{from: [{{namespace: web}}]}}\n"),
        chat=("replicas: {count: 2}\n", "replicas: {count: 2}\n  tracing: {sample: 0.1}\n"),
    )
    made = built(tree, "prod").manifests.manifests
    chosen = [
        each
        for each in made
        if each.address.variant == "explain"
        or each.address.role in ROLES
        or str(each.address) == "Model.fraud/main/network-policy"
    ]
    files = as_files(chosen)
    for name, data in files.items():
        expect_golden(data.decode(), f"observed/{serving}/{name}")
    expect_only(ROOT / "observed" / serving / "manifests", {name.removeprefix("manifests/") for name in files})
