"""Kind `ssh_key`: a public key that guests let in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pextra.declaration.kind import Kind, SpecModel
from pextra.declaration.markers import Immutable


class SshKeySpec(SpecModel):
    """What a key should be."""

    public_key: Annotated[
        str,
        Field(
            max_length=8192,
            pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+) "
            r"[A-Za-z0-9+/=]+( [^\r\n]*)?$",
        ),
        Immutable(),
    ]
    """One line in OpenSSH's form."""


SSH_KEY = Kind(
    name="ssh_key",
    plural="ssh_keys",
    description="A public key that guests let in. It is copied into an instance when the instance is made.",
    spec=SshKeySpec,
    example={
        "kind": "ssh_key",
        "metadata": {"name": "ada"},
        "spec": {"public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000 ada"},
    },
)
