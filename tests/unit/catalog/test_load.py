"""The catalogue: built-in tables and a project's own entries."""

from opsdecl.catalog.load import load_catalog
from opsdecl.catalog.types import Catalog
from opsdecl.diag import Place

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
    assert catalog.gpus["h100-80gb"].memory_gib == 79.1
    assert catalog.gpus["mi300x"].resource == "amd.com/gpu"


def test_every_built_in_entry_says_when_and_from_where() -> None:
    catalog = built_in()
    dated = [(f.name, f.source, f.as_of) for f in catalog.models.values()]
    dated += [(f.name, f.source, f.as_of) for f in catalog.gpus.values()]
    for name, source, as_of in dated:
        assert source, name
        assert as_of[:2] == "20", name


def test_revisions_are_commits_or_empty() -> None:
    assert {len(facts.revision) for facts in built_in().models.values()} <= {0, 40}


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
