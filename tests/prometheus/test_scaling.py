"""What KEDA asks, before promtool: queries that parse, and give the number that is meant."""

import re
from pathlib import Path

from tests.support.platforms import FROM_ZERO, SCALED, platform_tree
from tests.support.project import built
from tests.support.promtool import Scenario, check_rules, try_rules

CHAT = 'opsdecl_document="LLM.chat",opsdecl_environment="prod"'


def queries() -> dict[str, str]:
    tree = platform_tree(SCALED, chat=("replicas: {count: 2}", FROM_ZERO))
    (scaler,) = [m for m in built(tree, "prod").manifests.manifests if m.key.kind == "ScaledObject"]
    return {trigger["name"]: trigger["metadata"]["query"] for trigger in scaler.data["spec"]["triggers"]}


def test_the_queries_count_what_waits_and_what_keeps_a_replica(tmp_path: Path) -> None:
    asked = queries()
    rules = [
        {"name": "asked", "rules": [{"record": f"asked:{n.replace('-', '_')}", "expr": q} for n, q in asked.items()]}
    ]
    assert re.search(r"SUCCESS: 3 rules found", check_rules(tmp_path, rules))
    waiting, running = 'vllm:num_requests_waiting{%s,pod="%s"}', 'vllm:num_requests_running{%s,pod="%s"}'
    idle = {waiting % (CHAT, "a"): "0x60", running % (CHAT, "a"): "0x60"}
    loaded = {waiting % (CHAT, "a"): "3x60", waiting % (CHAT, "b"): "5x60", running % (CHAT, "a"): "7x60"}
    others = {waiting % ('opsdecl_document="LLM.other",opsdecl_environment="prod"', "c"): "90x60"}
    came = {'gateway_requests_total{model="chat",code="200"}': "0+60x60"}
    scenarios = (
        Scenario("loaded", {**loaded, **others}, "30m", frozenset(), {asked["waiting-requests"]: 8, asked["busy"]: 1}),
        Scenario("idle", idle, "30m", frozenset(), {asked["waiting-requests"]: 0, asked["busy"]: 0}),
        Scenario("none runs, one asks", came, "30m", frozenset(), {asked["wake"]: 1}),
    )
    try_rules(tmp_path, rules, scenarios)
