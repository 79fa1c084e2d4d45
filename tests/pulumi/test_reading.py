"""A backend in a folder is read from its files: they say what Pulumi's own command line says, which is not started."""

from pathlib import Path

import pytest

from opsdecl.targets.pulumi.engine import Engine, engine_of
from tests.contracts.builders import RELEASE, apply, chat
from tests.support.pulumi_places import folder_target, pulumi

__all__ = ["pulumi"]
pytestmark = [pytest.mark.pulumi, pytest.mark.slow]


def test_files_say_what_pulumi_says_and_pulumi_is_asked_where_they_are_compressed(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = folder_target(pulumi)
    apply(target, chat())
    asked: list[str] = []
    ran = Engine.run

    def run(self: Engine, *words: str) -> str:
        asked.append(words[0])
        return ran(self, *words)

    monkeypatch.setattr(Engine, "run", run)
    with engine_of(target.settings, RELEASE.project) as engine:
        files = [engine.export(stack) for stack in ("prod", "prod.opsdecl", "none")], engine.stacks()
        assert asked == []
        theirs = [engine._exported(stack) for stack in ("prod", "prod.opsdecl", "none")]
    assert files == (theirs, ("prod", "prod.opsdecl"))
    assert files[0][2] is None
    before = target.read().value
    assert before is not None
    assert asked == ["stack"] * 3

    monkeypatch.setenv("PULUMI_DIY_BACKEND_GZIP", "true")
    apply(target, chat(2))
    assert (pulumi / "backend/.pulumi/stacks/acme/prod.json.gz").exists()
    asked.clear()
    after = target.read().value
    assert after is not None
    assert {o.address for o in after.objects} == {o.address for o in before.objects}
    assert asked.count("stack") >= 2
