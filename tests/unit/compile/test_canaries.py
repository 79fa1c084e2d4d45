"""How many pods a canary needs beside those that serve, and what is said where there is no room for them."""

import pytest

from opsdecl.compile.rollout import way_of
from opsdecl.diag import Span
from opsdecl.fleet.types import Way
from opsdecl.flows.validate import validate_tree
from tests.support.routed import BY_CANARY, MODELS, routed_tree

ACCELERATOR = {"gpu": "l40s", "count": 1, "pool": "l40s"}


def pools(reserve: int) -> dict[str, dict[str, object]]:
    return {"l40s": {"gpu": "l40s", "nodes": 4, "gpusPerNode": 4, "reserve": reserve}}


@pytest.mark.parametrize(
    ("rollout", "reserve", "way"),
    [
        ({"steps": [{"weight": 10}, {"weight": 50}]}, 4, Way(surge="100%")),
        # One pod for a tenth; two for the half while all four still serve; four for all while two are left.
        ({"steps": [{"weight": 10}, {"weight": 50}]}, 3, Way(surge=2)),
        ({"steps": [{"weight": 25}, {"weight": 50}, {"weight": 75}]}, 0, Way(surge=1)),
        ({"trafficPercent": 10}, 0, Way(surge=4)),
        ({"trafficPercent": 10, "keepStable": True}, 0, Way(surge="100%")),
    ],
)
def test_pods_beside_those_that_serve(rollout: dict[str, object], reserve: int, way: Way) -> None:
    spec = {
        "replicas": {"count": 4},
        "accelerator": ACCELERATOR,
        "rollout": {"strategy": "canary", **rollout},
    }
    assert way_of(spec, pools(reserve)) == way


def test_no_room_for_both_versions_is_an_error_at_the_line() -> None:
    """Five GPUs of eight are taken, so all pods of a second version never start."""
    small, replicas = {"nodes: 4, gpusPerNode: 4, reserve: 4": "nodes: 2, gpusPerNode: 4"}, "replicas: {count: 4}"
    kept = {replicas: BY_CANARY[replicas].replace("hold: true}]", "hold: true}], keepStable: true")}
    assert "OD770" not in [d.code.id for d in validate_tree(routed_tree(**{**BY_CANARY, **small}))]
    (found,) = (d for d in validate_tree(routed_tree(**{**BY_CANARY, **small, **kept})) if d.code.id == "OD770")
    assert found.message == "a canary needs 4 pods beside those that serve, and pool `l40s` has no room for that"
    assert isinstance(found.at, Span)
    assert (found.at.file, found.at.line) == (MODELS, 27)
