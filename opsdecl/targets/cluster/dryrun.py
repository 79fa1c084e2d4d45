"""Server-side dry runs: what the API server would make of wanted objects, and what it would refuse."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from opsdecl.addr import ObjectKey
from opsdecl.diag import Diagnostic
from opsdecl.diag.codes import cluster as codes
from opsdecl.render.types import Manifest
from opsdecl.targets.cluster.client import Client, each
from opsdecl.targets.cluster.comparing import decorated, is_leaving, ours_of
from opsdecl.targets.cluster.failures import NOT_DECLARED, StatusError, explain
from opsdecl.targets.cluster.inventory import Entry
from opsdecl.targets.cluster.kinds import Kinds
from opsdecl.targets.cluster.moved import sent
from opsdecl.targets.cluster.refusals import PlaceOf, conflict, has_field, refusals

Candidate = tuple[Manifest, Entry | None, Mapping[str, Any] | None]
"""What is wanted, what our records say, and what is there."""


class Tried(Struct, frozen=True):
    """`unchanged`: objects that an apply would leave exactly as they are, however different they look."""

    unchanged: frozenset[ObjectKey] = frozenset()
    findings: tuple[Diagnostic, ...] = ()


class Applier(Struct, frozen=True):
    """Who applies: the field manager, the set that the objects join, `ADDRESS PATH` of what it takes."""

    manager: str
    applyset: str
    force: frozenset[str] = frozenset()

    def may_take(self, manifest: Manifest, entry: Entry | None, path: str) -> bool:
        """What we had set before and others changed since is drift, which the plan shows; else it must be listed."""
        return was_applied(entry, path) or f"{manifest.address} {path}" in self.force


async def try_out(client: Client, kinds: Kinds, who: Applier, wanted: Sequence[Candidate], place_of: PlaceOf) -> Tried:
    """One dry run an object, and a forced one where fields are taken; of new objects that differ in nothing but their
    names, one for all of them, or one each where that one is refused. Missing namespaces are reported once each."""
    answers: dict[ObjectKey, tuple[bool, tuple[Diagnostic, ...]]] = {}

    async def one(candidate: Candidate) -> None:
        try:
            answers[candidate[0].key] = await _try(client, kinds, who, candidate, place_of)
        except StatusError as error:
            answers[candidate[0].key] = False, refused(client, error, candidate[0], place_of)

    groups = _alike(wanted)
    await each([group[0] for group in groups], one)
    await each([c for group in groups if answers[group[0][0].key][1] for c in group[1:]], one)
    unchanged = frozenset(key for key, (same, _) in answers.items() if same)
    findings = (d for manifest, _, _ in wanted if manifest.key in answers for d in answers[manifest.key][1])
    return Tried(unchanged, tuple(dict.fromkeys(findings)))


def _alike(wanted: Sequence[Candidate]) -> Sequence[Sequence[Candidate]]:
    """What the server would judge alike, longest names first: those are refused where any is. Whatever is there, or
    was there before, is alone."""
    groups: dict[object, list[Candidate]] = {}
    for candidate in wanted:
        manifest, entry, live = candidate
        is_new = entry is None and live is None
        groups.setdefault(_without_names(manifest) if is_new else manifest.key, []).append(candidate)
    return [sorted(group, key=lambda c: -len(c[0].key.name)) for group in groups.values()]


def _without_names(manifest: Manifest) -> str:
    """Equal for objects that come from one another by putting another name in the place of their own everywhere."""
    import msgspec

    text = msgspec.json.encode(manifest.data).decode()
    # JSON holds no such characters unless they are escaped.
    for mark, name in enumerate((manifest.key.name, manifest.address.spec.name)):
        text = text.replace(name, chr(mark))
    return text


async def _try(
    client: Client, kinds: Kinds, who: Applier, candidate: Candidate, place_of: PlaceOf
) -> tuple[bool, tuple[Diagnostic, ...]]:
    """Raises StatusError where the server refuses the object."""
    manifest, entry, live = candidate
    manager = who.manager
    path = kinds[manifest.key.api_version, manifest.key.kind].path(manifest.key)
    body = decorated(sent(manifest, live), who.applyset, 0 if live is None else None)
    params = {"fieldManager": manager, "dryRun": "All", "fieldValidation": "Strict"}
    try:
        merged = (await client.patch(path, body, {**params, "force": "false"})).body
    except StatusError as error:
        if not error.conflicts:
            raise
        claims = [found for found in error.conflicts if not who.may_take(manifest, entry, found.path)]
        if not claims:
            await client.patch(path, body, {**params, "force": "true"})
        return False, tuple(conflict(manifest, found, place_of) for found in claims)
    # What is going away may look as wanted to its end.
    if live is None or is_leaving(live) or entry is None or entry.applied is None:
        return False, ()
    trees = (entry.applied, manifest.data)
    return ours_of(merged, trees, manager) == ours_of(live, trees, manager), ()


def was_applied(entry: Entry | None, path: str) -> bool:
    """Whether we set the field before, so that what stands there now is drift and not somebody else's claim."""
    return entry is not None and entry.applied is not None and has_field(entry.applied, path)


def refused(client: Client, error: StatusError, manifest: Manifest, place_of: PlaceOf) -> tuple[Diagnostic, ...]:
    if error.code == 404:
        namespace = manifest.key.namespace
        said = f"{client.server.name} has no namespace `{namespace}`"
        return (Diagnostic(codes.NO_NAMESPACE, said, hint=f"kubectl create namespace {namespace}"),)
    if NOT_DECLARED in error.message or error.code in (400, 409, 413, 422) or _by_admission(error):
        return refusals(error, manifest, place_of)
    return (explain(error, client.server.name),)


def _by_admission(error: StatusError) -> bool:
    """403 is also how admission and quotas say no; a lack of rights names the user."""
    return error.code == 403 and "cannot" not in error.message.partition(":")[2][:80]
