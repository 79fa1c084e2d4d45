"""What a plan says of exceptions of policies."""

from opsdecl.diff.model import Model, Origin


class ExceptionTerms(Model):
    """What an exception of a policy says. `documents` are those of the environment that it is about; no `rules` are all
    of the policy's."""

    documents: tuple[str, ...]
    rules: tuple[str, ...] = ()
    until: str
    owner: str
    reason: str


class ExceptionChange(Model):
    """An exception of the policy `address` that comes, goes, or says otherwise. A side that there is not is `null`."""

    address: str
    name: str
    before: ExceptionTerms | None = None
    after: ExceptionTerms | None = None
    origin: Origin | None = None
