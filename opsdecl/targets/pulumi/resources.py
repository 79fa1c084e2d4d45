"""Program -> Pulumi resources, inside a running Pulumi program. Importing this imports Pulumi.

The generic resource class carries the type's true token and plain inputs, which is all that the engine sees of a typed
class too; the typed ones take a third of a second and 60 MB to import.
"""

from importlib.metadata import version

from pulumi import Alias, ComponentResource, CustomResource, Resource, ResourceOptions

from opsdecl.targets.pulumi.program import Child, Component, Program


def declare(program: Program) -> None:
    """Registers components first, then children after what they depend on."""
    components = {spec: _component(component) for spec, component in program.components.items()}
    provider = version("pulumi-kubernetes")
    made: dict[str, Resource] = {}
    for child in program.children:
        made[child.name] = _child(child, components[child.component], made, provider)


def _component(component: Component) -> ComponentResource:
    options = ResourceOptions(aliases=[Alias(name=name) for name in component.aliases])
    resource = ComponentResource(component.type, component.name, None, options)
    resource.register_outputs({})
    return resource


def _child(child: Child, parent: Resource, made: dict[str, Resource], provider: str) -> CustomResource:
    options = ResourceOptions(
        parent=parent,
        depends_on=[made[name] for name in child.depends_on],
        protect=child.protect,
        aliases=[Alias(name=name) for name in child.aliases],
        ignore_changes=list(child.ignore_changes),
        version=provider,
    )
    return CustomResource(child.token, child.name, dict(child.inputs), options)
