"""OD5xx: plans, containment, inventory, locks."""

from opsdecl.diag.types import Code

CODES: tuple[Code, ...] = ()
