"""What infrastructure-as-code tools are built on: check, forecast, create, read, update, delete.

Pulumi and Terraform differ in how they speak, not in what they promise. What both promise is here, once: a preview is
the API's own dry run; what a stack made, it finds again, after a lost answer and after it was killed; what somebody
else made under the same name, it never touches; a secret is compared without being read.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pextra_client.lifecycle.checking import Fault, check
    from pextra_client.lifecycle.desired import Desired, Owned
    from pextra_client.lifecycle.forecast import Forecast, Forecaster
    from pextra_client.lifecycle.naming import automatic_name
    from pextra_client.lifecycle.owner import NotReadyError, Owner, TakenError
    from pextra_client.lifecycle.projection import as_written, secret_digests
    from pextra_client.lifecycle.unknown import UNKNOWN, Unknown, is_known

__all__ = [
    "UNKNOWN",
    "Desired",
    "Fault",
    "Forecast",
    "Forecaster",
    "NotReadyError",
    "Owned",
    "Owner",
    "TakenError",
    "Unknown",
    "as_written",
    "automatic_name",
    "check",
    "is_known",
    "secret_digests",
]

# Imported when they are asked for, as in the package above.
_HOMES = {
    "Fault": "checking",
    "check": "checking",
    "Desired": "desired",
    "Owned": "desired",
    "Forecast": "forecast",
    "Forecaster": "forecast",
    "automatic_name": "naming",
    "NotReadyError": "owner",
    "Owner": "owner",
    "TakenError": "owner",
    "as_written": "projection",
    "secret_digests": "projection",
    "UNKNOWN": "unknown",
    "Unknown": "unknown",
    "is_known": "unknown",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
