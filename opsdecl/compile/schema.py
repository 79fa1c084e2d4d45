"""What the passes need to know of a kind, as one value, so that they run over kinds that do not exist yet."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any, Protocol

from msgspec import Struct

from opsdecl.compile.merge import MergeRules
from opsdecl.diag import Checked, Place, SpecPath
from opsdecl.spec import fields
from opsdecl.spec.check import check_document
from opsdecl.spec.kinds import KINDS
from opsdecl.spec.types import Json

IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"))
VARIABLES = ("spec", "variables")


class PlaceOf(Protocol):
    """Where the value at a path was decided; with `key`, the name of the field."""

    def __call__(self, path: SpecPath, *, key: bool = False) -> Place: ...


class NoEffect(Protocol):
    """A field, and when it does nothing; `applies` answers the reason, or None where the field works."""

    @property
    def path(self) -> SpecPath: ...

    @property
    def hint(self) -> str: ...

    def applies(self, model: Any, environment: Any, runtime: Any = None) -> str | None: ...


class KindSchema(Struct, frozen=True):
    """`references` are patterns (`*` for any name or index) with what they name; `selections` paths of labels with the
    kinds that they choose from; `has_field` knows valid paths."""

    kind: str
    merge: MergeRules
    exempt: Callable[[SpecPath], bool]
    references: Sequence[tuple[SpecPath, str]]
    check: Callable[[Mapping[str, Json], PlaceOf], Checked[Any]]
    no_effect: Sequence[NoEffect]
    has_field: Callable[[SpecPath], bool]
    selections: Sequence[tuple[SpecPath, tuple[str, ...]]] = ()

    @property
    def is_served(self) -> bool:
        """Whether its objects live in a namespace that the document chooses."""
        return self.has_field(("metadata", "namespace"))


SchemaOf = Callable[[str], KindSchema | None]


@cache
def schema_of(kind: str) -> KindSchema | None:
    """None for kinds that do not exist."""
    if kind not in KINDS:
        return None
    return KindSchema(
        kind=kind,
        merge=MergeRules(
            list_key=partial(fields.merge_key_at, kind),
            union_tag=partial(_union_tag, kind),
            excludes=partial(fields.excluded_by, kind),
        ),
        exempt=partial(_is_exempt, kind),
        references=fields.references(kind),
        check=partial(_check, kind),
        no_effect=fields.no_effect_rules(kind),
        selections=fields.selections(kind),
        has_field=lambda path: fields.field_info(kind, path) is not None,
    )


def _is_exempt(kind: str, path: SpecPath) -> bool:
    """Names decide what merges with what, before expressions are evaluated."""
    return path in IDENTITY or not fields.is_interpolated(kind, path)


@lru_cache(maxsize=4096)
def _union_tag(kind: str, path: SpecPath) -> str | None:
    """The field that selects the branch, where the value at a path is one of several."""
    info = fields.field_info(kind, path)
    below = fields.fields_of(kind, info.path) if info else ()
    return "type" if any(field.branches for field in below) else None


def _check(kind: str, value: Mapping[str, Json], place: PlaceOf) -> Checked[Any]:
    return check_document(kind, value, place, partial(place, key=True))
