"""An unexpected error as text for a bug report, without what nobody should pass on."""

import traceback

from opsdecl.spec.credentials import mask_text


def crash_text(error: BaseException) -> str:
    """The traceback. Messages of errors quote specs and addresses: what looks like a credential is masked."""
    return mask_text("".join(traceback.format_exception(error)))
