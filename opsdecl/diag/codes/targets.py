"""OD6xx: git (640-669), Pulumi (670-699), cluster (600-639)."""

from opsdecl.diag.types import Code

CODES: tuple[Code, ...] = ()
