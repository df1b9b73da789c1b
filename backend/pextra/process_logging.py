"""How every process of ours writes its log: one line an entry, with its time, and nothing that makes another line.

What others wrote (names of users, paths, words of libraries) gets into messages. Control characters are escaped, so
that nobody can write an entry of somebody else's; how much of it is kept is bounded.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

FORMAT: Final = "PEXTRA_LOG_FORMAT"
"""The environment variable with the form of a log: `text` (the default) or `json`, an object a line."""
LEVEL: Final = "PEXTRA_LOG_LEVEL"
"""The environment variable with the least level that is written: debug, info, warning (the default) or error."""
ACCESS: Final = "pextra.access"
"""The logger of requests: one entry each, at level `info`, for files that nobody rotates would grow with each."""
MOST_CHARACTERS: Final = 16_384
_LEVELS: Final = ("debug", "info", "warning", "error")
_FIELDS: Final = "facts"


def configure(environment: Mapping[str, str] | None = None) -> None:
    """Have this process write its log to standard error, as the environment says. Doing it again changes nothing.

    Raises:
        ValueError: a variable says what cannot be.
    """
    given = os.environ if environment is None else environment
    form, level = given.get(FORMAT, "") or "text", given.get(LEVEL, "") or "warning"
    if form not in ("text", "json"):
        raise ValueError(f"{FORMAT} is text or json, not {form[:40]!r}")
    if level not in _LEVELS:
        raise ValueError(f"{LEVEL} is one of {', '.join(_LEVELS)}, not {level[:40]!r}")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in ("gunicorn", "gunicorn.error"):  # which otherwise writes lines of its own form
        theirs = logging.getLogger(name)
        theirs.handlers, theirs.propagate = [], True
        theirs.setLevel(logging.WARNING)


def escaped(text: str) -> str:
    """The text on one line: what would begin another, or steer a terminal, is written as an escape."""
    cut = text[:MOST_CHARACTERS]
    return cut if cut.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in cut)


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


class _Lines(logging.Formatter):
    """What both forms have in common."""

    def time_of(self, record: logging.LogRecord) -> str:
        """When, in UTC, to the millisecond."""
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def failure_of(self, record: logging.LogRecord) -> str:
        """The trace of the failure that it tells of, if it does."""
        return "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""

    def facts_of(self, record: logging.LogRecord) -> dict[str, object]:
        """What was said of it by name."""
        return getattr(record, _FIELDS, {})


class TextLines(_Lines):
    """For people: time, level, where, what; then facts as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        facts = "".join(f" {name}={json.dumps(value)}" for name, value in self.facts_of(record).items())
        failure = self.failure_of(record)
        said = record.getMessage() + facts + (f" | {failure.strip()}" if failure else "")
        return escaped(f"{self.time_of(record)} {record.levelname} {record.name}: {said}")


class JsonLines(_Lines):
    """For collectors: an object a line, ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, object] = {
            "time": self.time_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage()[:MOST_CHARACTERS],
        }
        if failure := self.failure_of(record):
            line["failure"] = failure[:MOST_CHARACTERS]
        return json.dumps(line | self.facts_of(record))


def facts(**named: object) -> dict[str, dict[str, object]]:
    """`extra=` of a logging call: facts beside the message."""
    return {_FIELDS: named}
