"""What the command prints: tables for people, JSON and YAML for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from pextra_client.cli import yaml12
from pextra_client.cli.text import columns, printable

# A terminal obeys these even within JSON; as escapes they mean the same to a program.
_CONTROLS: Final = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}


class Format(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


class Output:
    """Standard output for results, standard error for everything about how they came to be.

    Args:
        format: of results.
        quiet: say nothing but results and errors.
        color: None leaves it to the terminal and `NO_COLOR`.
    """

    def __init__(self, format_: Format = Format.TABLE, *, quiet: bool = False, color: bool | None = None) -> None:
        self.format = format_
        self.quiet = quiet
        no_color = None if color is None else not color
        self._out = Console(no_color=no_color, highlight=False, markup=False, emoji=False, soft_wrap=True)
        self.notices = Console(
            stderr=True, no_color=no_color, highlight=False, markup=False, emoji=False, soft_wrap=True
        )

    @property
    def structured(self) -> bool:
        """Whether results are for programs."""
        return self.format in {Format.JSON, Format.YAML}

    def line(self, text: str = "", style: str | None = None) -> None:
        """One line of a result."""
        self._out.print(Text(printable(text), style=style or ""))

    def document(self, document: Any) -> None:
        """One document, as JSON or YAML. Its keys stand in the server's order."""
        if self.format is Format.YAML:
            self._write("---\n" + yaml12.dump(document))
        else:
            self._write(json.dumps(document, indent=2, ensure_ascii=False).translate(_CONTROLS) + "\n")

    def event(self, document: Any) -> None:
        """One of endlessly many documents: a line of JSON, or a YAML document."""
        if self.format is Format.YAML:
            self.document(document)
        else:
            self._write(json.dumps(document, ensure_ascii=False).translate(_CONTROLS) + "\n")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Aligned columns under a header."""
        head, *lines = columns([list(header), *rows])
        self.line(head, "bold")
        for each in lines:
            self.line(each)

    def notice(self, text: str) -> None:
        """Something worth knowing that is no result."""
        if not self.quiet:
            self.notices.print(Text(printable(text), style="dim"))

    def warn(self, text: str) -> None:
        """Something that may be wrong."""
        self.notices.print(Text.assemble(("warning: ", "yellow"), printable(text)))

    def error(self, text: str) -> None:
        """Why the command fails."""
        self.notices.print(Text.assemble(("error: ", "bold red"), printable(text)))

    def detail(self, text: str) -> None:
        """A line beneath an error."""
        self.notices.print(f"  {printable(text)}")

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
