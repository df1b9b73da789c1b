"""Free loopback ports for servers that must be told theirs."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"

# Below the range from which the kernel takes the ports of outgoing connections: a server that is killed
# finds its port free when it is started again.
_RANGE = range(20000, 30000)


def free_port() -> int:
    """A port that nothing listened on a moment ago.

    Somebody else may take it before it is used: a caller that starts a server tries again with another.

    Raises:
        OSError: a hundred random ports were all taken.
    """
    choose = random.SystemRandom().choice  # tests seed the global generator, and would then all agree
    for _ in range(100):
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port := choose(_RANGE)))
            except OSError:
                continue
            return port
    raise OSError(f"no free port found between {_RANGE.start} and {_RANGE.stop}")
