"""docs/security.md answers every requirement of ASVS 5.0.0 up to level 2 once, and cites nothing that is not there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = (ROOT / "docs" / "security.md").read_text()

# How many requirements of levels 1 and 2 each section has; in this version they are its first ones.
# Source: OWASP Application Security Verification Standard 5.0.0.
SECTIONS: Final = {
    1: (2, 9, 11, 3, 2),
    2: (3, 3, 4, 1),
    3: (0, 2, 4, 6, 5, 0, 2),
    4: (3, 1, 2, 4),
    5: (1, 3, 2, 3),
    6: (3, 12, 4, 4, 5, 3, 0, 4),
    7: (3, 4, 2, 5, 2, 2),
    8: (2, 3, 1, 1),
    9: (3, 4),
    10: (2, 2, 4, 11, 5, 2, 3),
    11: (2, 3, 3, 4, 1, 1, 0),
    12: (3, 2, 4),
    13: (1, 5, 2, 5),
    14: (2, 4, 3),
    15: (3, 3, 7, 0),
    16: (1, 5, 4, 3, 3),
    17: (1, 4, 2),
}
LEVELS_1_AND_2: Final = 70 + 183
ANSWERS: Final = {"met", "partly", "not met", "not applicable"}

_ROW: Final = re.compile(r"^\| (\d+\.\d+\.\d+[^|]*) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_PATH: Final = re.compile(r"`((?:backend|docs|pextra_client|requirements|scripts|tests)/[^`\s]+)`")


def _numbers(listed: str) -> Iterator[str]:
    for part in listed.split(", "):
        first, _, last = part.partition("-")
        chapter, section, number = first.split(".")
        for each in range(int(number), int(last or number) + 1):
            yield f"{chapter}.{section}.{each}"


def test_every_requirement_of_levels_1_and_2_has_one_answer() -> None:
    wanted = Counter(
        f"{chapter}.{section}.{number}"
        for chapter, sizes in SECTIONS.items()
        for section, size in enumerate(sizes, 1)
        for number in range(1, size + 1)
    )
    assert wanted.total() == LEVELS_1_AND_2
    answered = Counter(number for listed, _, _ in _ROW.findall(DOCUMENT) for number in _numbers(listed))
    assert answered == wanted


def test_every_answer_is_one_of_four_and_says_why() -> None:
    rows = _ROW.findall(DOCUMENT)
    assert {answer for _, answer, _ in rows} == ANSWERS
    assert all(why.strip() for _, _, why in rows)


def test_every_file_that_is_cited_is_there() -> None:
    cited = set(_PATH.findall(DOCUMENT))
    assert cited
    assert sorted(path for path in cited if not (ROOT / path).is_file()) == []
