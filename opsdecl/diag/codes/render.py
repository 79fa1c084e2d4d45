"""OD4xx: names, objects, schemas."""

from opsdecl.diag.types import Code

CODES: tuple[Code, ...] = ()
