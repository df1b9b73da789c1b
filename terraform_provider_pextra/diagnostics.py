"""What is told to whoever runs Terraform: errors and warnings, with the attribute that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pextra_client.errors import ApiError, ClientError
from terraform_provider_pextra.wire import MESSAGES

_ERROR: Final = 1
_WARNING: Final = 2

Path = Sequence[str | int]


class Diagnostics:
    """What is to be told of one call."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    @property
    def failed(self) -> bool:
        """Whether there is an error among it."""
        return any(each.severity == _ERROR for each in self.messages)

    def error(self, summary: str, detail: str = "", path: Path = ()) -> None:
        """Something that cannot be done."""
        self._add(_ERROR, summary, detail, path)

    def warning(self, summary: str, detail: str = "", path: Path = ()) -> None:
        """Something to know before it is done."""
        self._add(_WARNING, summary, detail, path)

    def refused(self, what: str, error: ClientError, path: Path = ()) -> None:
        """Something that the API or the way to it refused.

        Args:
            what: what was attempted: `create network acme/front`.
            error: how it ended.
            path: of the attribute at fault, when the error names no field itself.
        """
        if not isinstance(error, ApiError):
            self.error(f"Cannot {what}", str(error), path)
            return
        asked = f" (request {error.request_id})" if error.request_id else ""
        self.error(f"Cannot {what}: {error.code}", f"{error.detail}{asked}", path)

    def _add(self, severity: int, summary: str, detail: str, path: Path) -> None:
        self.messages.append(
            MESSAGES["Diagnostic"](
                severity=severity, summary=summary, detail=detail, attribute=attribute_path(path) if path else None
            )
        )


def attribute_path(path: Path) -> Any:
    """A path as the protocol has it. A text that begins with `=` is the key of a map, any other an attribute."""
    step = MESSAGES["AttributePath.Step"]
    steps: list[Any] = []
    for each in path:
        if isinstance(each, int):
            steps.append(step(element_key_int=each))
        elif each.startswith("="):
            steps.append(step(element_key_string=each[1:]))
        else:
            steps.append(step(attribute_name=each))
    return MESSAGES["AttributePath"](steps=steps)
