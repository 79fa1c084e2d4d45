"""OD7xx: catalogue, engines, sizing."""

from opsdecl.diag.types import Code

CODES: tuple[Code, ...] = ()
