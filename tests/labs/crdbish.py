"""A proxy that makes PostgreSQL fail the way CockroachDB does, for any driver.

It sits between a client and a PostgreSQL server, makes every session SERIALIZABLE, refuses what CockroachDB
lacks or only pretends to have, and injects the failures of a distributed database:

    with Crdbish(server.address, seed=1, rates={Fault.COMMIT_RETRY: 0.05}) as proxy:
        engine = create_engine(proxy.url("app"))
        proxy.once(Fault.COMMIT_LOST_APPLIED)   # the next COMMIT
        with proxy.quiet():                     # no random faults while an audit reads
            ...
        proxy.stats[Fault.COMMIT_RETRY]         # how often it happened

It does not check CockroachDB's grammar, types, plans or timing. No TLS on this hop, no pipelining, no
strings of several statements; a refusal is found by regular expression.
"""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections import Counter
from collections.abc import Generator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self

from tests.labs import pgwire
from tests.labs.pgwire import Message
from tests.labs.ports import LOOPBACK

_STOP_TIMEOUT_S: Final = 5.0


class Fault(StrEnum):
    """What can be made to happen to a statement or to a COMMIT."""

    STMT_RETRY = "stmt_retry"
    """A statement fails with 40001 and its transaction is aborted, in the server too."""
    COMMIT_RETRY = "commit_retry"
    """COMMIT fails with 40001; nothing was committed."""
    COMMIT_LOST_APPLIED = "commit_lost_applied"
    """The connection is cut during COMMIT; the transaction was committed."""
    COMMIT_LOST_DROPPED = "commit_lost_dropped"
    """The connection is cut during COMMIT; nothing was committed."""
    COMMIT_40003_APPLIED = "commit_40003_applied"
    """COMMIT fails with 40003 ("result is ambiguous") on a live connection; it was committed."""
    COMMIT_40003_DROPPED = "commit_40003_dropped"
    """COMMIT fails with 40003 on a live connection; nothing was committed."""

    @property
    def hits_commit(self) -> bool:
        """Whether it befalls a COMMIT, and not any other statement."""
        return self is not Fault.STMT_RETRY


REFUSED: Final = "refused"
"""Key in `Crdbish.stats`: statements refused."""
OVERTAKEN: Final = "overtaken"
"""Key in `Crdbish.stats`: faults given up because the server itself failed the COMMIT first."""

_UNSUPPORTED: Final = [
    (re.compile(pattern, re.IGNORECASE), what)
    for pattern, what in [
        (r"\bpg_(try_)?advisory_\w+\s*\(", "advisory locks (no-ops there)"),
        (r"^\s*((UN)?LISTEN|NOTIFY)\b|\bpg_notify\s*\(", "LISTEN/NOTIFY"),
        (r"\bSKIP\s+LOCKED\b", "SKIP LOCKED"),  # newer releases have it; the product may not rely on it
        (r"^\s*LOCK\s+(TABLE\s+)?\w", "LOCK TABLE"),
        (r"^\s*PREPARE\s+TRANSACTION\b", "two-phase commit"),
        (r"^\s*CREATE\s+(EXTENSION|RULE|DOMAIN|TABLESPACE|EVENT\s+TRIGGER|UNLOGGED)\b", "this CREATE"),
        (r"\bEXCLUDE\s+USING\b", "exclusion constraints"),
        (r"\b(ctid|xmin|xmax)\b", "system columns"),
    ]
]
_LITERAL_OR_COMMENT: Final = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_COMMIT: Final = re.compile(r"\s*(COMMIT|END)\b", re.IGNORECASE)
_NEVER_FAILS: Final = re.compile(
    r"\s*(?:(?:BEGIN|START|ROLLBACK|ABORT|SET|SHOW|RESET|DISCARD|DEALLOCATE|SAVEPOINT|RELEASE)\b|$)",
    re.IGNORECASE,
)

_RETRY = pgwire.error("40001", "restart transaction: TransactionRetryWithProtoRefreshError: injected")
_AMBIGUOUS = pgwire.error("40003", "result is ambiguous: injected")


class Crdbish:
    """The proxy: a listener on loopback, served by a thread of its own.

    Args:
        upstream: host and port of the PostgreSQL server.
        rates: probability of each random fault, 0 to 1; those of the COMMIT faults add up to 1 at most.
        seed: of the random faults. One client sees the same faults again under the same seed.
        port: to listen on; 0 for any.
    """

    def __init__(
        self,
        upstream: tuple[str, int],
        *,
        rates: Mapping[Fault, float] | None = None,
        seed: int = 0,
        port: int = 0,
    ) -> None:
        self.upstream = upstream
        self.port = port
        self.stats: Counter[str] = Counter()
        self.rates = rates or {}
        self._random = random.Random(seed)
        self._queue: list[Fault] = []
        self._silencers = 0
        self._lock = threading.Lock()
        self._sessions: set[asyncio.Task[None]] = set()
        self._defects: list[BaseException] = []
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def rates(self) -> Mapping[Fault, float]:
        """The probability of each random fault; may be set while the proxy runs."""
        return self._rates

    @rates.setter
    def rates(self, rates: Mapping[Fault, float]) -> None:
        checked = {Fault(fault): rate for fault, rate in rates.items()}
        for_commit = sum(rate for fault, rate in checked.items() if fault.hits_commit)
        if for_commit > 1 or not all(0 <= rate <= 1 for rate in checked.values()):
            raise ValueError(f"these are not probabilities: {checked}")
        self._rates = checked

    def url(self, database: str, driver: str = "cockroachdb+psycopg") -> str:
        """The SQLAlchemy URL of a database behind the proxy."""
        return f"{driver}://postgres@{LOOPBACK}:{self.port}/{database}"

    def once(self, fault: Fault) -> None:
        """Lets a fault happen to the next statement or COMMIT that it fits, random faults or none.

        Calls add up; each is used once, in order.
        """
        with self._lock:
            self._queue.append(Fault(fault))

    @contextmanager
    def quiet(self) -> Generator[None]:
        """Suspends random faults inside a `with` block; those asked for by `once` still happen."""
        with self._lock:
            self._silencers += 1
        try:
            yield
        finally:
            with self._lock:
                self._silencers -= 1

    def start(self) -> Self:
        """Starts to listen; returns when `port` is known.

        Raises:
            OSError: the port is taken.
        """
        bound: Future[int] = Future()
        thread = threading.Thread(target=asyncio.run, args=[self._serve(bound)], daemon=True)
        thread.start()
        self.port = bound.result()
        self._thread = thread
        return self

    def stop(self) -> None:
        """Stops listening and cuts every connection; does nothing if the proxy does not run.

        Raises:
            ExceptionGroup: the proxy itself was at fault in a session.
        """
        if self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_TIMEOUT_S)
        if self._thread.is_alive():
            raise TimeoutError(f"the proxy did not stop within {_STOP_TIMEOUT_S:g} s")
        self._thread = None
        if self._defects:
            raise BaseExceptionGroup("defects of the fault proxy", self._defects)

    def choose(self, *, commit: bool) -> Fault | None:
        """Decides what happens to the next COMMIT, or to the next other statement."""
        with self._lock:
            for place, fault in enumerate(self._queue):
                if fault.hits_commit == commit:
                    return self._queue.pop(place)
            if self._silencers:
                return None
            drawn = self._random.random()
            for fault, rate in self._rates.items():
                if fault.hits_commit == commit:
                    if drawn < rate:
                        return fault
                    drawn -= rate
            return None

    async def _serve(self, bound: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._note_defect)
        self._stopping = asyncio.Event()
        try:
            server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        except OSError as error:
            bound.set_exception(error)
            return
        bound.set_result(server.sockets[0].getsockname()[1])
        await self._stopping.wait()
        server.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions)
        await server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            await _Session(self, reader, writer).run()
        except asyncio.CancelledError:
            writer.transport.abort()  # stop() was called, and waits for this task
        finally:
            self._sessions.discard(task)
            writer.close()

    def _note_defect(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._defects.append(error if isinstance(error, BaseException) else RuntimeError(context["message"]))


class _Session:
    """One client's connection and the connection to the server that belongs to it."""

    def __init__(self, proxy: Crdbish, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client_reader = reader
        self._client_writer = writer
        self._state = pgwire.IDLE
        self._statements: dict[str, str] = {}  # by name: prepared ones are named, the last other is ""
        self._unanswered = 1  # READY messages that the server owes; the first one answers the start
        self._all_answered = asyncio.Event()
        self._hidden: list[Message] | None = None  # collects answers which the client must not see

    async def run(self) -> None:
        """Serves the client until one side closes its connection, or a fault cuts it."""
        try:
            startup = await pgwire.read_startup(self._client_reader)
            while startup.asks_for_encryption:
                self._client_writer.write(b"N")
                startup = await pgwire.read_startup(self._client_reader)
            self._server_reader, self._server_writer = await asyncio.open_connection(*self._proxy.upstream)
        except (OSError, asyncio.IncompleteReadError):
            return
        try:
            serializable = startup.with_parameter("default_transaction_isolation", "serializable")
            self._server_writer.write(serializable.encode())
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._forward_answers())
                directions.create_task(self._forward_requests())
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._server_writer.transport.abort()

    async def _forward_answers(self) -> None:
        while True:
            message = await pgwire.read_message(self._server_reader)
            if message.kind == pgwire.READY:
                self._state = message.body
                self._unanswered -= 1
                if self._unanswered == 0:
                    self._all_answered.set()
            if self._hidden is not None:
                self._hidden.append(message)
            else:
                self._client_writer.write(message.encode())
                await self._client_writer.drain()

    async def _forward_requests(self) -> None:
        while True:
            message = self._screen(await pgwire.read_message(self._client_reader))
            if fault := self._fault_for(message):
                await self._inject(fault, message)
            else:
                await self._send(message)

    async def _send(self, message: Message) -> None:
        if message.kind in (pgwire.QUERY, pgwire.SYNC, pgwire.FUNCTION_CALL):
            self._unanswered += 1
            self._all_answered.clear()
        self._server_writer.write(message.encode())
        await self._server_writer.drain()

    def _screen(self, message: Message) -> Message:
        """Notes a statement's text, and puts one that the server refuses in the place of an unsupported one.

        The substitute is a name across databases: PostgreSQL's parser fails it with 0A000 and repeats our
        words, whatever parameters are bound to it.
        """
        if message.kind == pgwire.QUERY:
            name, statement = "", message.body[:-1].decode()
        elif message.kind == pgwire.PARSE:
            name, statement = (part.decode() for part in message.body.split(b"\0")[:2])
        else:
            return message
        what = _unsupported(statement)
        if what is None:
            self._statements[name] = statement
            return message
        self._statements[name] = ""  # no fault on top
        self._proxy.stats[REFUSED] += 1
        substitute = pgwire.cstring(f'SELECT * FROM "unimplemented on CockroachDB: {what}"."-"."-"')
        if message.kind == pgwire.PARSE:
            substitute = pgwire.cstring(name) + substitute + b"\0\0"  # no parameter types
        return message._replace(body=substitute)

    def _fault_for(self, message: Message) -> Fault | None:
        """The fault to befall what this message would execute, if any."""
        if message.kind == pgwire.QUERY:
            statement = self._statements[""]
        elif message.kind == pgwire.BIND:
            statement = self._statements.get(message.body.split(b"\0")[1].decode(), "")
        else:
            return None
        if self._state == pgwire.FAILED or _NEVER_FAILS.match(statement):
            return None
        if not _COMMIT.match(statement):
            return self._proxy.choose(commit=False)
        return self._proxy.choose(commit=True) if self._state == pgwire.IN_TRANSACTION else None

    async def _inject(self, fault: Fault, message: Message) -> None:
        """Lets a fault happen instead of the client's statement.

        Raises:
            ConnectionAbortedError: the fault was to cut the connection.
        """
        answer = await self._enact(fault)
        if answer is None:
            self._client_writer.transport.abort()
            raise ConnectionAbortedError(fault)
        if message.kind == pgwire.BIND:  # an error in the extended protocol: ignore all up to the next Sync
            while (await pgwire.read_message(self._client_reader)).kind != pgwire.SYNC:
                pass
        self._client_writer.write(answer.encode() + Message(pgwire.READY, self._state).encode())
        await self._client_writer.drain()

    async def _enact(self, fault: Fault) -> Message | None:
        """Brings the fault about in the server; returns what to tell the client, None to cut it off."""
        if fault is Fault.STMT_RETRY:
            await self._execute("DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '40001'; END $$")
            answer = _RETRY
        elif fault is Fault.COMMIT_RETRY:
            await self._execute("ROLLBACK")
            answer = _RETRY
        else:
            applied = fault in (Fault.COMMIT_LOST_APPLIED, Fault.COMMIT_40003_APPLIED)
            if failure := await self._execute("COMMIT" if applied else "ROLLBACK"):
                self._proxy.stats[OVERTAKEN] += 1
                return failure
            cut = fault in (Fault.COMMIT_LOST_APPLIED, Fault.COMMIT_LOST_DROPPED)
            answer = None if cut else _AMBIGUOUS
        self._proxy.stats[fault] += 1
        return answer

    async def _execute(self, statement: str) -> Message | None:
        """Runs a statement in the client's session, unseen by it; returns the server's error, if any."""
        # The client may have sent half of an exchange in the extended protocol. Should that have failed, the
        # server would ignore our statement up to a Sync.
        await self._exchange(Message(pgwire.SYNC, b""))
        answers = await self._exchange(pgwire.query(statement))
        return next((answer for answer in answers if answer.kind == pgwire.ERROR), None)

    async def _exchange(self, request: Message) -> list[Message]:
        """Sends a request of the proxy's own; returns the answers, which the client does not get."""
        await self._all_answered.wait()  # what came before goes to the client
        answers: list[Message] = []
        self._hidden = answers
        await self._send(request)
        await self._all_answered.wait()
        self._hidden = None
        return answers


def _unsupported(statement: str) -> str | None:
    """What CockroachDB lacks of what a statement asks for; None if nothing is known."""
    bare = _LITERAL_OR_COMMENT.sub(lambda found: "''" if found[0].startswith("'") else " ", statement)
    return next((what for pattern, what in _UNSUPPORTED if pattern.search(bare)), None)
