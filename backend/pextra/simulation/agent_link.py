"""The way of a host's agent to the control plane: it delays, loses and repeats exchanges, and is cut for a while."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ssl import PEM_cert_to_DER_cert
from typing import Final

from pextra import agent_protocol as protocol
from pextra.agent.agent import LinkDown
from pextra.agent_protocol import SyncAnswer, SyncRequest
from pextra.pki.identity import identity_of
from pextra.pki.request import new_request
from pextra.simulation.node import Node
from pextra.simulation.process import Process
from pextra.simulation.stage import Stage
from pextra_client.messages import Answer

CSR: Final = new_request("simulated")[1]
"""Every agent asks for its certificates with one key: making keys takes long, and nothing here depends on them."""
_ANSWERS: Final = frozenset({200, 401, 503})
_TIMEOUT_S: Final = 1.0


class AgentLink:
    """An agent's end of the way; what it waits for, it waits for as a part of its process.

    Attributes:
        serial: of the certificate that the agent shows.
        cut: whether nothing gets through.
        under_way: how many messages are still to arrive.
    """

    def __init__(self, stage: Stage, process: Process[object], nodes: Sequence[Node], serial: str) -> None:
        self.serial = serial
        self.cut = False
        self.under_way = 0
        self._stage = stage
        self._process = process
        self._nodes = nodes

    def sync(self, request: SyncRequest) -> SyncAnswer:
        """See `agent.Link.sync`."""
        return SyncAnswer.model_validate(self._ask("/sync", request).json())

    def renew(self) -> None:
        """Get the next certificate and use it.

        Raises:
            LinkDown: there is none; the old one stays good.
        """
        answer = self._ask("/certificate", protocol.CertificateRequest(csr=CSR))
        self.serial = serial_of(answer)

    def _ask(self, path: str, message: protocol.Message) -> Answer:
        """One message and its answer.

        Raises:
            LinkDown: there was no answer, or a refusal.
        """
        hazards, process = self._stage.hazards, self._process
        process.point("before exchange")
        serial = self.serial
        lost = self.cut or hazards.loses()
        if hazards.repeats() or (lost and not self.cut and process.rng.random() < 0.5):
            self._later(
                hazards.latency_s() + hazards.lateness_s(),
                lambda: self._deliver(path, message, serial, " again or late"),
            )
            self._stage.counts["exchange repeated"] += 1
        if lost:
            self._stage.note(process.name, "is not heard", count="exchange lost")
            process.wait(_TIMEOUT_S)
            raise LinkDown("the request was lost")
        process.wait(hazards.latency_s())
        answer = self._deliver(path, message, serial, "")
        if self.cut or hazards.loses():
            self._stage.note(process.name, "does not hear the answer", count="exchange's answer lost")
            process.wait(_TIMEOUT_S)
            raise LinkDown("the answer was lost")
        process.wait(hazards.latency_s())
        process.point("after exchange")
        if answer is None:
            raise LinkDown("the connection broke")
        if answer.status != 200:
            raise LinkDown(f"refused: {answer.body.decode()}")
        return answer

    def _deliver(self, path: str, message: protocol.Message, serial: str, how: str) -> Answer | None:
        node = self._process.rng.choice(self._nodes)
        answer = node.serve_agent(path, message, serial)
        what = "nothing" if answer is None else answer.status
        if not how and answer is not None:
            self._stage.counts[f"exchange {what}"] += 1
        else:
            self._stage.note(node.name, f"answers {self._process.name} {path}{how}: {what}", count=f"exchange{how}")
        if answer is not None and answer.status not in _ANSWERS:
            self._stage.ledger.faults.append(
                f"{self._process.name} was answered {answer.status} {answer.body.decode()} to {message}"
            )
        return answer

    def _later(self, delay_s: float, act: Callable[[], object]) -> None:
        self.under_way += 1

        def once() -> None:
            try:
                act()
            finally:
                self.under_way -= 1

        self._stage.schedule.after(delay_s, once)


def serial_of(answer: Answer) -> str:
    """The serial number of the certificate in an answer."""
    issued = protocol.Certificate.model_validate(answer.json())
    return identity_of(PEM_cert_to_DER_cert(issued.certificate)).serial_hex
