"""What is set on a connection is no matter of life and death for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from websockets.asyncio.connection import Connection

from pextra.relay.sockets import bound_sending, keep_alive


def test_a_connection_whose_other_side_has_left_is_left_to_whoever_reads_from_it() -> None:
    """TLS drops the socket at once; failing here cost a console its ordinary end."""
    gone = cast("Connection", SimpleNamespace(transport=SimpleNamespace(get_extra_info={}.get)))
    keep_alive(gone)
    bound_sending(gone)
