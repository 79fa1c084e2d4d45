"""The lock: same facts, same bytes; other facts, a finding at their line."""

import pytest
from ruamel.yaml import YAML

from opsdecl.compile.lock import LockFacts, check_lock, make_lock
from opsdecl.compile.versions import satisfies
from opsdecl.diag import Place

FACTS = LockFacts("0.1.0", "sha256:aa", "sha256:bb", {"hf://b/b": "", "hf://a/a": "f" * 40})


def parsed(facts: LockFacts) -> dict[str, object]:
    value: dict[str, object] = YAML(typ="safe").load(make_lock(facts))
    return value


def test_what_is_written_is_accepted() -> None:
    assert check_lock(parsed(FACTS), FACTS) == ()
    assert parsed(FACTS)["models"] == FACTS.models


def test_the_order_of_models_does_not_move_the_bytes() -> None:
    reordered = LockFacts("0.1.0", "sha256:aa", "sha256:bb", dict(reversed([*FACTS.models.items()])))
    assert make_lock(reordered) == make_lock(FACTS)


@pytest.mark.parametrize(
    ("now", "path"),
    [
        (LockFacts("0.2.0", "sha256:aa", "sha256:bb", FACTS.models), ("tool",)),
        (LockFacts("0.1.0", "sha256:ab", "sha256:bb", FACTS.models), ("catalog",)),
        (LockFacts("0.1.0", "sha256:aa", "sha256:bc", FACTS.models), ("schemas",)),
        (LockFacts("0.1.0", "sha256:aa", "sha256:bb", {"hf://a/a": "e" * 40}), ("models", "hf://a/a")),
    ],
)
def test_what_moved_is_found_at_its_line(now: LockFacts, path: tuple[str, ...]) -> None:
    (finding,) = check_lock(parsed(FACTS), now)
    assert finding.code.id == "OD332"
    assert finding.at == Place("opsdecl.lock", 0, path)
    assert "opsdecl validate --update-lock" in finding.hint


def test_only_protected_environments_miss_a_lock() -> None:
    assert check_lock(None, FACTS) == ()
    at = Place("environments/prod/environment.yaml", 0, ("spec", "protected"))
    assert [d.at for d in check_lock(None, FACTS, protected=at)] == [at]


@pytest.mark.parametrize(
    ("requirement", "met"),
    [
        ("", True),
        (">=0.1", True),
        (">=0.1,<0.2", True),
        (">=0.1, <0.1", False),
        ("==0.1", True),
        ("==0.1.*", True),
        ("==0.2.*", False),
        ("!=0.1.0", False),
        ("!=0.1.*", False),
        ("~=0.1", True),
        ("~=0.1.0", True),
        ("~=0.2", False),
        ("~=1.0", False),
        (">0.1.0", False),
        ("<=0.1", True),
        (">=99", False),
    ],
)
def test_requirements_of_a_project(requirement: str, met: bool) -> None:
    assert satisfies("0.1.0", requirement) is met
