"""Which new objects the server is asked about."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.client import Answer, Client
from opsdecl.targets.cluster.dryrun import Applier, Candidate, try_out
from opsdecl.targets.cluster.failures import StatusError
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.kinds import Served
from opsdecl.targets.cluster.refusals import nowhere
from tests.contracts.builders import manifest

KINDS = {
    ("v1", "ConfigMap"): Served("v1", "ConfigMap", "configmaps", True),
    ("apps/v1", "Deployment"): Served("apps/v1", "Deployment", "deployments", True),
}


@dataclass
class Listener:
    """Notes the names that it is asked about, and refuses some."""

    refused: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    async def patch(self, path: str, body: Any, params: Any) -> Answer:
        name = path.rpartition("/")[2]
        self.asked.append(name)
        if name in self.refused:
            raise StatusError(422, "patch", path, {"message": f"{name} is wrong"})
        return Answer(201, body)


def asked(wanted: Sequence[Candidate], *refused: str) -> tuple[list[str], list[str]]:
    """The names that were asked about, and the findings' documents."""
    listener = Listener(frozenset(refused))
    tried = asyncio.run(try_out(cast(Client, listener), KINDS, Applier("me", "set"), wanted, nowhere))
    return sorted(listener.asked), [d.subject for d in tried.findings]


def config(name: str, value: Any = 1, **more: Any) -> Manifest:
    return manifest(f"LLM.{name}/main/part", "ConfigMap", name, value, **more)


def new(*manifests: Manifest) -> list[Candidate]:
    return [(m, None, None) for m in manifests]


def test_new_objects_that_differ_in_their_names_alone_are_asked_about_once_by_the_longest_name() -> None:
    assert asked(new(config("m-1"), config("m-234"), config("m-56"))) == (["m-234"], [])
    both = [manifest(f"LLM.{n}/main/part", "Deployment", f"{n}-server", 1) for n in ("one", "three", "two")]
    assert asked(new(*both)) == (["three-server"], [])


def test_any_other_difference_is_asked_about() -> None:
    assert asked(new(config("m-1"), config("m-2", 2), config("m-3", namespace="other")))[0] == ["m-1", "m-2", "m-3"]
    assert asked(new(config("m-1", "of m-2"), config("m-2", "of m-2")))[0] == ["m-1", "m-2"]
    assert asked(new(config("m-1", "of m-1"), config("m-2", "of m-2")))[0] == ["m-1"]


def test_where_one_is_refused_each_of_its_like_is_asked_about_and_named() -> None:
    wanted = new(config("m-1"), config("m-2"), config("other", 2), config("m-34"))
    assert asked(wanted, "m-34", "m-1") == (["m-1", "m-2", "m-34", "other"], ["LLM.m-1", "LLM.m-34"])


def test_what_is_there_or_was_is_asked_about_by_itself() -> None:
    first, second, third = config("m-1"), config("m-2"), config("m-3")
    entry = Entry(str(second.address), second.key, "", None)
    there: list[Candidate] = [(first, None, None), (second, entry, None), (third, None, {"metadata": {}})]
    assert asked(there)[0] == ["m-1", "m-2", "m-3"]
