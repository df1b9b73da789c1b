"""The account that hypervisor and guests run as, and how root deals with files that it can write.

A guest that broke out of QEMU has this account. So root never writes, nor follows a link, in a directory
that the account can write to.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypedDict

DEDICATED_USER: Final = "libvirt-qemu"  # as the distributions' libvirt packages name it


@dataclass(frozen=True, slots=True)
class Account:
    """A user whom guests run as, other than the one whom we run as."""

    name: str
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give the account a file or directory that we made where it cannot write."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)


def guest_account() -> Account | None:
    """Whom guests run as: the dedicated user when we are root, otherwise (None) ourselves.

    Raises:
        LookupError: we are root and the dedicated user does not exist.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(DEDICATED_USER)
    except KeyError as error:
        raise LookupError(f"the user {DEDICATED_USER} does not exist") from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


class Identity(TypedDict, total=False):
    """Arguments of `subprocess` that change who a program runs as."""

    user: int
    group: int
    extra_groups: list[int]


def run_as(account: Account | None) -> Identity:
    """Arguments for `subprocess` that start a program as the account, with its groups (`kvm` among them)."""
    if account is None:
        return {}
    groups = [group.gr_gid for group in grp.getgrall() if account.name in group.gr_mem]
    return {"user": account.uid, "group": account.gid, "extra_groups": groups}


def open_theirs(path: Path) -> BinaryIO:
    """Open a file that the account may have put there: a regular one, never through a link or a pipe.

    Raises:
        FileNotFoundError: there is no regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise FileNotFoundError(error.errno, "there is no regular file", str(path)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(f"{path} is not a regular file")
    return os.fdopen(descriptor, "rb")


def connect_theirs(path: Path, account: Account | None, *, timeout_s: float = 10) -> socket.socket:
    """Connect to a UNIX stream socket where the account may have put another one, or a link to another one.

    Only a socket that the account owns is connected to, and only while the account, or root, listens: a link
    to a socket of root's, such as a container engine's, leads nowhere.

    Args:
        path: the socket; its directory's parent is ours.
        account: whom guests run as; None is ourselves.
        timeout_s: of connecting, and of each read and write until the caller sets another.

    Raises:
        FileNotFoundError: there is no such socket, or nobody listens.
    """
    owner = os.geteuid() if account is None else account.uid
    try:
        descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise FileNotFoundError(error.errno, "there is no socket", str(path)) from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISSOCK(found.st_mode) or found.st_uid != owner:
            raise FileNotFoundError(f"{path} is not a socket of the guests' account")
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            client.settimeout(timeout_s)
            client.connect(f"/proc/self/fd/{descriptor}")  # what was looked at, whatever the name means by now
            _, listener, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if listener not in (owner, 0):
                raise FileNotFoundError(f"{path}: user {listener} listens instead of the guests' account")
        except BaseException:
            client.close()
            raise
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FileNotFoundError(error.errno, "nobody listens", str(path)) from error
    finally:
        os.close(descriptor)
    return client
