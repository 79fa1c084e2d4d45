"""A live object reduced to what is ours, without a table of defaults."""

import json
from typing import Any

import pytest

from opsdecl.targets.cluster.ownership import Holder, contains, leaves, manager_of, print_leaf
from opsdecl.targets.cluster.projection import project, respell
from opsdecl.targets.cluster.refusals import field_path, has_field

SERVER = json.dumps({"name": "server"}, separators=(",", ":"))
PORT = json.dumps({"containerPort": 80, "protocol": "TCP"}, separators=(",", ":"))


def test_defaults_and_fields_of_others_stay_outside() -> None:
    live = {"spec": {"replicas": 1, "paused": True, "template": {"restartPolicy": "Always", "name": "x"}}}
    wanted = {"spec": {"template": {"name": "x"}}}
    owned: Any = {"f:spec": {"f:template": {"f:name": {}}}}
    others: Any = [{"f:spec": {"f:paused": {}}}]
    assert project(live, (wanted,), owned, others) == wanted


def test_what_we_hold_is_ours_even_where_nobody_wants_it_now() -> None:
    live = {"data": {"a": "1", "b": "2"}}
    assert project(live, ({"data": {"a": "1"}},), {"f:data": {"f:a": {}, "f:b": {}}}, ()) == live


def test_entries_are_found_by_the_keys_that_the_server_uses() -> None:
    live = [
        {"name": "sidecar", "image": "y"},
        {"name": "server", "image": "x:2", "ports": [{"containerPort": 80, "protocol": "TCP"}], "tty": False},
    ]
    wanted = [{"name": "server", "image": "x:1", "ports": [{"containerPort": 80}]}]
    owned: Any = {f"k:{SERVER}": {".": {}, "f:name": {}, "f:ports": {f"k:{PORT}": {".": {}, "f:containerPort": {}}}}}
    assert project(live, (wanted,), owned, ()) == [{"name": "server", "image": "x:2", "ports": [{"containerPort": 80}]}]


@pytest.mark.parametrize("taken", [True, False])
def test_a_value_that_is_held_as_a_whole_is_whole_once_somebody_took_it(taken: bool) -> None:
    live = {"selector": {"a": "1", "b": "2"}}
    owned: Any = {} if taken else {"f:selector": {}}
    others: list[Any] = [{"f:selector": {}}] if taken else []
    found = project(live, ({"selector": {"a": "1"}},), owned or None, others)
    assert found == (live if taken else {"selector": {"a": "1"}})


def test_an_entry_that_nobody_holds_any_more_is_gone() -> None:
    wanted = [{"name": "a"}, {"name": "b"}]
    key = json.dumps({"name": "a"}, separators=(",", ":"))
    assert project([{"name": "a"}], (wanted,), {f"k:{key}": {".": {}, "f:name": {}}}, ()) == [{"name": "a"}]


def test_the_spelling_of_the_server_is_undone_where_nothing_else_changed() -> None:
    sent = {"cpu": "1000m", "empty": "", "env": [{"name": "A", "value": ""}, {"name": "B", "value": "1"}]}
    answered = {"cpu": "1", "env": [{"name": "A"}, {"name": "B", "value": "1"}]}
    assert respell(answered, answered, sent) == sent
    edited = {"cpu": "2", "env": [{"name": "A"}, {"name": "B", "value": "2"}]}
    assert respell(edited, answered, sent) == {
        "cpu": "2",
        "empty": "",
        "env": [{"name": "A", "value": ""}, {"name": "B", "value": "2"}],
    }


def test_a_truth_value_is_not_a_number() -> None:
    assert respell(1, True, "sent") == 1


class TestFieldNames:
    DATA = {  # noqa: RUF012
        "metadata": {"labels": {"app.kubernetes.io/name": "x"}},
        "spec": {"containers": [{"name": "init", "image": "a"}, {"name": "server", "ports": [{"containerPort": 80}]}]},
    }

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("spec.containers[1].ports[0].containerPort", ("spec", "containers", 1, "ports", 0, "containerPort")),
            ('.spec.containers[name="server"].ports', ("spec", "containers", 1, "ports")),
            (
                '.spec.containers[name="server"].ports[containerPort=80,protocol="TCP"].containerPort',
                ("spec", "containers", 1, "ports", 0, "containerPort"),
            ),
            (".metadata.labels.app.kubernetes.io/name", ("metadata", "labels", "app.kubernetes.io/name")),
        ],
    )
    def test_both_of_the_servers_forms_are_read(self, text: str, path: tuple[str | int, ...]) -> None:
        assert field_path(self.DATA, text) == path
        assert has_field(self.DATA, text)

    @pytest.mark.parametrize("text", ["spec.containers[7].image", '.spec.containers[name="x"].image', ".spec.replicas"])
    def test_what_is_not_there_is_known_up_to_its_parent(self, text: str) -> None:
        assert not has_field(self.DATA, text)
        assert field_path(self.DATA, text)[0] == "spec"


class TestHolders:
    @pytest.mark.parametrize(
        ("manager", "subresource", "sort"),
        [
            ("kubectl-edit", "", "person"),
            ("kubectl", "scale", "person"),
            ("kube-controller-manager", "scale", "autoscaler"),
            ("keda-operator", "", "autoscaler"),
            ("kueue", "", "operator"),
            ("opsdecl/acme/prod/main", "", "opsdecl"),
        ],
    )
    def test_are_told_apart(self, manager: str, subresource: str, sort: str) -> None:
        assert Holder(manager, "Update", subresource, "", {}).sort == sort

    def test_long_names_of_releases_stay_apart(self) -> None:
        one, two = (manager_of("acme", "prod", "t" * 200 + end) for end in "ab")
        assert one != two
        assert max(len(one), len(two)) <= 128

    def test_fields_are_printed_as_people_write_them(self) -> None:
        fields = {
            "f:spec": {"f:containers": {f"k:{SERVER}": {"f:image": {}}}},
            "f:metadata": {"f:labels": {"f:a.b/c": {}}},
        }
        found = sorted(print_leaf(leaf) for leaf in leaves(fields))
        assert found == ['metadata.labels["a.b/c"]', "spec.containers[server].image"]
        assert contains({"f:spec": {}}, ("f:spec", "f:replicas"))
        assert not contains({"f:spec": {"f:x": {}}}, ("f:spec", "f:replicas"))
