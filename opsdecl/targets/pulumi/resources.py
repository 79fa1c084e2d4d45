"""Program -> Pulumi resources, inside a running Pulumi program. Importing this imports Pulumi.

The generic resource class carries the type's true token and plain inputs, which is all that the engine sees of a typed
class too; the typed ones take a third of a second and 60 MB to import.
"""

from collections.abc import Mapping
from importlib.metadata import version

from pulumi import Alias, ComponentResource, CustomResource, CustomTimeouts, ProviderResource, Resource, ResourceOptions

from opsdecl.targets.pulumi.program import PROVIDER_NAME, Child, Component, Program


def declare(program: Program) -> None:
    """Registers components first, then children after what they depend on."""
    components = {spec: _component(component) for spec, component in program.components.items()}
    plugin = version("pulumi-kubernetes")
    provider = _provider(program.provider, plugin) if program.provider is not None else None
    made: dict[str, Resource] = {}
    for child in program.children:
        made[child.name] = _child(child, components[child.component], made, plugin, provider)


def _provider(inputs: Mapping[str, str], plugin: str) -> ProviderResource:
    return ProviderResource("kubernetes", PROVIDER_NAME, dict(inputs), ResourceOptions(version=plugin))


def _component(component: Component) -> ComponentResource:
    options = ResourceOptions(aliases=[Alias(name=name) for name in component.aliases])
    resource = ComponentResource(component.type, component.name, None, options)
    resource.register_outputs({})
    return resource


def _child(
    child: Child, parent: Resource, made: dict[str, Resource], plugin: str, provider: ProviderResource | None
) -> CustomResource:
    options = ResourceOptions(
        parent=parent,
        depends_on=[made[name] for name in child.depends_on],
        protect=child.protect,
        aliases=_aliases(child),
        ignore_changes=list(child.ignore_changes),
        version=plugin,
        provider=provider,
        custom_timeouts=_timeouts(child.timeout_s),
        delete_before_replace=child.delete_first or None,
        replace_on_changes=["apiVersion"] if child.delete_first and child.former_token else None,
    )
    return CustomResource(child.token, child.name, dict(child.inputs), options)


def _aliases(child: Child) -> list[Alias]:
    if not child.former_token:
        return [Alias(name=name) for name in child.aliases]
    return [Alias(name=name, type_=child.former_token) for name in (child.name, *child.aliases)]


def _timeouts(seconds: int | None) -> CustomTimeouts | None:
    return CustomTimeouts(create=f"{seconds}s", update=f"{seconds}s") if seconds is not None else None
