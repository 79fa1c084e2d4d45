"""What a published `config.json` leaves out, by the family of the model."""

from functools import cache

from msgspec import json

from opsdecl._data import catalog_bytes
from opsdecl.catalog.config_reader import Defaults


@cache
def config_defaults() -> Defaults:
    """Made from `config_defaults.yaml`, which takes a hundred times as long to read."""
    found: Defaults = json.decode(catalog_bytes("config_defaults.json"))
    return found
