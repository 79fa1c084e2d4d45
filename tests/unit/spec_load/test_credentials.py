"""Literal credentials: found, never repeated, and few false alarms."""

import json

import pytest
from msgspec import to_builtins

from opsdecl.diag import Diagnostic, Span
from opsdecl.spec.parse import parse_file
from opsdecl.spec.positions import Positions
from opsdecl.spec.source import MemoryTree
from opsdecl.spec.yaml import ParsedFile

HEX = "8f14e45fceea167a5a36dedd4bea2543"
PEM = "-----BEGIN RSA PRIVATE KEY-----\n  MIIEpAIBAAKCAQEA7\n  -----END RSA PRIVATE KEY-----"


def parse(text: str) -> ParsedFile:
    return parse_file("f.yaml", text.encode())


def credentials(parsed: ParsedFile) -> list[Diagnostic]:
    return [finding for finding in parsed.diagnostics if finding.code.id == "OD150"]


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("a: hf_{}", "hf_" + "aB3" * 11 + "x"),
        ("a: {}", "AKIAQWERTYUIOPASDFGH"),
        ("a: {}", "ghp_" + "aB3" * 12),
        ("a: {}", "github_pat_" + "11AAbbCC22ddEEff33ggHH"),
        ("a: {}", "glpat-aB3dE6gH9jK2mN5pQ8sT"),
        ("a: {}", "xoxb-123456789012-abcdefghij"),
        ("args: [--x, {}]", "sk-proj-aB3dE6gH9jK2mN5pQ8sT1vW4"),
        ("args: ['--api-key={}']", "aB3dE6gH9jK2mN5pQ8sT"),
        ("a: {}", "nvapi-aB3dE6gH9jK2mN5pQ8sT1vW4"),
        ("a: {}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"),
        ("a: |\n  {}\n", PEM),
        ("a: postgres://app:{}@db:5432/app", "hunter2"),
        ("a: 1  # {}", "AKIAQWERTYUIOPASDFGH"),
        ("{}: a", "AKIAQWERTYUIOPASDFGH"),
        ("password: {}", "hunter2"),
        ("env: {{DB_PASSWORD: {}}}", "correct horse"),
        ("env: {{DB_PASSWORD: {}}}", "12345678"),
        ("env: [{{name: DB_PASSWORD, value: {}}}]", "hunter2"),
        ("apiKey: {}", HEX),
        ("env: {{WANDB_API_KEY: {}}}", HEX),
        ("clientSecret: {}", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        ("token: {}", HEX),
        ("password: {}", "0644"),
        ("password: {}", "yes"),
    ],
)
def test_a_credential_is_found_and_nowhere_repeated(text: str, literal: str) -> None:
    literal = literal.removeprefix("hf_") if "hf_{}" in text else literal
    source = text.format(literal)
    parsed = parse(source)
    found = credentials(parsed)
    assert len(found) == 1
    assert found[0].sensitive
    said = " ".join(f"{d.message} {d.hint} {d.label}" for d in parsed.diagnostics)
    assert f"`{literal}`" not in said
    assert f'"{literal}"' not in said
    kept = json.dumps([to_builtins(document) for document in parsed.documents])
    assert literal.split("\n")[0] not in kept
    _assert_covers(source, found[0], literal)


def _assert_covers(source: str, finding: Diagnostic, literal: str) -> None:
    """The span is what a view masks, so that it must hold all of the literal."""
    located = finding.located(Positions(MemoryTree({"f.yaml": source})).locate)
    assert isinstance(located.at, Span)
    lines, at = source.split("\n"), located.at
    rows = lines[at.line - 1 : at.end_line]
    rows[-1] = rows[-1][: at.end_column - 1]
    rows[0] = rows[0][at.column - 1 :]
    assert literal in "\n".join(rows)


@pytest.mark.parametrize(
    "text",
    [
        f"revision: {HEX}aabbccdd",
        f"digest: sha256:{HEX}{HEX}",
        f"image: registry.example.com:5000/acme/x:1.2@sha256:{HEX}{HEX}",
        "uri: s3://models/fraud/v7",
        "uri: hf://meta-llama/Llama-3.1-8B-Instruct",
        "uri: oci://ghcr.io/acme/chat:v1",
        "endpoint: http://gateway.assist.svc:8080/v1@x",
        "remote: ssh://git@example.com:22/acme/x.git",
        "remote: git@github.com:acme/x.git",
        "a: postgres://app:${{ vars.password }}@db/app",
        "a: postgres://app:$(DB_PASSWORD)@db/app",
        "token: {secret: hf-token, key: token}",
        "secret: models-8f2t9b6mdk-eu",
        "secret: s3-models-credentials-eu-west-1",
        "env: {HF_HUB_ENABLE_HF_TRANSFER: '1', HF_TOKEN_PATH: /run/secrets/token}",
        "tokenizer: meta-llama/Llama-3.1-8B-Instruct",
        "password: ${{ vars.password }}",
        "passwordFile: /run/secrets/db",
        "maxNumBatchedTokens: 8192",
        "remoteKey: ml/hf",
        "token: ''",
        "model: sk-learn-iris-classifier-version-2",
        "runtime: kserve-sk-learn-server-2024",
        "image: nvcr.io/nvidia/tritonserver:25.01-py3",
        "apiKey: true",
        "name: hf_transfer_downloads_of_large_files",
        "description: -----BEGIN CERTIFICATE-----",
        "command: [serve, --token, $(HF_TOKEN)]",
    ],
)
def test_what_only_resembles_one_is_left_alone(text: str) -> None:
    assert credentials(parse(text)) == []


def test_a_credential_in_another_message_is_masked() -> None:
    parsed = parse("a: {AKIAQWERTYUIOPASDFGH: 1, AKIAQWERTYUIOPASDFGH: 2}\n")
    (duplicate,) = [finding for finding in parsed.diagnostics if finding.code.id == "OD116"]
    assert duplicate.message == "the key `(sensitive)` is there twice in one mapping"


def test_the_rest_of_the_document_stays_as_it_was() -> None:
    parsed = parse("a: {password: hunter2, b: [1, x]}\nc: AKIAQWERTYUIOPASDFGH and more\n")
    assert parsed.documents[0].value == {
        "a": {"password": "(sensitive)", "b": [1, "x"]},
        "c": "(sensitive) and more",
    }
