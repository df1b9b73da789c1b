"""Which passwords are too easily guessed. Pure.

What counts is how many of a password's characters no guesser gets for nothing: common words, what the user is called,
runs on a keyboard or in an alphabet, repetitions and years are free. That finds what lists of common passwords hold at
twelve characters and more, and what such lists do not hold yet. No kinds of characters are asked for.

Source: OWASP ASVS 5.0, chapter 6.2; NIST SP 800-63B, section 5.1.1.2.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

SHORTEST: Final = 12
LONGEST: Final = 128
LEAST_UNFORESEEN: Final = 5
"""How many characters must be none that a guesser gets for nothing."""

_COMMON: Final = """
    access admin administrator alexander amanda amor and andrea andrew angel anthony apple arsenal ashley august
    autumn azerty banana barcelona baseball basketball batman battery beautiful berlin bitcoin blink bonjour
    butterfly change changeit charlie cheese chelsea chocolate christmas cloud company computer contrasena cookie
    correct daniel december default demo diamond donald dragon eagle elephant elizabeth england enter everton
    facebook falcon family february flower football for forever freedom friday friends fruehling fuckyou gandalf
    geheim ginger google guest hallo hammer hannah harley hello herbst hockey hola horse hunter iloveyou internet
    jackson january jasmine jennifer jessica jesus jordan joshua july june justin killer kitty kubernetes letmein
    linux liverpool login london love lovely mama manager manchester march maria marina master matrix matthew
    mercedes merlin michael michelle mickey microsoft midnight mine monday monkey morgan motdepasse mother mustang
    mynameis mypassword naruto new nicole november october openstack oracle orange pass passphrase passwd password
    passwort patrick peanut pepper pextra phoenix please pokemon postgres princess private purple rainbow ranger
    realmadrid robert root samantha samsung saturday schatz scorpion secret secure security september server
    shadow silver soccer soleil sommer spring staple starwars summer sunday sunshine superman superuser support
    system temp temporary tenant test testing that the this thomas thunder thursday tigger trustno tuesday user
    vegeta victoria vmware wednesday welcome whatever william willkommen windows winter with wizard yankees yellow
    you your zxcvbn
"""
_WORDS: Final = frozenset(_COMMON.split())
_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm",
    "azertyuiop", "qsdfghjklm", "wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()",
)  # fmt: skip
_SHORTEST_RUN: Final = 3
_LEET: Final = str.maketrans("013457@$!|", "oieastasil")
_YEAR: Final = re.compile(r"(19|20)[0-9]{2}")
_SHORTEST_NAME: Final = 3


def normalized(password: str) -> str:
    """The form in which a password is compared: NFC, so that it does not matter how a keyboard composes it."""
    return unicodedata.normalize("NFC", password)


def objection(password: str, about: Iterable[str]) -> str | None:
    """What speaks against a normalized password; None: nothing. The text never repeats it.

    Args:
        about: what the user, its tenant and so on are called.
    """
    if len(password) < SHORTEST:
        return f"has {len(password)} characters: at least {SHORTEST} are needed"
    if len(password) > LONGEST:
        return f"is longer than {LONGEST} characters"
    names = {
        word
        for text in about
        for word in (text.casefold(), *re.split(r"[^\w]+|_", text.casefold()))
        if len(word) >= _SHORTEST_NAME
    }
    plain = password.casefold()
    if _unforeseen((plain, plain.translate(_LEET)), names | _WORDS) < LEAST_UNFORESEEN:
        return (
            "is one of those that are tried first: common words, names, runs of keys and repetitions count for little"
        )
    return None


def _unforeseen(forms: tuple[str, str], words: Iterable[str]) -> int:
    """The least number of characters that are left when the rest is covered by what a guesser gets for nothing.

    Args:
        forms: the text as it is, and with letters for the figures that stand for them; each part may be read in either.
    """
    known, size = tuple(words), len(forms[0])
    best = [0, *[size + 1] * size]
    for start in range(size):
        best[start + 1] = min(best[start + 1], best[start] + 1)
        for length in (length for form in forms for length in _free(form, start, known)):
            best[start + length] = min(best[start + length], best[start])
    return best[-1]


def _free(text: str, start: int, words: tuple[str, ...]) -> Iterable[int]:
    """The lengths of what begins at `start` and costs a guesser nothing."""
    yield from (len(word) for word in words if text.startswith(word, start))
    if _YEAR.match(text, start):
        yield 4
    yield from (length for run in _RUNS for way in (run, run[::-1]) if (length := _along(text, start, way)))
    for period in range(1, min(start, len(text) // 2) + 1):  # what stands before, once more
        length = 0
        while start + length < len(text) and text[start + length] == text[start + length - period]:
            length += 1
        if length >= max(period, 2):
            yield from range(max(period, 2), length + 1)


def _along(text: str, start: int, run: str) -> int:
    """How far the text goes along a run; 0 when that is too short to be one."""
    place, length = run.find(text[start]), 0
    if place < 0:
        return 0
    while place + length < len(run) and start + length < len(text) and text[start + length] == run[place + length]:
        length += 1
    return length if length >= _SHORTEST_RUN else 0
