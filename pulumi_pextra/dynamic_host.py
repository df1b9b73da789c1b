"""Clean messages out of Pulumi's host of dynamic providers.

That host answers an exception with its traceback, and cannot say that an object stands although making it did not
end well. Both is put right where the host turns an exception into an answer: it asks its module `traceback` for the
text, and gets one of ours. Where a later release of Pulumi does it otherwise, nothing is changed, and messages are
tracebacks with ours in the last line.
"""

from __future__ import annotations

import sys
import traceback
from typing import Any

from pulumi_pextra.failures import Failure, abort

_HOST = "DynamicResourceProviderServicer"


def speak_plainly() -> None:
    """Has this process answer failures of ours in one line, if it is the host; again, it changes nothing."""
    host: Any = sys.modules.get("__main__")
    if hasattr(host, _HOST) and getattr(host, "traceback", None) is traceback:
        host.traceback = _Plain()


class _Plain:
    """What the host asks for the text of an exception."""

    @staticmethod
    def format_exc() -> str:
        """The text of the exception that is being handled; of a failure of ours, leaves with a status instead."""
        error = sys.exception()
        if not isinstance(error, Failure):
            return traceback.format_exc()
        # The caller is the host's handler of the call, whose context is nowhere else to be had.
        context = sys._getframe(1).f_locals.get("context")  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        if context is not None:
            abort(context, error)
        return str(error)
