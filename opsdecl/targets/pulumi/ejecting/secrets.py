"""Inputs that the state holds encrypted -> settings of the stack, as encrypted, and expressions that read them."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from opsdecl.addr import Address, format_path
from opsdecl.diag import SpecPath
from opsdecl.targets.pulumi.ejecting.literals import Expression

_SIGNATURE, _SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
"""How Pulumi marks values in a state: https://www.pulumi.com/docs/iac/concepts/secrets/."""


class Configured(Struct, frozen=True):
    """`secrets` are ciphertexts by the names that the inputs read them under."""

    inputs: Mapping[str, Any]
    secrets: Mapping[str, str]


def configured(address: Address, inputs: Mapping[str, Any]) -> Configured:
    """The key of the stack opens settings as it opens the state, so nothing needs to be decrypted for it."""
    secrets: dict[str, str] = {}

    def replaced(value: Any, path: SpecPath) -> Any:
        match value:
            case Mapping() if value.get(_SIGNATURE) == _SECRET:
                name = _name(address, path)
                secrets[name] = value["ciphertext"]
                return Expression(f'config.require_secret_object("{name}")')
            case Mapping():
                return {key: replaced(item, (*path, key)) for key, item in value.items()}
            case list():
                return [replaced(item, (*path, index)) for index, item in enumerate(value)]
            case _:
                return value

    return Configured(replaced(inputs, ()), secrets)


def _name(address: Address, path: SpecPath) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{address}-{format_path(path)}").strip("-")
