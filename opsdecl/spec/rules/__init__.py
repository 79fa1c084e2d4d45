"""Rules over one valid document: what no single field can say."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from opsdecl.diag import SpecPath
from opsdecl.spec.rules import (
    canaries,
    dataset,
    dataset_demands,
    dataset_drift,
    definitions,
    evaluation,
    guardrails,
    llm,
    maintenance,
    measures,
    monitor,
    recipe,
    route,
    serving,
    training,
    tuning,
)
from opsdecl.spec.rules.types import DocumentRule, Finding

RULES: tuple[DocumentRule, ...] = (
    *serving.RULES,
    *canaries.RULES,
    *llm.RULES,
    *guardrails.RULES,
    *definitions.RULES,
    *monitor.RULES,
    *measures.RULES,
    *dataset.RULES,
    *dataset_demands.RULES,
    *dataset_drift.RULES,
    *training.RULES,
    *recipe.RULES,
    *maintenance.RULES,
    *evaluation.RULES,
    *route.RULES,
    *tuning.RULES,
)


@cache
def rules_of(kind: str) -> tuple[DocumentRule, ...]:
    return tuple(rule for rule in RULES if kind in rule.kinds)


def apply_rules(kind: str, model: Any, wrong: tuple[SpecPath, ...] = ()) -> Iterator[Finding]:
    """What the rules of a kind find. Rules that read a field of `wrong`, or one beside it, keep silent."""
    for rule in rules_of(kind):
        if not any(_touches(path, read) for path in wrong for read in rule.reads):
            yield from rule.check(model)


def _touches(wrong: SpecPath, read: SpecPath) -> bool:
    """A misspelt field may be the one that the rule reads, so its whole mapping counts as wrong."""
    around = wrong[:-1] if len(wrong) > 2 else wrong
    shorter = min(len(around), len(read))
    return around[:shorter] == read[:shorter]


__all__ = ["RULES", "DocumentRule", "Finding", "apply_rules", "rules_of"]
