"""What each part of a fabric is in the northbound database. Pure."""

from __future__ import annotations

from typing import assert_never

from pextra.drivers.interface.fabric import (
    KINDS,
    AddressList,
    FabricBalancer,
    FabricGroup,
    FabricNetwork,
    FabricPort,
    FabricProvider,
    FabricRouter,
    FloatingAddress,
    Part,
)
from pextra.drivers.ovn.rows import Document
from pextra.drivers.ovn.translation.balancers import balancer_document
from pextra.drivers.ovn.translation.groups import address_list_document, group_document
from pextra.drivers.ovn.translation.networks import network_document
from pextra.drivers.ovn.translation.ports import port_document
from pextra.drivers.ovn.translation.providers import floating_document, provider_document
from pextra.drivers.ovn.translation.routers import router_document


def document_of(part: Part, domain: str) -> Document:
    """The rows of a part.

    Args:
        domain: guests' own, for names.

    Raises:
        Permanent: `PartInvalid`.
    """
    match part:
        case FabricNetwork():
            return network_document(part, domain)
        case FabricPort():
            return port_document(part, domain)
        case FabricGroup():
            return group_document(part)
        case AddressList():
            return address_list_document(part)
        case FabricProvider():
            return provider_document(part)
        case FloatingAddress():
            return floating_document(part)
        case FabricBalancer():
            return balancer_document(part)
        case FabricRouter():
            return router_document(part)
        case _:
            assert_never(part)


def owner_of(part: Part) -> str:
    """How the part's rows name it."""
    return f"{KINDS[type(part)]}/{part.uid}"
