"""What a Maintenance looks after -> the pins that are behind what they follow. Asks hubs, git servers and alerts."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from opsdecl.addr import SpecAddress
from opsdecl.catalog import engines
from opsdecl.compile.types import CompiledDocument
from opsdecl.diag import Checked, Diagnostic, SpecPath
from opsdecl.diag.codes import maintenance as codes
from opsdecl.flows.build import Built
from opsdecl.flows.project import place_of
from opsdecl.flows.promotion import Move, overlay_of
from opsdecl.spec.kinds.maintenance import FollowedEngines, MaintenanceSpec, Retraining, Window
from opsdecl.spec.types import Json

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class World(Struct, frozen=True):
    """What is asked: the newest commit of a hub's repository or of a git branch, raised alerts, the time, and when the
    last commit changed some files (None: never)."""

    now: datetime
    hub: Callable[[str, str, str], Checked[str]]
    branch: Callable[[str, str], Checked[str]]
    alerts: Callable[[str], Checked[frozenset[str]]]
    changed: Callable[[tuple[str, ...]], datetime | None]
    given: frozenset[str] = frozenset()
    """Alerts that whoever calls says are raised."""


class Moved(Struct, frozen=True):
    """A pin that follows, before and after, and why."""

    move: Move
    before: Json
    why: str


class Looked(Struct, frozen=True):
    """What moved, and what could not be told; `held` are reasons why something was not looked at now."""

    moved: tuple[Moved, ...]
    diagnostics: tuple[Diagnostic, ...]
    held: tuple[str, ...] = ()


class _Look(Struct, frozen=True):
    built: Built
    spec: MaintenanceSpec
    world: World
    findings: list[Diagnostic] = field(default_factory=list)

    def document(self, kind: str, name: str) -> CompiledDocument:
        found = self.built.graph.document(SpecAddress(kind, name))
        assert found is not None, f"{kind}.{name} is a reference that was resolved"
        return found

    def answer(self, checked: Checked[str]) -> str:
        """Empty where nobody answered, which is a finding."""
        self.findings.extend(checked.diagnostics)
        return checked.value or ""

    def moved(self, document: CompiledDocument, path: SpecPath, before: Json, after: Json, why: str) -> Moved:
        file = overlay_of(document, self.built.environment.address.name)
        return Moved(Move(document.address, path, after, file), before, why)


def look(built: Built, maintenance: CompiledDocument, world: World) -> Looked:
    """In the order of the fields. Models and engines are looked at within their window only."""
    at = _Look(built, maintenance.model.spec, world)
    found = [*_data(at)]
    held: tuple[str, ...] = ()
    if at.spec.window is None or _is_open(at.spec.window, world.now):
        found += [*_models(at), *(_engines(at, at.spec.engines) if at.spec.engines else ())]
    elif at.spec.engines or at.spec.models.llms or at.spec.models.trainings:
        held = ("models and engines were not looked at: it is outside of their window",)
    found += _retrained(at, {str(each.move.address) for each in found})
    return Looked(tuple(found), tuple(at.findings), held)


def _is_open(window: Window, now: datetime) -> bool:
    time = f"{now:%H:%M}"
    return (not window.days or _DAYS[now.weekday()] in window.days) and window.from_ <= time < window.to


def _data(at: _Look) -> Iterator[Moved]:
    for followed in at.spec.data:
        document = at.document("Dataset", followed.dataset)
        source = document.effective["spec"]["source"]
        if source["type"] == "hf":
            name = source["uri"].removeprefix("hf://")
            newest = at.answer(at.world.hub("dataset", name, followed.follow))
        else:
            name = source["url"]
            newest = at.answer(at.world.branch(name, followed.follow))
        before = source.get("revision", "")
        if newest and newest != before:
            why = f"`{followed.follow}` of {name} has moved"
            yield at.moved(document, ("spec", "source", "revision"), before, newest, why)


def _models(at: _Look) -> Iterator[Moved]:
    named: list[tuple[str, str, SpecPath]] = [("LLM", name, ("spec", "model")) for name in at.spec.models.llms]
    named += [("Training", name, ("spec", "base", "model")) for name in at.spec.models.trainings]
    for kind, name, path in named:
        document = at.document(kind, name)
        facts = document.effective.get("model", {})
        repository = str(facts.get("uri", "")).removeprefix("hf://")
        newest = at.answer(at.world.hub("model", repository, at.spec.models.follow)) if repository else ""
        before = facts.get("revision", "")
        if newest and newest != before:
            written = _value(document.effective, path)
            is_entry = isinstance(written, str)
            after: Json = {"uri": facts["uri"], "revision": newest} if is_entry else newest
            why = f"`{at.spec.models.follow}` of {repository} has moved"
            shown = f"{written} @ {before}" if is_entry else before
            yield at.moved(document, path if is_entry else (*path, "revision"), shown, after, why)


def _value(tree: Mapping[str, Any], path: SpecPath) -> Any:
    found: Any = tree
    for part in path:
        found = found[part]
    return found


def _engines(at: _Look, followed: FollowedEngines) -> Iterator[Moved]:
    for name in followed.runtimes if followed.update != "none" else ():
        document = at.document("Runtime", name)
        spec = document.effective["spec"]
        version, image = str(spec["version"]), str(spec["image"])
        newest = newest_release(spec["engine"], version, followed.update)
        if not newest:
            continue
        tag = image.partition("@")[0]
        if version not in tag:
            at.findings.append(_unnamed(at, document, newest))
            continue
        why = f"{spec['engine']} {newest} is the newest {followed.update} release that is known"
        yield at.moved(document, ("spec", "version"), version, newest, why)
        told = "its tag; name its digest once you know it" if "@" in image else "its tag"
        head, _, tail = tag.rpartition(version)
        yield at.moved(document, ("spec", "image"), image, f"{head}{newest}{tail}", told)


def newest_release(engine: str, version: str, update: str) -> str:
    """The newest release within the policy that is newer than `version`; empty where there is none."""
    own = engines.numbers(version)
    same = 2 if update == "patch" else 1
    known = [source.version for source in engines.sources(engine)]
    newer = [each for each in known if engines.numbers(each)[:same] == own[:same] and engines.numbers(each) > own]
    plain = [each for each in newer if re.fullmatch(r"\d+(\.\d+)*", each)]
    return max(plain, key=engines.numbers, default="")


def _unnamed(at: _Look, document: CompiledDocument, newest: str) -> Diagnostic:
    said = f"{newest} is known, and the tag of the image of {document.address} does not hold the version"
    place = place_of(at.built.graph, document.address, ("spec", "image"))
    return Diagnostic(codes.IMAGE_WITHOUT_VERSION, said, place, hint="move version and image by hand")


def _retrained(at: _Look, moving: set[str]) -> Iterator[Moved]:
    """A training whose data or base moves is another run by itself."""
    asked = any(each.alerts for each in at.spec.retrain) and at.spec.alertmanager is not None
    found = at.world.alerts(str(at.spec.alertmanager)) if asked else Checked(frozenset[str]())
    at.findings.extend(found.diagnostics)
    raised = at.world.given | (found.value or frozenset())
    for each in at.spec.retrain:
        document = at.document("Training", each.training)
        reads = {f"Dataset.{name}" for name in document.model.spec.datasets}
        why = _due(at, each, document, raised)
        if why and not moving & {str(document.address), *reads}:
            before = document.model.spec.run.attempt
            yield at.moved(document, ("spec", "run", "attempt"), before, before + 1, why)


def _due(at: _Look, each: Retraining, document: CompiledDocument, raised: frozenset[str]) -> str:
    """Why it is to be run once more; empty where it is not."""
    last = at.world.changed(tuple(layer.file for layer in document.layers))
    age = at.world.now - last if last is not None else timedelta.max
    alerts = [name for name in each.alerts if name in raised]
    if alerts and age >= timedelta(seconds=each.not_within.seconds):
        return f"the alert {', '.join(alerts)} is raised"
    if each.every is not None and age >= timedelta(seconds=each.every.seconds):
        return f"it was last changed {last:%Y-%m-%d}, more than {each.every} ago" if last else "it was never committed"
    return ""
