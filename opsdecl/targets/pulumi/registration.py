"""A release registered through the real Pulumi SDK in this process; no engine, no backend, nothing is deployed."""

import asyncio
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from opsdecl.render.types import ManifestSet
from opsdecl.targets.pulumi.program import Program, program_of


class RegisteredResource(Struct, frozen=True):
    """What the engine would receive. `dependencies` are URNs; `parent` is empty for the stack's own children.

    `inputs` are what the SDK serialised, with integral doubles turned back into integers: Pulumi knows doubles only.
    """

    urn: str
    type: str
    name: str
    parent: str
    dependencies: tuple[str, ...]
    inputs: Mapping[str, Any]
    protect: bool
    aliases: tuple[str, ...]
    ignore_changes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data for printing, in Pulumi's spelling."""
        fields = asdict(self)
        fields["ignoreChanges"] = fields.pop("ignore_changes")
        return fields


def register(manifests: ManifestSet) -> tuple[RegisteredResource, ...]:
    """Components and objects of the release, sorted by URN.

    Pulumi keeps its settings in context variables; those set within this event loop die with it.
    """
    program = program_of(manifests)
    return asyncio.run(_registered(program))


async def _registered(program: Program) -> tuple[RegisteredResource, ...]:
    from pulumi.runtime.settings import configure
    from pulumi.runtime.stack import run_in_stack

    from opsdecl.targets.pulumi.monitor import RecordingMonitor, recording_settings
    from opsdecl.targets.pulumi.resources import declare

    monitor = RecordingMonitor(program.project, program.stack)
    configure(recording_settings(monitor))
    await run_in_stack(lambda: declare(program))
    return tuple(_registered_resource(urn, request) for urn, request in sorted(monitor.requests.items()))


def _registered_resource(urn: str, request: Any) -> RegisteredResource:
    return RegisteredResource(
        urn=urn,
        type=request.type,
        name=request.name,
        parent="" if "::pulumi:pulumi:Stack::" in request.parent else request.parent,
        dependencies=tuple(sorted(request.dependencies)),
        inputs=_plain(request.object),
        protect=request.protect,
        aliases=tuple(alias.spec.name for alias in request.aliases),
        ignore_changes=tuple(request.ignoreChanges),
    )


def _plain(struct: Any) -> dict[str, Any]:
    return {name: _value(value) for name, value in struct.fields.items()}


def _value(value: Any) -> Any:
    """A protobuf value as plain data. Canonical objects hold no integral floats: an integral double was an integer."""
    match value.WhichOneof("kind"):
        case "struct_value":
            return _plain(value.struct_value)
        case "list_value":
            return [_value(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None
