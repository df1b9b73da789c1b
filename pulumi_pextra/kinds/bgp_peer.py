"""A bgp peer as a Pulumi resource.

Generated from the API's declarations by scripts/generate.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Required, TypedDict, Unpack, overload

import pulumi
from pulumi import Input

from pulumi_pextra.declared import Declared
from pulumi_pextra.types import Condition, input_type, output_type, told


@output_type
class BgpPeerSession:
    """The session of a host."""

    host: str
    """The host's name."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    state: str | None = None
    """`Idle`, `Connect`, `Active`, `OpenSent`, `OpenConfirm` or `Established`; empty: its agent has yet to say."""

    since: str | None = None
    """When it was established, RFC 3339."""

    announced: int | None = None
    """How many prefixes the router was sent."""

    received: int | None = None
    """How many of its routes are taken."""

    problem: str | None = None
    """What keeps it from being as it should."""


@output_type
class BgpPeerStatus:
    """What a peer was found to be."""

    observed_generation: int | None = None
    """The generation of which the conditions speak."""

    conditions: Sequence[Condition] | None = None
    """What is true of the object; every kind has `ready`."""

    sessions: Sequence[BgpPeerSession] | None = None
    """Sessions of hosts, those first that are not established."""

    established: int | None = None
    """How many hosts have one that is."""

    hosts: int | None = None
    """How many should."""


@input_type
class BgpPeerBgpAcceptedArgs:
    """A range of which routes are taken."""

    prefix: Input[str]
    """The range, IPv4 or IPv6, without host bits."""

    le: Input[int] | None = None
    """The longest prefix within the range that is taken; without it, the range itself alone."""


class BgpPeerBgpAcceptedArgsDict(TypedDict, total=False):
    """`BgpPeerBgpAcceptedArgs` as a dictionary."""

    prefix: Required[Input[str]]
    le: Input[int]


@input_type
class BgpPeerArgs:
    """What is wanted of a bgp peer."""

    address: Input[str]
    """The router's own. (a change replaces the object)"""

    peer_as: Input[int]
    """Its autonomous system."""

    local_as: Input[int]
    """That of the hosts. With the router's own, sessions are internal ones. (a change replaces the object)"""

    name: Input[str] | None = None
    """Its name. Made of the resource's name, project and stack when absent."""

    labels: Input[Mapping[str, Input[str]]] | None = None
    """For selecting it."""

    annotations: Input[Mapping[str, Input[str]]] | None = None
    """For whoever reads it."""

    host_labels: Input[Mapping[str, Input[str]]] | None = None
    """Labels of the hosts that have a session with it, those of its rack, say; without any, every host on which FRR
    runs.
    """

    announce: Input[Sequence[Input[str]]] | None = None
    """Pools whose addresses are announced, one by one, each by the host on which it lives."""

    announce_networks: Input[Sequence[Input[str]]] | None = None
    """Ranges within which tenants' networks are announced, too, whose router goes out to one of these pools and
    does not translate.
    """

    accept: Input[Sequence[Input[BgpPeerBgpAcceptedArgs | BgpPeerBgpAcceptedArgsDict]]] | None = None
    """What hosts take from it; nothing by default."""

    maximum_prefixes: Input[int] | None = None
    """When it sends more of what is accepted, the session is closed for five minutes. (100 by default)"""

    password: Input[str] | None = None
    """Of the session's TCP segments (MD5, RFC 2385). (a secret)"""

    hold_s: Input[int] | None = None
    """After how long a silence a session is over, and what was announced in it is forgotten. (in s; 9 by default)
    """

    bfd: Input[bool] | None = None
    """Whether silence is noticed within a second, by BFD; the router has to do it, too."""

    hops: Input[int] | None = None
    """How many routers away it may be, where it is of another autonomous system; 1: it is on a network of the
    hosts. (1 by default)
    """

    description: Input[str] | None = None
    """What it is."""


class BgpPeerArgsDict(TypedDict, total=False):
    """`BgpPeerArgs` as a dictionary."""

    address: Required[Input[str]]
    peer_as: Required[Input[int]]
    local_as: Required[Input[int]]
    name: Input[str]
    labels: Input[Mapping[str, Input[str]]]
    annotations: Input[Mapping[str, Input[str]]]
    host_labels: Input[Mapping[str, Input[str]]]
    announce: Input[Sequence[Input[str]]]
    announce_networks: Input[Sequence[Input[str]]]
    accept: Input[Sequence[Input[BgpPeerBgpAcceptedArgs | BgpPeerBgpAcceptedArgsDict]]]
    maximum_prefixes: Input[int]
    password: Input[str]
    hold_s: Input[int]
    bfd: Input[bool]
    hops: Input[int]
    description: Input[str]


@output_type
class BgpPeerBgpAccepted:
    """A range of which routes are taken."""

    prefix: str
    """The range, IPv4 or IPv6, without host bits."""

    le: int | None = None
    """The longest prefix within the range that is taken; without it, the range itself alone."""


class BgpPeerFields(Declared):
    """A router outside, to which hosts announce by BGP the addresses that live on them. It is operators' alone to
    see.
    """

    kind_name: ClassVar[str] = "bgp_peer"
    outputs: ClassVar[tuple[str, ...]] = (
        "name",
        "uid",
        "labels",
        "annotations",
        "address",
        "peer_as",
        "local_as",
        "host_labels",
        "announce",
        "announce_networks",
        "accept",
        "maximum_prefixes",
        "password",
        "hold_s",
        "bfd",
        "hops",
        "description",
        "status",
    )

    @overload
    def __init__(self, resource_name: str, args: BgpPeerArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...
    @overload
    def __init__(
        self,
        resource_name: str,
        args: None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Unpack[BgpPeerArgsDict],
    ) -> None: ...
    def __init__(
        self,
        resource_name: str,
        args: BgpPeerArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **fields: Any,
    ) -> None:
        self._declare(resource_name, args, fields, opts)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Output[str]:
        """Its name."""
        return told(self, "name")

    @property
    @pulumi.getter
    def uid(self) -> pulumi.Output[str]:
        """Its identity, never given twice."""
        return told(self, "uid")

    @property
    @pulumi.getter
    def labels(self) -> pulumi.Output[Mapping[str, str]]:
        """Its labels."""
        return told(self, "labels")

    @property
    @pulumi.getter
    def annotations(self) -> pulumi.Output[Mapping[str, str]]:
        """Its annotations."""
        return told(self, "annotations")

    @property
    @pulumi.getter
    def address(self) -> pulumi.Output[str]:
        """The router's own. (a change replaces the object)"""
        return told(self, "address")

    @property
    @pulumi.getter
    def peer_as(self) -> pulumi.Output[int]:
        """Its autonomous system."""
        return told(self, "peer_as")

    @property
    @pulumi.getter
    def local_as(self) -> pulumi.Output[int]:
        """That of the hosts. With the router's own, sessions are internal ones. (a change replaces the object)"""
        return told(self, "local_as")

    @property
    @pulumi.getter
    def host_labels(self) -> pulumi.Output[Mapping[str, str]]:
        """Labels of the hosts that have a session with it, those of its rack, say; without any, every host on which
        FRR runs.
        """
        return told(self, "host_labels")

    @property
    @pulumi.getter
    def announce(self) -> pulumi.Output[Sequence[str]]:
        """Pools whose addresses are announced, one by one, each by the host on which it lives."""
        return told(self, "announce")

    @property
    @pulumi.getter
    def announce_networks(self) -> pulumi.Output[Sequence[str]]:
        """Ranges within which tenants' networks are announced, too, whose router goes out to one of these pools and
        does not translate.
        """
        return told(self, "announce_networks")

    @property
    @pulumi.getter
    def accept(self) -> pulumi.Output[Sequence[BgpPeerBgpAccepted]]:
        """What hosts take from it; nothing by default."""
        return told(self, "accept")

    @property
    @pulumi.getter
    def maximum_prefixes(self) -> pulumi.Output[int]:
        """When it sends more of what is accepted, the session is closed for five minutes. (100 by default)"""
        return told(self, "maximum_prefixes")

    @property
    @pulumi.getter
    def password(self) -> pulumi.Output[str | None]:
        """Of the session's TCP segments (MD5, RFC 2385). (a secret)"""
        return told(self, "password")

    @property
    @pulumi.getter
    def hold_s(self) -> pulumi.Output[int]:
        """After how long a silence a session is over, and what was announced in it is forgotten. (in s; 9 by
        default)
        """
        return told(self, "hold_s")

    @property
    @pulumi.getter
    def bfd(self) -> pulumi.Output[bool]:
        """Whether silence is noticed within a second, by BFD; the router has to do it, too."""
        return told(self, "bfd")

    @property
    @pulumi.getter
    def hops(self) -> pulumi.Output[int]:
        """How many routers away it may be, where it is of another autonomous system; 1: it is on a network of the
        hosts. (1 by default)
        """
        return told(self, "hops")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str]:
        """What it is."""
        return told(self, "description")

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[BgpPeerStatus]:
        """What was found of it when it was last read."""
        return told(self, "status")


__all__ = [
    "BgpPeerArgs",
    "BgpPeerArgsDict",
    "BgpPeerBgpAccepted",
    "BgpPeerBgpAcceptedArgs",
    "BgpPeerBgpAcceptedArgsDict",
    "BgpPeerSession",
    "BgpPeerStatus",
]
