"""How far a file has come: a bar on a terminal, elsewhere nothing until it is over."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from pextra_client.cli.output import Output
from pextra_client.cli.text import printable


class Bar:
    """Use it as a context manager.

    Args:
        out: where to show it.
        what: is done.
    """

    def __init__(self, out: Output, what: str) -> None:
        shown = out.notices.is_terminal and not out.quiet
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=out.notices,
            transient=True,
            disable=not shown,
        )
        self._task = self._progress.add_task(printable(what), total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, type_: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, done_bytes: int, total_bytes: int) -> None:
        """So much is done."""
        self._progress.update(self._task, completed=done_bytes, total=total_bytes)
