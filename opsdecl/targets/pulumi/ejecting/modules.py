"""What a stack holds -> the modules of a Python program that declares it: one for each document."""

import keyword
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from opsdecl.addr import Address, SpecAddress
from opsdecl.targets.pulumi.ejecting.held import Held, HeldDocument, HeldObject, HeldProvider
from opsdecl.targets.pulumi.ejecting.literals import WIDTH, Expression, call
from opsdecl.targets.pulumi.ejecting.secrets import Configured, configured
from opsdecl.targets.pulumi.program import PROVIDER_NAME

if TYPE_CHECKING:
    from opsdecl.targets.pulumi.ejecting.typed import Typed

PACKAGE = "documents"
PROVIDER = "provider"
_TAKEN = frozenset({"pulumi", "k8s", "kubernetes", "config"})
_Group = tuple[HeldDocument, ...]


def module_files(held: Held) -> Mapping[str, str]:
    """Path -> source of everything below the program's folder but `__main__.py`."""
    groups = group(held.documents)
    homes = _homes(groups)
    files = {f"{PACKAGE}/{name}.py": _module(members, homes) for name, members in groups.items()}
    if held.provider is not None:
        files[f"{PROVIDER}.py"] = _provider(held.provider)
    return {f"{PACKAGE}/__init__.py": '"""One module for each document of the release."""\n', **files}


def group(documents: Sequence[HeldDocument]) -> Mapping[str, _Group]:
    """Module name -> its documents: one, or several whose objects need each other in a circle."""
    joined = {document.address: document.address for document in documents}
    while True:
        order: TopologicalSorter[SpecAddress] = TopologicalSorter()
        for document in documents:
            own = joined[document.address]
            order.add(own, *({joined[need] for need in _needs(document) if need in joined} - {own}))
        try:
            order.prepare()
        except CycleError as error:
            circle = set(error.args[1])
            joined = {address: min(circle) if first in circle else first for address, first in joined.items()}
            continue
        break
    names = _distinct({first: _identifier(str(first)) for first in dict.fromkeys(joined.values())})
    return {
        name: tuple(document for document in documents if joined[document.address] == first)
        for first, name in sorted(names.items(), key=lambda pair: pair[1])
    }


def _needs(document: HeldDocument) -> Iterator[SpecAddress]:
    for held in document.objects:
        yield from (need.spec for need in held.depends_on)


class _Home(Struct, frozen=True):
    """Where a resource is known: the variable, and the module that has it."""

    module: str
    name: str

    def seen_from(self, module: str) -> Expression:
        return Expression(self.name if module == self.module else f"{self.module}.{self.name}")


def _homes(groups: Mapping[str, _Group]) -> Mapping[SpecAddress | Address, _Home]:
    found: dict[SpecAddress | Address, _Home] = {}
    for module, members in groups.items():
        wanted: dict[SpecAddress | Address, str] = {
            document.address: _identifier(str(document.address)) for document in members
        }
        objects = [held.address for document in members for held in document.objects]
        for address in objects:
            wanted[address] = _identifier(_shortest(address, objects, alone=len(members) == 1))
        others = groups.keys() - {_identifier(str(document.address)) for document in members}
        found |= {address: _Home(module, name) for address, name in _distinct(wanted, others).items()}
    return found


def _shortest(address: Address, others: Iterable[Address], *, alone: bool) -> str:
    """The role, with as much before it as tells it from others."""
    if not alone:
        return f"{address.spec.name}_{address.variant}_{address.role}"
    same = [other for other in others if other.role == address.role]
    return address.role if len(same) == 1 else f"{address.variant}_{address.role}"


def _distinct(wanted: Mapping[Any, str], taken: Collection[str] = ()) -> dict[Any, str]:
    """The names, numbered where two are the same."""
    used = {*_TAKEN, *taken}
    found: dict[Any, str] = {}
    for key, name in wanted.items():
        free, number = name, 1
        while free in used:
            number += 1
            free = f"{name}_{number}"
        used.add(free)
        found[key] = free
    return found


def _identifier(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()).strip("_") or "_"
    return f"_{name}" if name[0].isdigit() else f"{name}_" if keyword.iskeyword(name) else name


def _provider(provider: HeldProvider) -> str:
    options = Expression(f'pulumi.ResourceOptions(version="{provider.version}")')
    made = call("pulumi.ProviderResource", ["kubernetes", PROVIDER_NAME, dict(provider.inputs), options], {})
    return "\n".join(
        [
            '"""The way to the cluster, or to the folder that manifests are rendered to."""',
            "",
            "import pulumi",
            "",
            "# Not `k8s.Provider`, which takes the kubeconfig that KUBECONFIG names as an input:",
            "# the stack would differ from one machine to the next. The plugin itself reads it,",
            "# and looks up the context there.",
            f"kubernetes = {made}",
            "",
        ]
    )


def _module(members: _Group, homes: Mapping[SpecAddress | Address, _Home]) -> str:
    from opsdecl.targets.pulumi.ejecting.typed import typed

    module = homes[members[0].address].module
    objects = [(document, held) for document in members for held in document.objects]
    given = {held.address: configured(held.address, held.inputs) for _, held in objects}
    made = {held.address: typed(held.token, given[held.address].inputs) for _, held in objects}
    needed = sorted({homes[need].module for _, held in objects for need in held.depends_on if need in homes} - {module})
    blocks = [_component(document, homes) for document in members]
    blocks += [
        _object(held, given[held.address], made[held.address], homes[document.address], homes)
        for document, held in _ordered(objects)
    ]
    head = [*_head(members, tuple(made.values()), needed)]
    if any(one.secrets for one in given.values()):
        head += ["", "config = pulumi.Config()"]
    return "\n".join([*head, *(f"\n{block}" for block in blocks), ""])


def _head(members: _Group, made: Sequence["Typed | None"], needed: Sequence[str]) -> Iterator[str]:
    named = ", ".join(f"{document.address.kind} `{document.address.name}`" for document in members)
    yield f'"""{named}."""'
    yield ""
    yield "import pulumi"
    if any(made):
        yield "import pulumi_kubernetes as k8s"
    if needed or made:
        yield ""
    if needed:
        yield from import_lines(needed)
    if made:
        yield f"from {PROVIDER} import kubernetes"


def import_lines(modules: Sequence[str], remark: str = "") -> Sequence[str]:
    """Of modules of the package."""
    flat = f"from {PACKAGE} import {', '.join(modules)}"
    if len(flat) <= WIDTH and not remark:
        return (flat,)
    return (f"from {PACKAGE} import ({remark}", *(f"    {name}," for name in modules), ")")


def _ordered(objects: Sequence[tuple[HeldDocument, HeldObject]]) -> list[tuple[HeldDocument, HeldObject]]:
    """What others need comes first."""
    by_address = {held.address: (document, held) for document, held in objects}
    order: TopologicalSorter[Address] = TopologicalSorter()
    for address, (_, held) in by_address.items():
        order.add(address, *(need for need in held.depends_on if need in by_address))
    return [by_address[address] for address in order.static_order()]


def _component(document: HeldDocument, homes: Mapping[SpecAddress | Address, _Home]) -> str:
    options = {"aliases": list(document.aliases)} if document.aliases else {}
    given: dict[str, Any] = {"opts": _options(options)} if options else {}
    name = homes[document.address].name
    flat = f'{name} = pulumi.ComponentResource("{document.type}", "{document.address}")'
    if not given and len(flat) <= WIDTH:
        return flat
    return f"{name} = {call('pulumi.ComponentResource', [document.type, str(document.address)], given)}"


def _object(
    held: HeldObject,
    given: Configured,
    made: "Typed | None",
    parent: _Home,
    homes: Mapping[SpecAddress | Address, _Home],
) -> str:
    options: dict[str, Any] = {"parent": Expression(parent.name), "provider": Expression("kubernetes")}
    needs = [homes[need].seen_from(parent.module) for need in held.depends_on if need in homes]
    options |= {"depends_on": needs} if needs else {}
    options |= {"protect": True} if held.protect else {}
    options |= {"ignore_changes": list(held.ignore_changes)} if held.ignore_changes else {}
    options |= {"aliases": list(held.aliases)} if held.aliases else {}
    options |= {"custom_timeouts": _timeouts(held.timeouts)} if held.timeouts else {}
    name, last = homes[held.address].name, {"opts": _options(options)}
    if made is None:
        return f"{name} = {call('pulumi.CustomResource', [held.token, str(held.address), dict(given.inputs)], last)}"
    return f"{name} = {call(made.name, [str(held.address)], {**made.arguments, **last})}"


def _options(options: Mapping[str, Any]) -> Expression:
    return Expression(call("pulumi.ResourceOptions", [], options, indent=4))


def _timeouts(timeouts: Mapping[str, float]) -> Expression:
    given = ", ".join(f'{name}="{seconds:g}s"' for name, seconds in sorted(timeouts.items()))
    return Expression(f"pulumi.CustomTimeouts({given})")
