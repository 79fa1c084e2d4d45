"""Defaults that an engine chooses by the device: the branches over the GPU's memory and name, for servers."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from tools.engines.facts import Row
from tools.engines.modules import Module
from tools.engines.values import UNKNOWN, Values

PREFIX = "default_"
SERVER = "UsageContext.OPENAI_API_SERVER"
LATER_NAMES = {"is_gb10": "gb10"}


def read_devices(module: Module, values: Values) -> dict[str, Row]:
    """Flag -> its cases, the first that fits counts: least memory in GiB, names that must or must not be in the
    device's name, and the value. Branches over other platforms than GPUs are left out."""
    owner = module.definitions.get("EngineArgs")
    found: dict[str, list[Row]] = {}
    for method in owner.body if isinstance(owner, ast.ClassDef) else ():
        if isinstance(method, ast.FunctionDef):
            base = dict(_assigned(method.body, module, values))
            for branch in (node for node in ast.walk(method) if isinstance(node, ast.If) and _by_device(node.test)):
                for condition, body in _branches(branch):
                    for name, value in {**base, **dict(_assigned(body, module, values))}.items():
                        found.setdefault(name, []).append({**condition, "value": value})
                break
    return {name.removeprefix(PREFIX).replace("_", "-"): {"cases": cases} for name, cases in found.items()}


def _by_device(test: ast.expr) -> bool:
    text = ast.unparse(test)
    return "device_memory >=" in text or "in device_name" in text


def _branches(branch: ast.If) -> Iterator[tuple[Row, list[ast.stmt]]]:
    yield _condition(branch.test), branch.body
    if len(branch.orelse) == 1 and isinstance(branch.orelse[0], ast.If) and _by_device(branch.orelse[0].test):
        yield from _branches(branch.orelse[0])
    elif branch.orelse:
        yield {}, branch.orelse


def _condition(test: ast.expr) -> Row:
    """`device_memory >= 70 * GiB_bytes and "a100" not in device_name`."""
    least: Any = 0
    named: list[str] = []
    excepted: list[str] = []
    for node in ast.walk(test):
        match node:
            case ast.Compare(left=ast.Name(id="device_memory"), ops=[ast.GtE()], comparators=[bound]):
                least = next((n.value for n in ast.walk(bound) if isinstance(n, ast.Constant)), 0)
            case ast.Compare(left=ast.Constant(value=str() as name), ops=[ast.NotIn()]):
                excepted.append(name)
            case ast.Compare(left=ast.Constant(value=str() as name), ops=[ast.In()]):
                named.append(name)
            case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)) if name in LATER_NAMES:
                excepted.append(LATER_NAMES[name])
    row: dict[str, Any] = {"minMemoryGiB": least} if least else {}
    return row | ({"named": sorted(named)} if named else {}) | ({"except": sorted(excepted)} if excepted else {})


def _assigned(body: list[ast.stmt], module: Module, values: Values) -> Iterator[tuple[str, int]]:
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.startswith(PREFIX):
                number = _for_servers(value, module, values)
                if isinstance(number, int):
                    yield name, number


def _for_servers(node: ast.expr, module: Module, values: Values) -> Any:
    if not isinstance(node, ast.Dict):
        return values.read(node, module)
    options: Mapping[str, ast.expr] = {ast.unparse(k): v for k, v in zip(node.keys, node.values, strict=True) if k}
    return values.read(options[SERVER], module) if SERVER in options else UNKNOWN
