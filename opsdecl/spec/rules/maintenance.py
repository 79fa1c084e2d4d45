"""Rules of maintenance: what fields say only together."""

from collections.abc import Iterator

from opsdecl.diag.codes import spec as codes
from opsdecl.spec.kinds.maintenance import Maintenance
from opsdecl.spec.rules.types import DocumentRule, Finding

_KIND = frozenset({"Maintenance"})


def retraining(document: Maintenance) -> Iterator[Finding]:
    for index, each in enumerate(document.spec.retrain):
        path = ("spec", "retrain", index)
        if each.every is None and not each.alerts:
            message = f"nothing says when `{each.training}` is run once more"
            yield Finding(codes.ONE_OF_FIELDS, path, message, "add `every: 90d` or `alerts: […]`", True)
        if each.alerts and each.monitor is None:
            message = "alerts are named, and not the Monitor that raises them"
            yield Finding(codes.MISSING_FIELD, path, message, "add `monitor: …`", True)


def window(document: Maintenance) -> Iterator[Finding]:
    chosen = document.spec.window
    if chosen is not None and chosen.from_ >= chosen.to:
        message = f"`window.from` is {chosen.from_}, and `to` is {chosen.to}"
        yield Finding(codes.BOUNDS_REVERSED, ("spec", "window", "from"), message, "begin before the end, in UTC")


def anything(document: Maintenance) -> Iterator[Finding]:
    spec = document.spec
    if not (spec.data or spec.models.llms or spec.models.trainings or spec.engines or spec.retrain):
        message = "nothing is looked after, so nothing would ever be proposed"
        hint = "add `data`, `models`, `engines` or `retrain`"
        yield Finding(codes.ONE_OF_FIELDS, ("spec",), message, hint, True)


RULES: tuple[DocumentRule, ...] = (
    DocumentRule(_KIND, (("spec", "retrain"),), retraining),
    DocumentRule(_KIND, (("spec", "window"),), window),
    DocumentRule(_KIND, tuple(("spec", name) for name in ("data", "models", "engines", "retrain")), anything),
)
