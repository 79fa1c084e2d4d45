"""What was rendered: how many objects of which kinds, for how many documents."""

from collections import Counter

from opsdecl.render.types import ManifestSet
from opsdecl.view.cells import Cell, align, printable
from opsdecl.view.style import BOLD, DIM, Ink, ink_for
from opsdecl.view.words import count


def render_summary(manifests: ManifestSet, *, folder: str = "", color: bool = False) -> str:
    """`folder` is where they were written, if anywhere."""
    ink = ink_for(color)
    where = f" in {printable(folder)}" if folder else ""
    total = count(len(manifests.manifests), "object")
    head = (
        f"{ink(printable(str(manifests.release)), BOLD)}   {total} of {count(_documents(manifests), 'document')}{where}"
    )
    digest = ink(f"  digest {manifests.digest}", DIM)
    return "\n".join([head, *_kinds(manifests, ink), digest]) + "\n"


def _documents(manifests: ManifestSet) -> int:
    return len({manifest.address.spec for manifest in manifests.manifests})


def _kinds(manifests: ManifestSet, ink: Ink) -> list[str]:
    found = Counter(manifest.key.kind for manifest in manifests.manifests)
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return align([[Cell(f"  {number:>5,}"), Cell(printable(kind))] for kind, number in ranked], ink)
