"""What the provider's own block of configuration may hold."""

from __future__ import annotations

from typing import Final

from terraform_provider_pextra.attributes import Attribute

ATTRIBUTES: Final = (
    Attribute(
        name="endpoints",
        type=["list", "string"],
        optional=True,
        description="Addresses of the API, all of one cloud; `PEXTRA_ENDPOINTS` or the profile's by default.",
    ),
    Attribute(
        name="token",
        optional=True,
        sensitive=True,
        description="The bearer token; `PEXTRA_TOKEN` or the profile's by default. Rather leave it to the environment.",
    ),
    Attribute(
        name="tenant",
        optional=True,
        description="Whose the objects are that name no tenant; `PEXTRA_TENANT` or the profile's by default.",
    ),
    Attribute(
        name="ca_file",
        optional=True,
        description="File of the certificates to trust, not the system's; `PEXTRA_CA` or the profile's by default.",
    ),
    Attribute(
        name="profile",
        optional=True,
        description="The profile of the command line to take what is missing from; `PEXTRA_PROFILE` or the current one "
        "by default.",
    ),
    Attribute(
        name="stack",
        optional=True,
        description="Tells this stack from every other, so that an apply that was killed finds what it made again, for "
        "24 hours. By default this machine, folder and workspace: name it where applies run on changing machines.",
    ),
    Attribute(
        name="timeout",
        optional=True,
        description="How long to wait for one object at most, such as `20m`; 10 minutes by default.",
    ),
)
