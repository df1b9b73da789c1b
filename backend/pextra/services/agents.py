"""What a host's agent may ask: to join, to renew its certificate, and to sync. It reaches nothing but its own host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pextra import agent_protocol as protocol
from pextra.errors import PextraError
from pextra.pki.authority import Authority
from pextra.pki.failures import InvalidRequest, InvalidToken
from pextra.pki.join_token import JoinToken
from pextra.services import auditing, revealing
from pextra.services.cloud import Cloud, Origin
from pextra.store import agents, assignments, objects, samples, site, work
from pextra.store.database import Tx
from pextra.store.records import Record

CERTIFICATE_LIFETIME: Final = timedelta(days=30)
HEARTBEAT_S: Final = 10.0
"""An agent that only asks is written down as heard this often."""
SILENT_S: Final = 30.0
"""An agent that was not heard for so long is silent: nothing new is placed on its host."""
POLL_S: Final = 2.0
SAMPLE_S: Final = 60.0
"""How often guests' counters are taken. Each host writes one row each time: see adr/0014."""
_AUTHORITY_KEY: Final = "agent_authority_key"


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its host."""

    host: Record
    certificate: str
    authority: str
    renew_after_s: float


def authority(cloud: Cloud, tx: Tx) -> Authority:
    """The certificate authority of this site's host agents, made when there is none yet. Its key is kept sealed.

    Raises:
        PextraError: `keys.lost`, `keys.unavailable`, `keys.damaged`.
    """
    kept = site.authority(tx)
    if kept is not None:
        return Authority.load(kept, cloud.keys.site_value(tx, _AUTHORITY_KEY, _no_authority).decode())
    made = Authority.create("Pextra host agents", _now(tx))
    site.keep_authority(tx, made.certificate_pem)
    cloud.keys.keep_site_value(tx, _AUTHORITY_KEY, made.key_pem().encode())
    return made


def _no_authority() -> bytes:
    raise PextraError(
        "keys.damaged", "The key of the hosts' certificate authority is not in the database: restore it from a backup."
    )


def unauthenticated() -> PextraError:
    """The refusal of a certificate, the same whatever is wrong with it."""
    return PextraError(
        "agent.unauthenticated",
        "A valid certificate of a host's agent is required: it is missing, expired or revoked. "
        "Join again with a new join token.",
    )


def host_of(tx: Tx, serial: str | None) -> str:
    """The uid of the host whose agent shows the certificate of that serial number.

    Raises:
        PextraError: `agent.unauthenticated`: it shows none, or one that was revoked, has expired or was never issued.
    """
    host_uid = agents.holder(tx, serial) if serial is not None else None
    if host_uid is None:
        raise unauthenticated()
    return host_uid


def join(cloud: Cloud, tx: Tx, request: protocol.JoinRequest, origin: Origin) -> Issued:
    """Make whoever knows a join token's secret the agent of its host; any earlier agent of the host is shut out.

    Raises:
        PextraError: `agent.join_refused`, `agent.csr_invalid`.
    """
    try:
        secret_hash = JoinToken.parse(request.token).secret_hash
    except InvalidToken:
        secret_hash = ""
    host_uid = agents.take_join_secret(tx, secret_hash)
    host = objects.by_uid(tx, cloud.site.uid, host_uid) if host_uid is not None else None
    if host is None or host.deleting:
        raise PextraError(
            "agent.join_refused", "The join token is unknown, expired, or was used before: make a new one for the host."
        )
    agents.revoke_certificates(tx, host.uid)
    work.ask(tx, host.tenant_uid, host.uid, host.kind)
    issued = _issue(cloud, tx, host, request.csr)
    auditing.agent_did(cloud, tx, "host.join", host, origin, "the secret of a join token of this host")
    return issued


def renew(cloud: Cloud, tx: Tx, serial: str | None, request: protocol.CertificateRequest, origin: Origin) -> Issued:
    """The next certificate of the agent that asks; the one that it asks with stays good until the new one is used.

    Asking revokes nothing: the answer may be lost, and a request that arrives twice, or late, must not shut out the
    agent that uses what the first answer brought.

    Raises:
        PextraError: `agent.unauthenticated`, `agent.csr_invalid`.
    """
    host = objects.by_uid(tx, cloud.site.uid, host_of(tx, serial))
    if host is None:
        raise unauthenticated()
    assert serial is not None
    agents.revoke_older(tx, host.uid, serial)
    issued = _issue(cloud, tx, host, request.csr)
    auditing.agent_did(cloud, tx, "host.renew_certificate", host, origin, "the certificate of this host's agent")
    return issued


def _issue(cloud: Cloud, tx: Tx, host: Record, csr: str) -> Issued:
    signer = authority(cloud, tx)
    try:
        issued = signer.sign_host(csr, host.uid, _now(tx), CERTIFICATE_LIFETIME)
    except InvalidRequest as error:
        raise PextraError("agent.csr_invalid", str(error)) from error
    not_after_us = int(issued.not_after.timestamp() * 1_000_000)
    agents.add_certificate(tx, issued.serial_hex, host_uid=host.uid, not_after_us=not_after_us)
    return Issued(host, issued.certificate_pem, signer.certificate_pem, CERTIFICATE_LIFETIME.total_seconds() / 2)


def _now(tx: Tx) -> datetime:
    return datetime.fromtimestamp(tx.now, UTC)


# --- the exchange that repeats ---


def sync(cloud: Cloud, serial: str | None, request: protocol.SyncRequest) -> protocol.SyncAnswer:
    """Take the agent's reports and say what is newer than it knows. Costs one read when there is nothing of either.

    Raises:
        PextraError: `agent.unauthenticated`.
    """
    quiet = not request.reports and not request.strangers and request.inventory is None
    quiet = quiet and request.samples is None
    if quiet:
        answer = cloud.database.read(lambda tx: _unchanged(cloud, tx, serial, request))
        if answer is not None:
            return answer
    return cloud.database.write(lambda tx: _exchange(cloud, tx, serial, request))


def _unchanged(cloud: Cloud, tx: Tx, serial: str | None, request: protocol.SyncRequest) -> protocol.SyncAnswer | None:
    """The answer, when nothing is to be written and nothing is newer."""
    agent = agents.pulse(tx, host_of(tx, serial))
    if agent is None or agent.seen_us is None or agent.boot_id != request.boot_id or agent.version != request.version:
        return None
    if tx.now_us - agent.seen_us > HEARTBEAT_S * 1_000_000 or agent.revision != request.revision:
        return None
    return protocol.SyncAnswer(revision=request.revision, poll_s=POLL_S, relay=cloud.addresses.relay, sample_s=SAMPLE_S)


def _exchange(cloud: Cloud, tx: Tx, serial: str | None, request: protocol.SyncRequest) -> protocol.SyncAnswer:
    host_uid = host_of(tx, serial)
    assert serial is not None
    agents.revoke_older(tx, host_uid, serial)
    agent = agents.pulse(tx, host_uid)
    taken = agent.exchange if agent is not None else 0
    if _is_late(request, taken):
        return protocol.SyncAnswer(revision=request.revision, exchange=taken, refused=True, poll_s=POLL_S)
    agents.heard(tx, host_uid, boot_id=request.boot_id, version=request.version, exchange=taken + 1)
    if is_silent(agent.seen_us if agent else None, tx.now_us) or request.inventory is not None:
        work.ask(tx, cloud.site.uid, host_uid, "host")
    if request.inventory is not None:
        agents.store_inventory(tx, host_uid, request.inventory)
    if request.samples is not None:
        hosts_own = {each.address for each in request.gpu_samples}  # which the host knows better than any guest
        said = [*request.gpu_samples, *(each for each in request.guest_gpu_samples if each.address not in hosts_own)]
        of_gpus = [each.model_dump(mode="json", exclude_none=True) for each in said]
        samples.put(tx, host_uid, {each.uid: each.counters() for each in request.samples}, of_gpus)
    news = [stored for report in request.reports if (stored := _take(tx, host_uid, report))]
    work.ask_many(tx, ((a.tenant_uid, a.uid, assignments.OBJECT_KINDS[a.kind]) for a in news))
    newer = assignments.newer(tx, host_uid, request.revision, limit=protocol.MOST_ASSIGNMENTS)
    more = len(newer) == protocol.MOST_ASSIGNMENTS
    revision = newer[-1].revision if newer else request.revision
    settings: dict[str, Any] | None = None
    if agent is not None and agent.settings_revision > request.revision:
        settings = agent.settings
        revision = revision if more else max(revision, agent.settings_revision)
    return protocol.SyncAnswer(
        revision=revision,
        assignments=[_told(cloud, tx, each) for each in newer],
        more=more,
        settings=None if settings is None else protocol.HostSettings.model_validate(settings),
        exchange=taken + 1,
        remove=sorted(set(request.strangers) - assignments.known(tx, host_uid, request.strangers)),
        poll_s=POLL_S,
        relay=cloud.addresses.relay,
        sample_s=SAMPLE_S,
    )


def _is_late(request: protocol.SyncRequest, taken: int) -> bool:
    """Whether the request was overtaken: what it reports may have been reported otherwise since, of one revision."""
    return request.exchange is not None and request.exchange != taken


def _take(tx: Tx, host_uid: str, report: protocol.Report) -> assignments.Assignment | None:
    """Take a report; the assignment when there is something new in it."""
    if report.gone:
        return assignments.forget_removed(tx, host_uid, report.uid, revision=report.revision)
    return assignments.store_report(tx, host_uid, report.uid, revision=report.revision, report=report.content)


def _told(cloud: Cloud, tx: Tx, assigned: assignments.Assignment) -> protocol.Assignment:
    revealed = revealing.of_object(cloud, tx, assigned.tenant_uid, assigned.uid) if assigned.secret_paths else {}
    return protocol.Assignment.model_validate(
        {
            "kind": assigned.kind,
            "uid": assigned.uid,
            "tenant_uid": assigned.tenant_uid,
            "revision": assigned.revision,
            "removed": assigned.removed,
            "document": {} if assigned.removed else assigned.document,
            "secrets": {path: revealed[path] for path in assigned.secret_paths if path in revealed},
        }
    )


# --- what was uploaded ---


def image_content(cloud: Cloud, serial: str | None, image_uid: str) -> Path:
    """The file, which never changes, with the content of an image that something on the agent's host is made from.

    Raises:
        PextraError: `agent.unauthenticated`; `object.not_found`, the same whether there is no such image or the host
            has nothing to do with it; `server.busy` while it has not come.
    """

    def allowed(tx: Tx) -> bool:
        return assignments.needs_image(tx, host_of(tx, serial), image_uid)

    if not cloud.database.read(allowed):
        raise PextraError("object.not_found", f"This host needs no image {image_uid!r}.")
    path = cloud.depot.content(image_uid) if cloud.depot is not None else None
    if path is None:
        raise PextraError("server.busy", f"The content of image {image_uid} is not here yet.", retry_after_s=5)
    return path


def is_silent(seen_us: int | None, now_us: int) -> bool:
    """Whether an agent that was last heard then is silent now."""
    return seen_us is None or now_us - seen_us > SILENT_S * 1_000_000
