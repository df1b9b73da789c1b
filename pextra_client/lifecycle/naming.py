"""Names and keys that a stack finds again, however it ended."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_LONGEST: Final = 63
_SUFFIX: Final = 7


def automatic_name(base: str, *identity: str) -> str:
    """A DNS label for an object that was given no name. Pure: whoever asks again gets the same.

    A random one would be another after the run that made the object was killed, and nobody would find it.

    Args:
        base: what the program calls it; what cannot stand in a name is left out.
        identity: what tells it from others of that base: project, stack, logical name.
    """
    words = re.sub(r"[^a-z0-9]+", "-", base.lower()).strip("-")
    label = words if words[:1].isalpha() else f"x-{words}".rstrip("-")
    return f"{label[: _LONGEST - _SUFFIX - 1].rstrip('-')}-{_digest(*identity)[:_SUFFIX]}"


def creation_key(stack: str, kind: str, tenant: str | None, name: str, turn: int) -> str:
    """The idempotency key under which a stack makes an object.

    Args:
        stack: tells this stack from every other.
        kind: of the object.
        tenant: of the object.
        name: of the object.
        turn: counts the objects that the stack has made under that name within the life of a key.
    """
    return f"stack-{_digest(stack, kind, tenant or '', name, str(turn))[:40]}"


def _digest(*parts: str) -> str:
    # lengths before parts, so that ("ab", "c") is not ("a", "bc")
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()
