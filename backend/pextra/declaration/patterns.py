"""The form of names that stand for actions; what they match is said in `pextra.tenancy.actions`."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

_PATTERN: Final = re.compile(r"\*|([a-z][a-z0-9_]*|\*)\.([a-z][a-z0-9_]*|\*)")


def _checked(pattern: str) -> str:
    if not _PATTERN.fullmatch(pattern):
        raise ValueError("must be an action such as instance.create, or a pattern: instance.*, *.read, *")
    return pattern


ActionPattern = Annotated[str, Field(max_length=127), AfterValidator(_checked)]
"""An action such as `instance.create`, or `instance.*`, `*.read`, `*`."""
