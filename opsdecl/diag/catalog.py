"""Every code there is, by id. `opsdecl explain OD304`, the reference pages and the schema come from here."""

from opsdecl.diag.codes import (
    analysis,
    attribution,
    catalogue,
    cluster,
    drift,
    encoders,
    evaluation,
    evidence,
    exceptions,
    explaining,
    fleet,
    groups,
    guardrails,
    internal,
    knowledge,
    maintenance,
    measures,
    plan,
    platforms,
    policy,
    preparing,
    pulumi,
    recipes,
    render,
    routes,
    routing,
    runs,
    source,
    spec,
    split,
    targets,
    tracing,
    trained,
    training,
    transforming,
    transparency,
    work,
)
from opsdecl.diag.codes import compile as compile_
from opsdecl.diag.types import Code

MODULES = (
    source,
    spec,
    compile_,
    render,
    plan,
    targets,
    cluster,
    pulumi,
    recipes,
    knowledge,
    encoders,
    catalogue,
    fleet,
    groups,
    guardrails,
    platforms,
    split,
    routes,
    routing,
    runs,
    preparing,
    evaluation,
    trained,
    work,
    training,
    policy,
    exceptions,
    transparency,
    evidence,
    explaining,
    attribution,
    transforming,
    maintenance,
    tracing,
    measures,
    analysis,
    drift,
    internal,
)


def all_codes() -> tuple[Code, ...]:
    """Codes in the order of their ids."""
    return tuple(sorted((code for module in MODULES for code in module.CODES), key=lambda code: code.id))


def find_code(code_id: str) -> Code | None:
    return next((code for code in all_codes() if code.id == code_id.upper()), None)
