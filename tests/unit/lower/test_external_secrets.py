"""Secrets from a store: what External Secrets is asked for, where, and what waits for it."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsdecl.flows.render import as_files
from opsdecl.render.types import Manifest
from tests.support.platforms import FROM_STORE, platform_tree
from tests.support.project import built


def rendered(platform: str = FROM_STORE, **changed: tuple[str, str]) -> Mapping[str, Manifest]:
    return {str(m.address): m for m in built(platform_tree(platform, **changed), "prod").manifests.manifests}


TOKEN, STORED = (
    "Environment.prod/main/external-secret.assist.hf-token",
    ("Environment.prod/main/external-secret.risk.s3-models"),
)


def test_each_namespace_gets_the_secrets_that_its_documents_use() -> None:
    found = {name: m for name, m in rendered().items() if m.key.kind == "ExternalSecret"}
    assert set(found) == {TOKEN, STORED}
    assert found[TOKEN].data["spec"] == {
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
        "refreshPolicy": "Periodic",
        "refreshInterval": "1h0m0s",
        "target": {"name": "hf-token", "creationPolicy": "Owner", "deletionPolicy": "Retain"},
        "data": [{"secretKey": "token", "remoteRef": {"key": "ml/hf", "property": "token"}}],
    }
    whole = found[STORED].data["spec"]
    assert whole["secretStoreRef"] == {"kind": "SecretStore", "name": "team-store"}
    assert whole["refreshInterval"] == "15m0s"
    assert whole["dataFrom"] == [{"extract": {"key": "ml/s3"}}]
    assert (found[STORED].key.namespace, found[STORED].key.name) == ("risk", "s3-models")


def test_what_uses_a_secret_waits_for_it_and_nothing_else_does() -> None:
    found = rendered()
    assert TOKEN in map(str, found["LLM.chat/main/deployment"].depends_on)
    assert STORED in map(str, found["Model.fraud/main/deployment"].depends_on)
    assert not any("external-secret" in str(a) for a in found["LLM.chat/main/service"].depends_on)


def test_the_secret_itself_is_never_rendered_and_natively_nothing_is() -> None:
    assert not any(m.key.kind == "Secret" for m in rendered().values())
    assert not any(m.key.kind == "ExternalSecret" for m in rendered("{}").values())


def test_a_secret_follows_its_users_to_another_namespace() -> None:
    moved = rendered(chat=("metadata: {name: chat,", "metadata: {name: chat, namespace: risk,"))
    assert {m.key.namespace for m in moved.values() if m.key.kind == "ExternalSecret"} == {"risk"}


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("key: token", [{"secretKey": "token", "remoteRef": {"key": "ml/hf"}}]),
        ("property: p, key: token", [{"secretKey": "token", "remoteRef": {"key": "ml/hf", "property": "p"}}]),
    ],
)
def test_a_stored_value_comes_under_the_key_that_is_said(declared: str, expected: list[Any]) -> None:
    spec = rendered(environment=("property: token", declared))[TOKEN].data["spec"]
    assert spec["data"] == expected


def test_images_are_pulled_with_a_secret_of_the_type_for_it() -> None:
    found = rendered(
        FROM_STORE + "\n    registry: {store: vault, remoteKey: ml/registry, key: .dockerconfigjson}",
        chat=("  replicas:", "  imagePullSecrets: [registry]\n  replicas:"),
    )
    pulled = found["Environment.prod/main/external-secret.assist.registry"]
    assert pulled.data["spec"]["target"]["template"] == {"type": "kubernetes.io/dockerconfigjson"}
    assert str(pulled.address) in map(str, found["LLM.chat/main/deployment"].depends_on)


def test_every_object_has_a_file_of_its_own() -> None:
    manifests = tuple(rendered().values())
    assert len(as_files(manifests)) == len(manifests)
