"""promtool and Prometheus of `make tools`: rules checked, rules tried out on series, expressions parsed."""

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.toolchain import require

TIMEOUT_S = 120
Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Series that are there, one value a minute, and the alerts that must be firing at one moment: exactly these.

    `series` are in promtool's notation, `0+60x120`. An alert is its name and its `window`, or "" where it has none.
    `values` are expressions with what they must be then.
    """

    name: str
    series: Mapping[str, str]
    at: str
    firing: frozenset[tuple[str, str]]
    values: Mapping[str, float] = field(default_factory=dict)


def check_rules(folder: Path, groups: Sequence[Rule]) -> str:
    """What `promtool check rules` says; raises AssertionError where it finds something."""
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": list(groups)}, sort_keys=False))
    return promtool(folder, "check", "rules", "--lint=all", "--lint-fatal", str(file))


def check_config(folder: Path, config: Rule) -> str:
    """What `promtool check config` says of a configuration of Prometheus; raises AssertionError where it refuses it."""
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return promtool(folder, "check", "config", "--lint=all", "--lint-fatal", "prometheus.yaml")


def try_rules(folder: Path, groups: Sequence[Rule], scenarios: Iterable[Scenario]) -> str:
    """What `promtool test rules` says; raises AssertionError where an alert fires that should not, or the reverse."""
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": list(groups)}, sort_keys=False))
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    tests = [_test(scenario, alerts) for scenario in scenarios]
    plan = {"rule_files": ["rules.yaml"], "evaluation_interval": "2m", "tests": tests}
    (folder / "tests.yaml").write_text(yaml.safe_dump(plan, sort_keys=False))
    return promtool(folder, "test", "rules", "tests.yaml")


def _test(scenario: Scenario, alerts: Sequence[Rule]) -> dict[str, Any]:
    fields = ("alertname", "window", "opsdecl_document")
    firing = [
        {"labels": _labels(rule["alert"], rule["labels"]), "value": 1}
        for rule in alerts
        if (rule["alert"], rule["labels"].get("window", "")) in scenario.firing
    ]
    assert len(firing) >= len(scenario.firing), f"{scenario.name}: not all of these are alerts"
    expression = f'count by ({", ".join(fields)}) (ALERTS{{alertstate="firing"}})'
    asked = [{"expr": expression, "eval_time": scenario.at, "exp_samples": firing}]
    asked += [
        {"expr": text, "eval_time": scenario.at, "exp_samples": [{"labels": "{}", "value": value}]}
        for text, value in scenario.values.items()
    ]
    series = [{"series": name, "values": values} for name, values in scenario.series.items()]
    return {"name": scenario.name, "interval": "1m", "input_series": series, "promql_expr_test": asked}


def _labels(alert: str, labels: Mapping[str, str]) -> str:
    shown = {"alertname": alert, **{k: v for k, v in labels.items() if k in ("window", "opsdecl_document")}}
    return "{" + ", ".join(f'{name}="{value}"' for name, value in shown.items()) + "}"


def promtool(folder: Path, *arguments: str) -> str:
    """What it says; raises AssertionError where it ends with anything but 0."""
    program = require("bin/promtool") / "bin/promtool"
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
