"""People edit, delete, make, scale and adopt objects at random instants of an apply: nothing of theirs is lost, what
deviates is told, and the apply after that converges."""

import json
import re
import time
from collections import Counter
from collections.abc import Collection, Mapping
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from opsdecl.addr import SpecAddress
from opsdecl.apply.steps import add_steps
from opsdecl.apply.types import Changed, Event, Started
from opsdecl.cli.exits import Exit
from opsdecl.cli.verdict import exit_for
from opsdecl.diag import Checked, Place, SpecPath
from opsdecl.diff.records import TargetState
from opsdecl.diff.types import ReleasePlan
from opsdecl.render.types import Manifest, ManifestSet
from opsdecl.targets.cluster.client import Client
from opsdecl.targets.cluster.store import PART_OF
from opsdecl.targets.cluster.target import ClusterTarget
from tests.contracts.builders import manifest, plan_of, record
from tests.support.cluster import ControlPlane
from tests.support.cluster_places import NAMESPACE, assist, cluster_target
from tests.support.crashes import KINDS, fleet, live, names_of
from tests.support.fault_table import Tell, rounds
from tests.support.interference import ADOPTED, Deed, Interferer, holds, name_of, path_of, value_of

__all__ = ["assist"]
OBJECTS = 60
WAVES = 3
FIRST_SEED = 20261129
BUSY = ((0.02, 0.2), (0.05, 0.05), (0.15, 0.02))
"""Seconds between two deeds, and the share of the apply's writes right before which somebody does something to the very
object: much of it stops an apply early, little lets it come to what it deletes."""
HONEST = frozenset({"OD510", "OD607", "OD609", "OD618", "OD619"})


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_people_at_work_on_what_is_applied(
    cluster: ControlPlane, assist: str, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = rounds(6, 60)
    total: Counter[str] = Counter()
    before = models(1)
    assert applied(cluster_target(cluster), before).diagnostics == ()
    for version in range(2, number + 2):
        seed = FIRST_SEED + version
        drawn = Random(seed)
        person = Interferer(cluster, drawn, before, models(version), *drawn.choice(BUSY))
        try:
            with monkeypatch.context() as patch:
                total += interfered(person, patch)
            before = person.wanted
        except BaseException as error:
            error.add_note(f"seed {seed}; what was done: {person.deeds}")
            raise
    tell(f"people at work on {OBJECTS} objects during their apply", rounds=number, **total)
    assert total["converged"] == number
    assert total["deeds"] > number
    assert total["stopped_with_findings"] > 0


def models(version: int) -> ManifestSet:
    """`WAVES` of them. Every second version leaves the counts of replicas to others."""
    return fleet(version, OBJECTS, model)


def model(name: str, version: int) -> tuple[Manifest, ...]:
    parent = f"LLM.{name}/main"
    needs = (f"{parent}/config", f"{parent}/prompt")
    server = manifest(f"{parent}/server", "Deployment", name, version, needs=needs)
    if version % 2:
        spec = {field: value for field, value in server.data["spec"].items() if field != "replicas"}
        server = Manifest(
            server.address, server.key, server.token, {**server.data, "spec": spec}, {}, server.depends_on
        )
    return (
        manifest(f"{parent}/config", "ConfigMap", f"{name}-config", version),
        manifest(f"{parent}/prompt", "ConfigMap", f"{name}-prompt", version),
        server,
        manifest(f"{parent}/service", "Service", name, version, needs=(f"{parent}/server",)),
    )


def interfered(person: Interferer, patch: pytest.MonkeyPatch) -> Counter[str]:
    """One round: an apply while somebody is at work, a look at what it says, and the apply after it."""
    cluster, wanted = person.cluster, person.wanted
    for _ in range(person.drawn.randrange(6)):
        person.edit(person.drawn.choice(person.before.manifests))
    person.deeds.clear()  # Those are drift, which the plan shows and takes back.
    uids = live(cluster)
    target = placed(cluster_target(cluster, wanted))
    state = read(target)
    plan = planned(state, wanted)
    claims: dict[str, float] = {}

    def emit(event: Event) -> None:
        if isinstance(event, Changed):
            claims[event.address] = time.monotonic()
        elif isinstance(event, Started):
            person.start()

    sent = at_the_door(person, patch)
    if person.drawn.random() < 0.2:
        person.start()
    done = target.write(wanted, plan, record(), expected=state.identity, emit=emit)
    person.stop()
    patch.undo()
    now = there(cluster)
    check_words(plan, done, claims)
    check_claims(wanted, now, claims, person.deeds, sent)
    check_deeds(person, now, uids)
    told = check_next_plan(cluster, wanted, now, uids)
    check_converges(placed(cluster_target(cluster, wanted)), wanted, told)
    check_strangers(person, now, there(cluster))
    assert set(live(cluster)) == names_of(wanted)
    return Counter(
        deeds=len(person.deeds),
        went_through=not done.diagnostics,
        stopped_with_findings=bool(done.diagnostics),
        findings=len(done.diagnostics),
        deviations_told=len(told),
        converged=1,
    )


def at_the_door(person: Interferer, patch: pytest.MonkeyPatch) -> Mapping[str, float]:
    """Somebody is faster by a hair: after our look at an object, before our write of it. When writes were sent."""
    once = Client._once
    objects = {path_of(m): m for m in (*person.before.manifests, *person.wanted.manifests)}
    sent: dict[str, float] = {}

    async def late(self: Client, method: str, path: str, *rest: Any) -> Any:
        one = objects.get(path) if method in ("PATCH", "DELETE") else None
        if one is not None and person.drawn.random() < person.at_the_door:
            person.at_random(one)
        if one is not None:
            sent[name_of(one)] = time.monotonic()
        return await once(self, method, path, *rest)

    patch.setattr(Client, "_once", late)
    return sent


def check_words(plan: ReleasePlan, done: Checked[Any], claims: Mapping[str, float]) -> None:
    """All is claimed, or each thing that is not is named by a finding; the exit code says which."""
    said = " ".join(d.message for d in done.diagnostics)
    assert {d.code.id for d in done.diagnostics} <= HONEST, said
    assert all(d.hint for d in done.diagnostics)
    assert all(d.at is not None for d in done.diagnostics if d.code.id == "OD609")
    left = [change for change in plan.changes if change.address not in claims]
    assert (exit_for(done.diagnostics) == Exit.DONE) == (not left), (left, said)
    if done.value is None:
        assert exit_for(done.diagnostics) == Exit.STALE
        return
    for change in left:
        key = f"{change.object.kind} {NAMESPACE}/{change.object.name}"
        kept = change.action == "delete" and "objects were not deleted" in said
        assert kept or key in said or f"`{change.address}`" in said, (change.address, said)


def check_claims(
    wanted: ManifestSet,
    now: Mapping[str, Any],
    claims: Mapping[str, float],
    deeds: list[Deed],
    sent: Mapping[str, float],
) -> None:
    """What is said to be done is as wanted, unless somebody came after us."""
    for one in wanted.manifests:
        name = name_of(one)
        if str(one.address) in claims and not holds(now.get(name), one.data):
            assert any(deed.name == name and deed.at > sent[name] for deed in deeds), f"{name} is not as was said"


def check_deeds(person: Interferer, now: Mapping[str, Any], uids: Mapping[str, str]) -> None:
    """The last word about a field is the person's, who came after the plan; what they made stays as they made it."""
    goes = names_of(person.before) - names_of(person.wanted)
    last: dict[tuple[str, str], Deed] = {}
    for deed in person.deeds:
        if deed.what in ("create", "delete"):
            last = {key: d for key, d in last.items() if key[1] != deed.name}
        last[deed.what, deed.name] = deed
    for (what, name), deed in last.items():
        found = now.get(name)
        if what == "create":
            assert found is not None, f"{name} of somebody else is gone"
            assert found["metadata"]["uid"] == deed.uid
            assert PART_OF not in found["metadata"].get("labels", {}), f"{name} of somebody else was taken"
            edited = {d.what for d in last.values() if d.name == name} & {"edit", "scale"}
            assert edited or holds(found, deed.value), f"{name} of somebody else was changed"
        elif what == "delete":
            # A foreign one that came and went before ours was made, as planned, is no matter.
            assert found is None or name not in uids, f"{name} was deleted, and made again unasked"
        elif what == "adopt":
            assert found is not None, f"{name} was in another tool's books, and is gone"
            assert found["metadata"]["annotations"][ADOPTED] == deed.value, f"{name} was taken out of another's books"
        elif found is None:
            assert name in goes, f"{name} is gone"
        elif what == "edit":
            assert value_of(found["kind"], found) == deed.value, f"an edit of {name} was lost"
        elif what == "scale":
            assert found["spec"]["replicas"] == deed.value, f"the count of {name} was lost"
        elif what == "annotate":
            assert found["metadata"]["annotations"]["acme.example/note"] == deed.value


def check_next_plan(
    cluster: ControlPlane, wanted: ManifestSet, now: Mapping[str, Any], uids: Mapping[str, str]
) -> set[str]:
    """The plan has what deviates, told by a comparison of our own, and what should be gone and is not, and no more."""
    deviating = {str(m.address) for m in wanted.manifests if not holds(now.get(name_of(m)), m.data)}
    going = {name for name in now.keys() & uids.keys() - names_of(wanted) if now[name]["metadata"]["uid"] == uids[name]}
    state = read(placed(cluster_target(cluster, wanted)))
    changes = planned(state, wanted).changes
    here = {str(m.address) for m in wanted.manifests}
    assert {c.address for c in changes if c.address in here} == deviating
    deleted = {f"{c.object.kind}/{c.object.name}": c.action for c in changes if c.address not in here}
    assert {name for name, action in deleted.items() if action == "delete" and name in now} >= going
    assert all(name not in now for name, action in deleted.items() if action != "delete")
    return deviating | {c.address for c in changes}


def check_converges(target: ClusterTarget, wanted: ManifestSet, told: set[str]) -> None:
    """One apply more, with what the findings of its plan say to do; then what it says itself."""
    found = target.read()
    claims = [re.search(r'`force: \["(.+)"\]`', d.hint) for d in found.diagnostics]
    assert all(claims), found.diagnostics
    force = tuple(claim[1] for claim in claims if claim is not None)
    target = replace(target, settings=replace(target.settings, force=force))
    done = applied(target, wanted)
    for _ in range(WAVES):  # Each ends at the first of its waves that may not delete something.
        forget = {d.hint.split("--forget ")[1].split(",")[0] for d in done.diagnostics if d.code.id == "OD619"}
        done = applied(target, wanted, forget) if forget else done
    assert done.diagnostics == (), done.diagnostics
    state = read(target)
    assert planned(state, wanted).changes == ()
    assert {f"{o.key.kind}/{o.key.name}" for o in state.objects} == names_of(wanted)
    assert done.value is not None


def check_strangers(person: Interferer, now: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """What others made under names that are not wanted is left alone, today and by the next apply."""
    made = {deed.uid for deed in person.deeds if deed.what == "create"}
    for name in now.keys() - names_of(person.wanted):
        if now[name]["metadata"]["uid"] in made:
            assert name in after, f"{name} of somebody else was pruned"
            assert after[name]["metadata"]["resourceVersion"] == now[name]["metadata"]["resourceVersion"] or (
                now[name]["kind"] == "Deployment"
            )


def there(cluster: ControlPlane) -> Mapping[str, Any]:
    """All objects, ours or not, by `Kind/name`, without our records."""
    listed = json.loads(cluster.kubectl("get", KINDS, "-n", NAMESPACE, "-o", "json", "-l", "!opsdecl.dev/release"))
    items = {f"{item['kind']}/{item['metadata']['name']}": item for item in listed["items"]}
    return {name: item for name, item in items.items() if "deletionTimestamp" not in item["metadata"]}


def read(target: ClusterTarget) -> TargetState:
    found = target.read()
    assert found.value is not None, found.diagnostics
    return found.value


def planned(state: TargetState, wanted: ManifestSet) -> ReleasePlan:
    """As with --no-wait: pods are not what this is about."""
    plan = add_steps(plan_of(state, wanted), wanted, state).value
    assert plan is not None
    return plan.model_copy(update={"steps": tuple(step for step in plan.steps if step.verb != "wait")})


def applied(target: ClusterTarget, wanted: ManifestSet, forget: Collection[str] = ()) -> Checked[Any]:
    state = read(target)
    plan = planned(state, wanted)
    kept = tuple(c.model_copy(update={"action": "forget"}) if c.address in forget else c for c in plan.changes)
    plan = plan.model_copy(update={"changes": kept, "steps": ()}) if forget else plan
    return target.write(wanted, plan, record(), expected=state.identity, emit=lambda event: None)


def placed(target: ClusterTarget) -> ClusterTarget:
    def place(address: SpecAddress, path: SpecPath) -> Place:
        return Place(f"{address.name}.yaml", 0, path)

    return replace(target, place_of=place)
