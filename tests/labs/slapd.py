"""A throw-away OpenLDAP server on loopback, over StartTLS and TLS with an authority of its own."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pextra.pki.authority import Authority
from tests.labs.ports import LOOPBACK, free_port
from tests.labs.processes import has_ended, signal_all, spawn, wait_gone
from tests.labs.scratch import scratch_directory
from tests.labs.waiting import wait_until

BASE: Final = "dc=example,dc=com"
PEOPLE: Final = f"ou=people,{BASE}"
GROUPS: Final = f"ou=groups,{BASE}"
READER: Final = (f"cn=reader,{BASE}", "reader-password")
_SBIN: Final = "/usr/sbin"
_START_TIMEOUT_S: Final = 15.0

_CONFIGURATION: Final = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
TLSCACertificateFile {folder}/authority.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
TLSVerifyClient never
allow bind_v2 bind_anon_cred
database mdb
maxsize 10485760
suffix "{base}"
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by self read by * none
"""


def _entries(people: dict[str, str], groups: dict[str, list[str]]) -> str:
    written = [
        f"dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example",
        f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people",
        f"dn: {GROUPS}\nobjectClass: organizationalUnit\nou: groups",
        (
            f"dn: {READER[0]}\nobjectClass: applicationProcess\nobjectClass: simpleSecurityObject\ncn: reader\n"
            f"userPassword: {READER[1]}"
        ),
        (
            f"dn: ou=elsewhere,{BASE}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\n"
            f"ref: ldap://127.0.0.1:1/{PEOPLE}"
        ),
    ]
    written += [
        f"dn: uid={name},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\nsn: {name}\n"
        f"userPassword: {password}"
        for name, password in people.items()
    ]
    written += [
        f"dn: cn={name},{GROUPS}\nobjectClass: groupOfNames\ncn: {name}\n"
        + "\n".join(f"member: uid={member},{PEOPLE}" for member in members)
        for name, members in groups.items()
    ]
    return "\n\n".join(written) + "\n"


@dataclass(frozen=True)
class Slapd:
    """The server.

    Attributes:
        port: takes connections in clear text, and StartTLS.
        tls_port: takes connections over TLS.
        authorities: PEM of the authority of its certificate.
    """

    port: int
    tls_port: int
    authorities: str
    pid: int


def is_there() -> bool:
    """Whether this machine has the server."""
    return shutil.which("slapd", path=_SBIN) is not None


@contextmanager
def slapd(people: dict[str, str], groups: dict[str, list[str]]) -> Generator[Slapd]:
    """A directory with these people's passwords and groups' members, until the context ends."""
    folder = scratch_directory("pextra-slapd-")
    try:
        now = datetime.now(UTC)
        authority = Authority.create("directory", now)
        credentials = authority.sign_server([LOOPBACK, "localhost"], now, timedelta(days=1))
        (folder / "authority.pem").write_text(authority.certificate_pem)
        (folder / "server.pem").write_text(credentials.chain_pem)
        (folder / "server.key").touch(0o600)
        (folder / "server.key").write_text(credentials.key_pem)
        (folder / "data").mkdir()
        (folder / "slapd.conf").write_text(_CONFIGURATION.format(folder=folder, base=BASE, reader=READER[0]))
        (folder / "entries.ldif").write_text(_entries(people, groups))
        add = [f"{_SBIN}/slapadd", "-q", "-f", f"{folder}/slapd.conf", "-l", f"{folder}/entries.ldif"]
        subprocess.run(add, check=True, capture_output=True, text=True)
        server = _started(folder, authority.certificate_pem)
        try:
            yield server
        finally:
            signal_all([server.pid], signal.SIGKILL)
            wait_gone([server.pid], 10.0)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listens(port: int) -> bool:
    """Asked of the port itself: the server says that it starts before it does."""
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0


def _started(folder: Path, authorities: str) -> Slapd:
    log = folder / "log"
    for _ in range(3):
        port, tls_port = free_port(), free_port()
        listen = f"ldap://{LOOPBACK}:{port}/ ldaps://{LOOPBACK}:{tls_port}/"
        pid = spawn([f"{_SBIN}/slapd", "-d", "256", "-f", f"{folder}/slapd.conf", "-h", listen], log)
        wait_until(
            lambda pid=pid, ports=(port, tls_port): has_ended(pid) or all(map(_listens, ports)),
            _START_TIMEOUT_S,
            "slapd to start",
        )
        if not has_ended(pid):
            return Slapd(port, tls_port, authorities, pid)
    raise RuntimeError(f"slapd does not start: {log.read_text(errors='replace')[-2000:]}")
