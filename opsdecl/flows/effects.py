"""What changes of fields mean, by kind, as the diff asks for it."""

from collections.abc import Iterator, Mapping, Sequence

from opsdecl.diff.classify import EffectTable
from opsdecl.spec.fields import FieldEffect, effects_of, kind_names

_PUBLISHED = (
    FieldEffect("spec.model.license", "metadata", "the licence is known to be another"),
    FieldEffect("spec.model.weightsGiB", "rolling", "start-up probes and sizes follow from it"),
)
"""What changes of the catalogue mean, which no field of the kind declares."""
_MEASURED = FieldEffect("spec.answers", "metadata", "another candidate is measured")
"""What an Evaluation takes from whatever it measures."""


class _EffectsByKind(Mapping[str, Sequence[FieldEffect]]):
    """Walks through the fields of a kind when somebody asks about one."""

    def __getitem__(self, kind: str) -> Sequence[FieldEffect]:
        if kind not in kind_names():
            raise KeyError(kind)
        more = _PUBLISHED if kind == "LLM" else ()
        return (*effects_of(kind), *more, _MEASURED)

    def __iter__(self) -> Iterator[str]:
        return iter(kind_names())

    def __len__(self) -> int:
        return len(kind_names())


def effect_table() -> EffectTable:
    """What changes of fields mean, by kind, as the kinds themselves declare it."""
    return _EffectsByKind()
