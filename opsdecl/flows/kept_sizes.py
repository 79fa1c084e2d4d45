"""Assessments as JSON for later runs and back: verdict and objections, which hold no places. Figures are left out."""

from opsdecl.diag.codes.knowledge import CODES
from opsdecl.sizing.served import FACETS
from opsdecl.sizing.types import Assessment, Objection
from opsdecl.spec.types import Json

VERDICTS = ("fits", "tight", "does-not-fit")
_CODES = {code.id: code for code in CODES}


def encode_assessment(assessment: Assessment) -> Json:
    """A number where it simply fits: the GiB that a replica reads. None where there is no verdict."""
    if assessment.verdict is None:
        return None
    if assessment.verdict == "fits" and not assessment.objections:
        return assessment.checkpoint_gib
    rows = [[each.code.id, each.message, each.hint, each.facet] for each in assessment.objections]
    return {"verdict": assessment.verdict, "gib": assessment.checkpoint_gib, "objections": rows}


def decode_assessment(kept: Json) -> Assessment | None:
    """None for what `encode_assessment` did not make."""
    if isinstance(kept, int | float) and not isinstance(kept, bool):
        return Assessment("fits", checkpoint_gib=float(kept))
    try:
        if kept["verdict"] not in VERDICTS:
            return None
        objections = tuple(_objection(*row) for row in kept["objections"])
        return Assessment(kept["verdict"], checkpoint_gib=float(kept["gib"]), objections=objections)
    except (TypeError, KeyError, ValueError):
        return None


def _objection(code: str, message: str, hint: str, facet: str) -> Objection:
    if facet not in FACETS:
        raise KeyError(facet)
    return Objection(_CODES[code], str(message), str(hint), facet)
