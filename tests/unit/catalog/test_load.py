"""The catalogue: built-in tables and a project's own entries."""

import pytest

from opsdecl.catalog.load import load_catalog
from opsdecl.catalog.types import Catalog, GpuFacts, GpuPrice
from opsdecl.diag import Place
from tools import tables

ACME = b"""
models:
  acme-chat:
    uri: hf://acme/chat
    weightsGiB: 3
    maxPosition: 8192
    license: proprietary
    asOf: 2026-01-02
    source: our own weights
"""


def built_in() -> Catalog:
    catalog = load_catalog().value
    assert catalog is not None
    return catalog


def test_built_in_tables_have_the_facts_people_rely_on() -> None:
    catalog = built_in()
    assert catalog.models["llama-3.1-8b-instruct"].weights_gib == 14.96
    assert catalog.models["llama-3.1-8b-instruct"].gated
    assert catalog.gpus["h100-80gb"].memory_gib == 79.18
    assert catalog.gpus["mi300x"].resource == "amd.com/gpu"


def test_every_built_in_entry_says_when_and_from_where() -> None:
    catalog = built_in()
    dated = [(f.name, f.source, f.as_of) for f in catalog.models.values()]
    dated += [(f.name, f.source, f.as_of) for f in catalog.gpus.values()]
    dated += [(f.name, f.source, f.as_of) for f in catalog.nodes.values()]
    dated += [(f.name, f.price.source, f.price.as_of) for f in catalog.nodes.values() if f.price]
    for name, source, as_of in dated:
        assert source, name
        assert as_of[:2] == "20", name


def test_revisions_are_commits_or_empty() -> None:
    assert {len(facts.revision) for facts in built_in().models.values()} <= {0, 40}


def test_the_built_in_file_is_what_the_tables_say() -> None:
    assert tables.built_in() == (tables.DATA / "built_in.json").read_text("utf-8"), "run: make generate"


def test_a_gpu_costs_what_its_usual_node_costs_by_gpu() -> None:
    price = built_in().gpus["h100-80gb"].price
    assert price == GpuPrice(
        6.88, "us-east-2", "2026-11-23", "three public price files that agree", "p5.48xlarge", "aws"
    )
    assert built_in().gpus["mi300x"].price_per_hour is None


def test_prices_of_a_gpu_are_found_by_provider_and_region_cheapest_first() -> None:
    prices = list(built_in().gpu_prices("h100-80gb"))
    assert [price.per_hour for price in prices] == sorted(price.per_hour for price in prices)
    assert {price.provider for price in prices} == {"aws", "azure", "gcp", "lambda"}
    in_gcp = built_in().gpu_prices("h100-80gb", provider="gcp", region="us-central1")
    assert [(price.node, price.per_hour) for price in in_gcp] == [
        ("a3-highgpu-1g", 11.0612),
        ("a3-highgpu-8g", 11.0612),
    ]


def test_every_node_has_a_gpu_of_the_catalogue_and_every_price_is_plausible() -> None:
    catalog = built_in()
    for node in catalog.nodes.values():
        assert node.gpu in catalog.gpus, node.name
        assert node.gpu_price is None or 0.3 < node.gpu_price.per_hour < 20, node.name


@pytest.mark.parametrize("gpu", built_in().gpus.values(), ids=lambda gpu: gpu.name)
def test_memory_lies_in_what_was_seen_and_slices_are_smaller_than_the_whole(gpu: GpuFacts) -> None:
    assert gpu.seen[0] <= gpu.memory_gib <= gpu.seen[1]
    assert all(memory <= gpu.memory_gib for memory in gpu.mig.values())
    assert all(gpu.slice(profile) for profile in gpu.mig)
    assert gpu.mig_count.keys() == gpu.mig.keys()
    assert all(gpu.mig[profile] * count <= gpu.memory_gib for profile, count in gpu.mig_count.items())


def test_a_slice_costs_its_share() -> None:
    gpu = built_in().gpus["a100-40gb"]
    part = gpu.slice("1g.5gb")
    assert part is not None
    assert part.price is not None
    assert gpu.price is not None
    assert part.price.per_hour == pytest.approx(gpu.price.per_hour / 7, rel=0.001)
    assert part.price.node == "p4d.24xlarge"


def test_names_of_gpus_and_their_aliases_are_never_shared() -> None:
    names = [name for gpu in built_in().gpus.values() for name in (gpu.name, *gpu.aliases)]
    assert len(names) == len(set(names))


def test_a_projects_own_price_of_a_gpu_has_its_date_and_source() -> None:
    entry = b"""
gpus:
  acme-gpu: {memoryGiB: 47.5, bandwidthGBs: 900, computeCapability: "9.0", resource: nvidia.com/gpu,
    productLabel: ACME-48GB, pricePerHour: 1.5, asOf: 2026-10-01, source: our contract}
nodes:
  acme-4: {provider: acme, gpu: acme-gpu, gpus: 4, cpu: 64, memoryGiB: 512, asOf: 2026-10-01, source: our racks}
"""
    catalog = load_catalog({"catalog/gpus.yaml": entry}).value
    assert catalog is not None
    assert catalog.gpus["acme-gpu"].price == GpuPrice(1.5, "", "2026-10-01", "our contract")
    assert catalog.nodes["acme-4"].gpus == 4
    assert catalog.own == {("gpus", "acme-gpu"): "catalog/gpus.yaml", ("nodes", "acme-4"): "catalog/gpus.yaml"}


def test_a_project_adds_an_entry_and_moves_the_digest() -> None:
    catalog = load_catalog({"catalog/models.yaml": ACME}).value
    assert catalog is not None
    assert catalog.models["acme-chat"].as_of == "2026-01-02"
    assert "llama-3.1-8b-instruct" in catalog.models
    assert catalog.digest != built_in().digest


def test_a_project_replaces_an_entry() -> None:
    catalog = load_catalog({"catalog/x.yaml": ACME.replace(b"acme-chat", b"phi-4")}).value
    assert catalog is not None
    assert catalog.models["phi-4"].uri == "hf://acme/chat"


def test_other_files_of_the_folder_are_left_alone() -> None:
    checked = load_catalog({"catalog/README.md": b"["})
    assert checked.value == built_in()
    assert checked.diagnostics == ()


def test_errors_point_at_the_fact_and_keep_the_other_entries() -> None:
    broken = ACME.replace(b"3", b"three", 1) + ACME.replace(b"acme-chat", b"fine").replace(b"models:", b"")
    checked = load_catalog({"catalog/models.yaml": broken})
    assert checked.value is not None
    assert "fine" in checked.value.models
    assert "acme-chat" not in checked.value.models
    (finding,) = checked.diagnostics
    assert finding.at == Place("catalog/models.yaml", 0, ("models", "acme-chat", "weightsGiB"))
    assert finding.message == "`acme-chat.weightsGiB` must be a size in GiB as a number"


def test_missing_and_unknown_facts_are_named() -> None:
    entry = b"gpus: {x1: {memoryGib: 3}}"
    messages = [d.message for d in load_catalog({"catalog/g.yaml": entry}).diagnostics]
    assert "`x1` has an unknown fact `memoryGib`" in messages
    assert any(m.startswith("`x1` lacks `memoryGiB`, `bandwidthGBs`") for m in messages)
    hints = [d.hint for d in load_catalog({"catalog/g.yaml": entry}).diagnostics]
    assert "did you mean `memoryGiB`?" in hints


def test_unknown_tables_suggest_the_nearest() -> None:
    (finding,) = load_catalog({"catalog/g.yaml": b"modls: {}"}).diagnostics
    assert finding.hint == "did you mean `models`?"


def test_hostile_files_are_findings() -> None:
    hostile = [
        b"[" * 200_000,
        b"[" * 900_000 + b"]" * 9,
        b"a: \xff",
        b"gpus: !!python/object/apply:os.system [x]",
        b"\x00",
    ]
    hostile += [
        b"x" * 2_000_000,
        b"- 1",
        b"",
        b"gpus: {x: {memoryGiB: .inf}}",
        b"gpus: {x: 3}",
        b"gpus: []",
        b"? [a]\n: b",
    ]
    for data in hostile:
        checked = load_catalog({"catalog/g.yaml": data})
        assert checked.value is not None
        assert checked.diagnostics
