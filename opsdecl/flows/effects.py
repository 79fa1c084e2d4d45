"""What changes of fields mean, by kind, as the diff asks for it."""

from collections.abc import Iterator, Mapping, Sequence

from opsdecl.diff.classify import EffectTable
from opsdecl.spec.fields import FieldEffect, effects_of, kind_names
from opsdecl.spec.kinds.declare import EffectClass

_PUBLISHED = (
    FieldEffect("spec.model.license", "metadata", "the licence is known to be another"),
    FieldEffect("spec.model.weightsGiB", "rolling", "start-up probes and sizes follow from it"),
)
"""What changes of the catalogue mean, which no field of the kind declares."""
_JUDGED = (
    FieldEffect("judge", "behaviour", "another model judges"),
    FieldEffect("judge.address", "rolling", "the judge is asked elsewhere"),
    FieldEffect("judge.asked", "rolling", "the judge is asked by another name"),
)
"""What changes of the model that guardrails ask mean for the guarded one."""
_MEASURED = FieldEffect("spec.answers", "metadata", "another candidate is measured")
"""What an Evaluation takes from whatever it measures."""
_TRAINED: tuple[tuple[str, EffectClass, str], ...] = (
    ("", "metadata", "what is told of how it was made changes"),
    (".run", "behaviour", "the model of another training run answers"),
    (".claim", "rolling", "pods read another volume"),
)
_TRAINED_KINDS = ("LLM", "Model", "Adapter")
"""Kinds that may name a Training, whose facts stand under `training`; of an Adapter that others load, in its spec."""


class _EffectsByKind(Mapping[str, Sequence[FieldEffect]]):
    """Walks through the fields of a kind when somebody asks about one."""

    def __getitem__(self, kind: str) -> Sequence[FieldEffect]:
        if kind not in kind_names():
            raise KeyError(kind)
        more = _trained() if kind in _TRAINED_KINDS else ()
        return (*effects_of(kind), *more, *((*_PUBLISHED, *_JUDGED) if kind == "LLM" else ()), _MEASURED)

    def __iter__(self) -> Iterator[str]:
        return iter(kind_names())

    def __len__(self) -> int:
        return len(kind_names())


def _trained() -> tuple[FieldEffect, ...]:
    roots = ("training", "spec.training")
    return tuple(FieldEffect(f"{root}{path}", of, why) for root in roots for path, of, why in _TRAINED)


def effect_table() -> EffectTable:
    """What changes of fields mean, by kind, as the kinds themselves declare it."""
    return _EffectsByKind()
