"""Addresses and volumes are held by one instance at a time, and let go with it."""

from __future__ import annotations

from collections.abc import Iterator

from pextra.simulation.checks.view import View, named


def addresses_are_held_by_instances(view: View) -> Iterator[str]:
    """No address is held by what is not there, and none of a network's addresses is given twice."""
    given: dict[tuple[str, str], str] = {}
    for address in view.ground.addresses:
        if address.consumer_uid not in view.ground.objects:
            yield f"{address} is held by what does not exist"
        subnet = view.ground.objects.get(address.subnet_uid)
        network = address.subnet_uid
        if subnet is not None and subnet.kind == "subnet":
            network = subnet.resolved[f"network/{subnet.spec['network']}"]["uid"]
        other = given.setdefault((network, address.address), address.consumer_uid)
        if other != address.consumer_uid:
            yield f"{address} is held by {other} too"


def volumes_are_attached_to_their_users(view: View) -> Iterator[str]:
    """An attached volume's instance exists and knows of it."""
    for volume in view.of_kind("volume"):
        user_uid = volume.status.get("attached_to", "")
        if not user_uid:
            continue
        user = view.ground.objects.get(user_uid)
        if user is None:
            yield f"{named(volume)} is attached to {user_uid}, which does not exist"
        elif volume.uid not in user.status.get("volumes", []):
            yield f"{named(volume)} is attached to {named(user)}, which does not hold it"
