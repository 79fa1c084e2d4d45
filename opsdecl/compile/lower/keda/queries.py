"""What KEDA asks Prometheus about a model, in the metrics of its engine's release."""

from opsdecl.compile.lower.monitoring.series import Watched, number
from opsdecl.compile.lower.subject import Subject
from opsdecl.compile.watched import engine_of, signals_of
from opsdecl.spec.kinds.serving import Wake

RATE_OVER = "2m"
"""Long enough for four looks of a Prometheus that looks every half minute."""


def watched(subject: Subject) -> Watched:
    """The model with the labels that the series of its Monitor have."""
    document = subject.document
    return Watched(document, "", subject.environment_name, signals_of(*engine_of(document)))


def query_of(subject: Subject, metric: str) -> str | None:
    """The sum over all replicas, which KEDA divides by their number; None where the engine does not measure it."""
    model = watched(subject)
    if model.signals is None:
        return None
    if metric == "requests-per-second":
        counters = model.signals.requests.all
        return " + ".join(f"sum(rate({model.series(*each)}[{RATE_OVER}]))" for each in counters) or None
    name = {
        "waiting-requests": model.signals.waiting,
        "running-requests": model.signals.running,
        "kv-cache-usage": model.signals.cache,
    }.get(metric)
    return f"sum({model.series(name)})" if name else None


def busy(subject: Subject) -> str | None:
    """1 while a request runs or waits: the last replica must not go under it. None where the engine does not say."""
    model = watched(subject)
    names = (model.signals.running, model.signals.waiting) if model.signals is not None else ()
    parts = [f"sum({model.series(name)})" for name in names if name]
    return f"{' + '.join(parts)} > bool 0" if parts else None


def awake(wake: Wake) -> str:
    """1 while the document's own query is above its bound, whatever it comes to."""
    return f"sum({wake.query}) > bool {number(wake.above)}"
