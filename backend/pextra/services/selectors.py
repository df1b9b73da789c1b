"""Label selectors and field filters of lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pextra.declaration.kind import Kind
from pextra.errors import PextraError
from pextra.services.documents import LABEL_KEY

MAX_TERMS: Final = 16


@dataclass(frozen=True, slots=True)
class Term:
    """One requirement: `key` is present with one of `values` (None: any); `negate` turns it around."""

    key: str
    values: tuple[str, ...] | None
    negate: bool


_SET = re.compile(r"(?P<key>\S+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)")


def labels(text: str) -> list[Term]:
    """The terms of a label selector: `app=web,tier!=db,env in (a,b),owner,!old`.

    Raises:
        PextraError: `request.parameter`, with the term at fault.
    """
    terms: list[Term] = []
    for part in map(str.strip, re.split(r",(?![^()]*\))", text)):
        if found := _SET.fullmatch(part):
            values = tuple(v.strip() for v in found["values"].split(","))
            term = Term(found["key"], values, found["op"] == "notin")
        elif "!=" in part:
            key, _, value = part.partition("!=")
            term = Term(key.strip(), (value.strip(),), True)
        elif "=" in part:
            key, _, value = part.replace("==", "=", 1).partition("=")
            term = Term(key.strip(), (value.strip(),), False)
        elif part.startswith("!"):
            term = Term(part[1:].strip(), None, True)
        else:
            term = Term(part, None, False)
        if not LABEL_KEY.fullmatch(term.key):
            raise PextraError(
                "request.parameter",
                f"labels: {part[:80]!r} is not a term; terms are key=value, key!=value, key in (a,b), key notin (a,b), "
                "key and !key.",
            )
        terms.append(Term(f"label:{term.key}", term.values, term.negate))
    return _bounded(terms, "labels")


def fields(kind: Kind, texts: Sequence[str]) -> list[Term]:
    """The terms of field filters: `spec.size_gib=10` on fields that the kind declares filterable.

    Raises:
        PextraError: `request.parameter`, naming the fields that there are.
    """
    known = {f"spec.{f.path}" for f in kind.filterable}
    terms: list[Term] = []
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or path not in known:
            raise PextraError(
                "request.parameter",
                f"filter: {text[:80]!r} is not possible; {kind.plural} can be filtered by "
                f"{', '.join(sorted(known)) or 'no field'}, as in path=value.",
            )
        terms.append(Term(path, (value,), False))
    return _bounded(terms, "filter")


def _bounded(terms: list[Term], name: str) -> list[Term]:
    if len(terms) > MAX_TERMS:
        raise PextraError("request.parameter", f"{name}: at most {MAX_TERMS} terms.")
    return terms
