"""Every rule before promtool: that it is well formed, that each alert fires when it should, and only then."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from opsdecl.catalog import engines
from opsdecl.compile.lower.monitoring.series import RECORDED
from opsdecl.compile.watched import base_metric
from tests.support.monitored import dashboard_queries, groups
from tests.support.project import built, example_tree
from tests.support.promtool import Scenario, check_rules, try_rules

CHAT = 'opsdecl_document="LLM.chat",opsdecl_environment="dev"'
FOUND = 'http_requests_total{%s,handler="/v1/chat/completions",status="%s"}'
ALL = ("1h", "6h", "1d", "3d")
MISSING = {"DataDriftsUnknown", "PredictionsDriftUnknown", "AnswersGetWorseUnknown"}
"""Raised where no series of other programs are there, as in most of these scenarios, after an hour."""


def firing(*alerts: str | tuple[str, str], unknown: bool = True) -> frozenset[tuple[str, str]]:
    named = {(alert, "") if isinstance(alert, str) else alert for alert in alerts}
    return frozenset(named | ({(name, "") for name in MISSING} if unknown else set()))


def burning(name: str, windows: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, window) for window in windows]


def answered(failed: float, minutes: int = 120) -> dict[str, str]:
    """Ten requests a second, of which this share fails."""
    return {
        FOUND % (CHAT, "2xx"): f"0+{600 * (1 - failed):g}x{minutes}",
        FOUND % (CHAT, "5xx"): f"0+{600 * failed:g}x{minutes}",
    }


def latencies(metric: str, within: str, beyond: str, slow: float, minutes: int = 120, of: str = CHAT) -> dict[str, str]:
    """Ten requests a second: this share ends in the bucket up to `beyond`, the others in the one up to `within`."""
    rows = {"0": 0.0, within: 1 - slow, beyond: 1.0, "+Inf": 1.0}
    return {f'{metric}_bucket{{{of},le="{le}"}}': f"0+{600 * share:g}x{minutes}" for le, share in rows.items()}


UP = {f"up{{{CHAT}}}": "1x120"}
GOOD = {**UP, **answered(0.0005)}


@pytest.mark.parametrize("monitor", ["chat", "code", "classic"])
def test_promtool_finds_nothing_wrong(monitor: str, tmp_path: Path) -> None:
    said = check_rules(tmp_path, groups(monitor))
    assert re.search(r"SUCCESS: \d+ rules found", said)


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_promtool_finds_nothing_wrong_with_the_example(environment: str, tmp_path: Path) -> None:
    found = built(example_tree(), environment).manifests.manifests
    rules = [group for m in found if m.key.kind == "PrometheusRule" for group in m.data["spec"]["groups"]]
    assert re.search(r"SUCCESS: \d\d rules found", check_rules(tmp_path, rules))


def test_promtool_reads_every_query_of_the_dashboards(tmp_path: Path) -> None:
    queries = sorted({expression for _, expression in dashboard_queries()})
    assert len(queries) > 30
    rules = [{"record": f"q{index}", "expr": expression} for index, expression in enumerate(queries)]
    assert f"SUCCESS: {len(queries)} rules found" in check_rules(tmp_path, [{"name": "dashboards", "rules": rules}])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("burn", "windows"), [(20, ALL), (10, ALL[1:]), (4, ALL[2:]), (1.5, ALL[3:]), (0.5, ())], ids=str
)
def test_failures_raise_the_alerts_of_their_pace(burn: float, windows: Sequence[str], tmp_path: Path) -> None:
    expected = firing(*burning("AvailabilityBudgetBurn", windows))
    scenario = Scenario("failures", {**UP, **answered(burn * 0.001)}, "2h", expected)
    assert "SUCCESS" in try_rules(tmp_path, groups("chat"), [scenario])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alert", "metric", "buckets", "burns"),
    [
        (
            "FirstTokenBudgetBurn",
            "vllm:time_to_first_token_seconds",
            ("0.75", "2.5"),
            {16: ALL, 8: ALL[1:], 2: ALL[3:], 0.8: ()},
        ),
        ("TokenPaceBudgetBurn", "vllm:inter_token_latency_seconds", ("0.05", "0.1"), {9: ALL[1:], 4: ALL[2:], 0.8: ()}),
        ("LatencyBudgetBurn", "vllm:e2e_request_latency_seconds", ("15", "60"), {20: ALL, 4: ALL[2:], 0.5: ()}),
    ],
)
def test_slow_requests_raise_the_alerts_of_their_pace(
    alert: str, metric: str, buckets: tuple[str, str], burns: Mapping[float, Sequence[str]], tmp_path: Path
) -> None:
    """The buckets are those of vLLM; none ends at the bound that people chose."""
    allowed = {"FirstTokenBudgetBurn": 0.05, "TokenPaceBudgetBurn": 0.1, "LatencyBudgetBurn": 0.01}[alert]
    scenarios = [
        Scenario(
            f"{burn} times too fast",
            {**GOOD, **latencies(metric, *buckets, burn * allowed)},
            "2h",
            firing(*burning(alert, windows)),
        )
        for burn, windows in burns.items()
    ]
    assert "SUCCESS" in try_rules(tmp_path, groups("chat"), scenarios)


@pytest.mark.slow
def test_what_is_over_is_not_called_urgent_any_longer(tmp_path: Path) -> None:
    """Two hours of failures, then a quarter of an hour without: the short window of the fastest pair is calm."""
    ended = {
        f"up{{{CHAT}}}": "1x140",
        FOUND % (CHAT, "2xx"): "0+570x120 68400+600x20",
        FOUND % (CHAT, "5xx"): "0+30x120 3600x20",
    }
    expected = firing(*burning("AvailabilityBudgetBurn", ALL[1:]))
    assert "SUCCESS" in try_rules(tmp_path, groups("chat"), [Scenario("over", ended, "2h15m", expected)])


@pytest.mark.slow
def test_a_model_that_is_asked_nothing_breaks_no_promise(tmp_path: Path) -> None:
    idle = {**UP, FOUND % (CHAT, "2xx"): "7x120", **latencies("vllm:time_to_first_token_seconds", "0.5", "1", 0.0)}
    idle = {name: values if not values.startswith("0+") else "0x120" for name, values in idle.items()}
    assert "SUCCESS" in try_rules(tmp_path, groups("chat"), [Scenario("idle", idle, "2h", firing())])


@pytest.mark.slow
def test_a_first_failure_after_calm_hours_is_not_blown_up(tmp_path: Path) -> None:
    """The series of failures begins five minutes ago: what was not counted before counts as none."""
    late = {**UP, FOUND % (CHAT, "2xx"): "0+600x120", FOUND % (CHAT, "5xx"): "_x115 0+60x5"}
    failed, all_ = (f"sum(avg_over_time(opsdecl:{name}:rate5m[1h]))" for name in ("requests_failed", "requests"))
    scenario = Scenario("late", late, "2h", firing(), {f"{failed} / {all_} < bool 0.0144": 1})
    assert "SUCCESS" in try_rules(tmp_path, groups("chat"), [scenario])


@pytest.mark.slow
def test_a_model_that_is_gone_is_noticed(tmp_path: Path) -> None:
    answers = answered(0.0)
    scenarios = [
        Scenario("does not answer", {f"up{{{CHAT}}}": "0x120", **answers}, "2h", firing("ModelDown")),
        Scenario(
            "one of two answers",
            {f'up{{{CHAT},pod="a"}}': "0x120", f'up{{{CHAT},pod="b"}}': "1x120", **answers},
            "2h",
            firing(),
        ),
        Scenario("is not there", answers, "2h", firing("ModelDown")),
        Scenario("just went", {f"up{{{CHAT}}}": "1x110 0x10", **answers}, "1h53m", firing()),
    ]
    assert "SUCCESS" in try_rules(tmp_path, groups("chat"), scenarios)


LISTED: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    "RequestsWait": (
        {
            f'vllm:num_requests_waiting{{{CHAT},pod="a"}}': "10x120",
            f'vllm:num_requests_waiting{{{CHAT},pod="b"}}': "60x120",
        },
        {
            f'vllm:num_requests_waiting{{{CHAT},pod="a"}}': "40x120",
            f'vllm:num_requests_waiting{{{CHAT},pod="b"}}': "40x120",
        },
    ),
    "CacheIdle": (
        {f"vllm:kv_cache_usage_perc{{{CHAT}}}": "0.01x120"},
        {f"vllm:kv_cache_usage_perc{{{CHAT}}}": "0.01x60 0.01x40 0.5 0.01x18"},
    ),
    "Preempts": (
        {f"vllm:num_preemptions_total{{{CHAT}}}": "0+90x120"},
        {f"vllm:num_preemptions_total{{{CHAT}}}": "1000000+30x120"},
    ),
    "Aborts": (
        {f'vllm:request_success_total{{{CHAT},finished_reason="abort"}}': "0+3x120"},
        {f'vllm:request_success_total{{{CHAT},finished_reason="stop"}}': "0+3x120"},
    ),
    "Queues": (
        latencies("vllm:request_queue_time_seconds", "1", "10", 0.2),
        latencies("vllm:request_queue_time_seconds", "1", "10", 0.02),
    ),
    "Dear": ({f'up{{{CHAT},pod="b"}}': "1x120"}, {}),
    "DataDrifts": (
        {'feature_drift{model="chat",feature="age"}': "0.3x120"},
        {'feature_drift{model="chat",feature="age"}': "0.1x120"},
    ),
    "PredictionsDrift": ({"prediction_psi": "0.3x120"}, {"prediction_psi": "0.2x120"}),
    "AnswersGetWorse": ({"answer_score": "0.9x60 0.7 0.9x59"}, {"answer_score": "0.85x120"}),
}
"""Of each alert that the document lists: series that raise it, and series that do not."""


@pytest.mark.slow
@pytest.mark.parametrize("alert", LISTED)
def test_listed_alerts_fire_and_do_not_fire(alert: str, tmp_path: Path) -> None:
    raising, calm = LISTED[alert]
    known = firing(unknown=False) if f"{alert}Unknown" not in MISSING else frozenset({(f"{alert}Unknown", "")})
    scenarios = [
        Scenario("raised", {**GOOD, **raising}, "2h", firing(alert) - known),
        Scenario("calm", {**GOOD, **calm}, "2h", firing() - known),
    ]
    assert "SUCCESS" in try_rules(tmp_path, groups("chat"), scenarios)


def test_every_alert_has_series_that_raise_it() -> None:
    listed = {rule["alert"] for group in groups("chat") for rule in group["rules"] if "alert" in rule}
    objectives = {"AvailabilityBudgetBurn", "FirstTokenBudgetBurn", "TokenPaceBudgetBurn", "LatencyBudgetBurn"}
    assert listed == {*LISTED, *objectives, *MISSING, "ModelDown"}


@pytest.mark.slow
def test_use_and_cost_are_recorded(tmp_path: Path) -> None:
    """Two replicas at the pool's price of an H100, and 100 tokens a second written by the two."""
    series = {
        f'up{{{CHAT},pod="a"}}': "1x120",
        f'up{{{CHAT},pod="b"}}': "1x120",
        f'up{{{CHAT},pod="c"}}': "0x120",
        f'vllm:generation_tokens_total{{{CHAT},pod="a"}}': "0+3000x120",
        f'vllm:generation_tokens_total{{{CHAT},pod="b"}}': "0+3000x120",
        f"vllm:prompt_tokens_total{{{CHAT}}}": "0+6000x120",
        **answered(0.0),
    }
    values = {
        'sum(opsdecl:tokens:rate5m{kind="generation"})': 100,
        "sum(opsdecl:cost_per_hour)": 13.76,
        "round(sum(opsdecl:cost_per_million_tokens:1h), 0.0001)": 19.1111,
    }
    scenario = Scenario("use", series, "2h", firing("Dear"), values)
    assert "SUCCESS" in try_rules(tmp_path, groups("chat"), [scenario])


ENGINES = {
    "sglang": (
        "code",
        'opsdecl_document="LLM.code",opsdecl_environment="dev"',
        0.001,
        'sglang:http_responses_total{%s,endpoint="/v1/chat/completions",status_code="%s"}',
        ("200", "500"),
    ),
    "mlserver": (
        "classic",
        'opsdecl_document="Model.fraud",opsdecl_environment="dev"',
        0.01,
        'rest_server_requests_total{%s,path="/v2/models/{model_name}/infer",status_code="%s"}',
        ("200", "500"),
    ),
    "triton": (
        "classic",
        'opsdecl_document="Model.eta",opsdecl_environment="dev"',
        0.01,
        "%.0snv_inference_request_%s{}",
        ("success", "failure"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_failures_are_seen_on_every_engine(engine: str, tmp_path: Path) -> None:
    monitor, labels, allowed, pattern, (good, bad) = ENGINES[engine]
    names = [pattern % (labels, each) for each in (good, bad)]
    names = [name.replace("{}", f"{{{labels}}}") for name in names]
    others = {
        f'up{{opsdecl_document="{d}",opsdecl_environment="dev"}}': "1x120"
        for d in ("LLM.code", "Model.fraud", "Model.eta")
    }

    def of(burn: float) -> dict[str, str]:
        share = burn * allowed
        return {**others, names[0]: f"0+{600 * (1 - share):g}x120", names[1]: f"0+{600 * share:g}x120"}

    document = labels.split('"')[1]
    rules = [group for group in groups(monitor) if group["name"].endswith(document)]
    scenarios = [
        Scenario("failing", of(10), "2h", frozenset(burning("AvailabilityBudgetBurn", ALL[1:]))),
        Scenario("good", of(0.5), "2h", frozenset()),
    ]
    assert "SUCCESS" in try_rules(tmp_path, rules, scenarios)


SELECTED = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)\{")


def test_every_metric_that_is_asked_for_exists() -> None:
    """In rules and dashboards; what is recorded is recorded by a rule."""
    engine = {
        "LLM.chat": ("vllm", "0.33.0"),
        "LLM.code": ("sglang", "0.5.23"),
        "Model.fraud": ("mlserver", ""),
        "Model.eta": ("triton", ""),
    }
    expressions = [expression for _, expression in dashboard_queries()]
    rules = [rule for monitor in ("chat", "code", "classic") for group in groups(monitor) for rule in group["rules"]]
    expressions += [rule["expr"] for rule in rules]
    recorded = {
        (rule["record"], document)
        for rule in rules
        if "record" in rule
        for document in re.findall(r'opsdecl_document="([^"]+)"', rule["expr"])
    }
    asked = {
        (name, document)
        for text in expressions
        for name, document in re.findall(r'([A-Za-z_:][A-Za-z0-9_:]*)\{opsdecl_document="([^"]+)"', text)
    }
    assert len(asked) > 40
    for name, document in asked - {("up", document) for document in engine}:
        known = (name, document) in recorded if name in RECORDED else base_metric(name, *engine[document])
        assert known, f"{document}: nothing offers {name}"


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_every_release_that_was_read_has_what_is_asked_of_it(engine: str) -> None:
    from opsdecl.compile.watched import signals_of

    for release in engines.sources(engine):
        signals = signals_of(engine, release.version)
        assert signals is not None
        known = engines.known_metrics(engine, release.version)
        named = {signals.running, signals.waiting, signals.cache, signals.prompt_tokens, signals.generation_tokens}
        named |= {
            metric
            for metric, _ in (
                signals.ttft,
                signals.inter_token_latency,
                signals.latency,
                *signals.requests.all,
                *signals.requests.failed,
            )
        }
        assert named <= known.keys(), release.version
