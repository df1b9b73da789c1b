"""A log has one line an entry, with its time in UTC, whatever others put into it."""

from __future__ import annotations

import json
import logging
import re
import sys

import pytest

from pextra.process_logging import FORMAT, LEVEL, JsonLines, TextLines, configure, facts

FORGED = "no such user\n2026-01-01T00:00:00.000Z ERROR pextra: all is lost\r\x1b[2J\u2028\x85\ud800"


def entry(message: str, *args: object, failure: Exception | None = None, **named: object) -> logging.LogRecord:
    info = None if failure is None else (type(failure), failure, None)
    record = logging.LogRecord("pextra.test", logging.WARNING, __file__, 1, message, args, info)
    for name, value in facts(**named).items():
        setattr(record, name, value)
    return record


@pytest.mark.parametrize("lines", [TextLines(), JsonLines()])
def test_nothing_in_an_entry_makes_a_line_of_its_own_or_steers_a_terminal(lines: logging.Formatter) -> None:
    for record in (entry(FORGED), entry("refused: %s", FORGED), entry("it failed", failure=ValueError(FORGED)),
                   entry("request", route=FORGED)):  # fmt: skip
        line = lines.format(record)
        assert line.isprintable()
        assert len(line.splitlines()) == 1
        line.encode()


def test_an_entry_for_collectors_is_an_object_with_its_time_in_utc_and_its_facts() -> None:
    record = entry("request", status=201, tenant=None)
    record.created = 1_700_000_000.5
    line = json.loads(JsonLines().format(record))
    assert (line["time"], line["level"], line["logger"]) == ("2023-11-14T22:13:20.500Z", "warning", "pextra.test")
    assert (line["message"], line["status"], line["tenant"]) == ("request", 201, None)


def test_an_entry_for_people_begins_with_its_time_and_ends_with_its_facts() -> None:
    line = TextLines().format(entry("request", status=201, route="/v1/<plural>"))
    assert re.fullmatch(r'\S+Z WARNING pextra.test: request status=201 route="/v1/<plural>"', line)


@pytest.mark.parametrize("lines", [TextLines(), JsonLines()])
def test_an_entry_is_bounded(lines: logging.Formatter) -> None:
    assert len(lines.format(entry("x" * 1_000_000))) < 20_000


def test_the_environment_is_checked_and_says_form_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ({FORMAT: "xml"}, {LEVEL: "loud"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            configure(wrong)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        root.handlers = []
        configure({FORMAT: "json", LEVEL: "info"})
        logging.getLogger("pextra.test").info("heard")
        logging.getLogger("pextra.test").debug("not heard")
        sys.stderr.flush()
        assert [json.loads(line)["message"] for line in capsys.readouterr().err.splitlines()] == ["heard"]
    finally:
        root.handlers, root.level = before[0], before[1]
