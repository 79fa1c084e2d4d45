"""What controllers move of our objects is sent as it is, and is no difference."""

from typing import Any

import pytest

from opsdecl.addr import Address, ObjectKey, SpecAddress
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.moved import as_if_unmoved, sent

WEIGHTS = tuple(("spec", "rules", 0, "backendRefs", index, "weight") for index in range(2))
HASH = ("spec", "selector", "hash")


def wanted(spec: dict[str, Any], *moved: tuple[str | int, ...]) -> Manifest:
    key = ObjectKey("v1", "Service", "assist", "chat")
    return Manifest(Address(SpecAddress("LLM", "chat"), "main", "x"), key, "", {"spec": spec}, {}, ignore_changes=moved)


def rules(first: int, second: int, path: str = "/v1", names: tuple[str, str] = ("chat", "chat-canary")) -> Any:
    backends = [{"name": name, "weight": weight} for name, weight in zip(names, (first, second), strict=True)]
    return {"rules": [{"matches": path, "backendRefs": backends}]}


def test_shares_are_sent_as_they_are_and_the_rest_as_wanted() -> None:
    manifest = wanted(rules(100, 0, "/v2"), *WEIGHTS)
    assert sent(manifest, {"spec": rules(90, 10)}) == {"spec": rules(90, 10, "/v2")}
    assert sent(manifest, None) == manifest.data


def test_shares_of_another_backend_are_not_taken() -> None:
    manifest = wanted(rules(100, 0), *WEIGHTS)
    assert sent(manifest, {"spec": rules(30, 70, names=("other", "chat-canary"))}) == {"spec": rules(100, 70)}
    assert sent(manifest, {"spec": {"rules": []}}) == manifest.data


@pytest.mark.parametrize("theirs", [{"hash": "7d6f"}, {}])
def test_a_key_that_a_controller_adds(theirs: dict[str, str]) -> None:
    manifest, live = wanted({"selector": {"base": "chat"}}, HASH), {"spec": {"selector": {"base": "chat", **theirs}}}
    assert sent(manifest, live) == live
    assert as_if_unmoved(live, manifest.data, manifest) == manifest.data


def test_what_else_differs_stays_a_difference() -> None:
    manifest = wanted(rules(100, 0), *WEIGHTS)
    assert as_if_unmoved({"spec": rules(90, 10, "/v3")}, manifest.data, manifest) == {"spec": rules(100, 0, "/v3")}


def test_nothing_is_moved_where_nobody_moves() -> None:
    manifest, live = wanted(rules(100, 0)), {"spec": rules(90, 10)}
    assert sent(manifest, live) == manifest.data
    assert as_if_unmoved(live, manifest.data, manifest) == live
